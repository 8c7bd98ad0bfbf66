"""Scopes: parsed into one canonical order, narrowed, packed into tokens and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core import scopes
from tessera.core.errors import InvalidScope

_NAME = st.sampled_from(scopes.WELL_KNOWN) | st.text(
    st.sampled_from([chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\']), min_size=1, max_size=12
)
_NAMES = st.lists(_NAME, min_size=1, max_size=8)


@given(_NAMES, st.randoms())
def test_equal_sets_are_equal_tuples(names: list[str], random: object) -> None:
    """Order and repetition in the text make no difference."""
    shuffled = sorted(names + names, key=lambda _: random.random())  # type: ignore[attr-defined]

    assert scopes.parse(" ".join(shuffled)) == scopes.parse(" ".join(names))
    assert set(scopes.parse(" ".join(names))) == set(names)


@given(_NAMES)
def test_show_and_parse_are_inverse(names: list[str]) -> None:
    """What is shown parses to the same scopes."""
    parsed = scopes.parse(" ".join(names))

    assert scopes.parse(scopes.show(parsed)) == parsed


@given(_NAMES)
def test_pack_and_unpack_are_inverse(names: list[str]) -> None:
    """What is packed into a token comes out in the same order; the platform's own scopes cost two bytes."""
    parsed = scopes.parse(" ".join(names))

    assert scopes.unpack(scopes.pack(parsed)) == parsed
    if set(parsed) <= set(scopes.WELL_KNOWN):
        assert len(scopes.pack(parsed)) == 2


def test_the_canonical_order() -> None:
    """The platform's own scopes come first in their own order, then the others by code point."""
    parsed = scopes.parse("zebra loyalty:write Zebra profiles:read openid alpha")

    assert parsed == ("openid", "profiles:read", "loyalty:write", "Zebra", "alpha", "zebra")


def test_the_bits_of_issued_tokens_never_move() -> None:
    """The packed form of each of the platform's scopes is pinned: tokens in the field carry it."""
    packed = {name: scopes.pack((name,)).hex() for name in scopes.WELL_KNOWN[:6]}

    assert packed == {
        "openid": "0001",
        "profiles:read": "0002",
        "profiles:write": "0004",
        "loyalty:read": "0008",
        "loyalty:write": "0010",
        "loyalty:admin": "0020",
    }


@pytest.mark.parametrize("text", ["", " ", 'a"b', "a\\b", "a\tb", "é", "a\nb", "a\x00", "\x7f", "a\u00a0b", "openid\n"])
def test_a_malformed_scope_is_refused(text: str) -> None:
    """No scope at all, and any character outside NQCHAR, is refused."""
    with pytest.raises(InvalidScope, match="malformed"):
        scopes.parse(text)


def test_the_length_has_a_limit() -> None:
    """A scope at the limit passes; one character more is refused."""
    assert scopes.parse("s" * scopes.MAX_LENGTH) == ("s" * scopes.MAX_LENGTH,)
    with pytest.raises(InvalidScope, match="longer"):
        scopes.parse("s" * (scopes.MAX_LENGTH + 1))


@given(_NAMES, _NAMES)
def test_narrowing_never_widens(allowed: list[str], requested: list[str]) -> None:
    """A token gets what was asked for, when all of it was given; otherwise nothing."""
    given_scopes = scopes.parse(" ".join(allowed))
    asked = " ".join(requested)
    if set(requested) <= set(allowed):
        assert scopes.narrow(given_scopes, asked) == scopes.parse(asked)
    else:
        with pytest.raises(InvalidScope, match="more than"):
            scopes.narrow(given_scopes, asked)


def test_asking_for_nothing_gives_all() -> None:
    """Without a scope parameter a token gets all that its application was given."""
    assert scopes.narrow(("openid", "x"), None) == ("openid", "x")


@pytest.mark.parametrize(
    ("held", "needed", "allowed"),
    [
        (("openid",), "loyalty:write", True),
        (("loyalty:read",), "loyalty:read", True),
        (("loyalty:read",), "loyalty:write", False),
        (("profiles:write",), "profiles:read", False),
        (("Openid",), "loyalty:read", False),
        ((), "profiles:read", False),
        (("openid",), "loyalty:admin", False),
        (("loyalty:write",), "loyalty:admin", False),
        (("openid", "loyalty:admin"), "loyalty:admin", True),
        (("loyalty:admin",), "loyalty:read", False),
    ],
)
def test_what_a_scope_opens(held: scopes.Scopes, needed: str, allowed: bool) -> None:
    """`openid` opens everything but what is given by name; any other scope opens itself only, compared exactly."""
    assert scopes.allows(held, needed) is allowed
