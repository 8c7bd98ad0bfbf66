"""Durations and moments as people write them."""

import pytest
import typer

from tessera.cli import durations
from tessera.core.times import SECOND


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3600", 3600), ("0", 0), ("45s", 45), ("30m", 1800), ("12h", 43_200), ("14d", 1_209_600), ("2W", 1_209_600)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    """A number alone is seconds; a letter names another unit."""
    assert durations.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "-1d", "1.5h", "1y", "٣d", "9999999999999", "101000000h", "1d2h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Anything else is wrong usage, a length beyond a hundred years included."""
    with pytest.raises(typer.BadParameter):
        durations.seconds(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("7d", 604_801),
        ("1970-01-02", 86_400),
        ("1970-01-01T00:01:00", 60),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01T02:00:00+02:00", 0),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ],
)
def test_moments_are_read(text: str, at: int) -> None:
    """A duration counts from now; a time is in UTC unless it says otherwise."""
    assert durations.moment(text, 1 * SECOND) == at * SECOND


@pytest.mark.parametrize("text", ["tomorrow", "2030-13-01", "", "2030-01-01T25:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(typer.BadParameter):
        durations.moment(text, 0)
