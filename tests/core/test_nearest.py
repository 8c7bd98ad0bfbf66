"""The name that somebody most likely meant."""

import pytest

from tessera.core.nearest import hint, nearest
from tessera.core.scopes import WELL_KNOWN


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("profile:read", "profiles:read"),
        ("loyality:write", "loyalty:write"),
        ("open_id", "openid"),
        ("everything", None),
        ("", None),
        ("\x1b]0;x\x07", None),
    ],
)
def test_the_nearest_name_is_the_one_that_was_meant(name: str, meant: str | None) -> None:
    """A misspelt name leads to the right one, and anything else to none."""
    assert nearest(name, WELL_KNOWN) == meant
    assert hint(name, WELL_KNOWN) == ("" if meant is None else f" Did you mean {meant}?")
