"""Moments and whole numbers in a query string: every usual form, and nothing that could be meant otherwise."""

import pytest

from tessera.api.platform import fields
from tessera.core import times
from tessera.core.errors import ArgumentError

AT = 1_780_779_441_000_000
"""2026-06-06 20:57:21 in UTC."""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-06-06T20:57:21Z", AT),
        ("2026-06-06 20:57:21", AT),
        ("2026-06-06T20:57:21", AT),
        ("2026-06-06T22:57:21+02:00", AT),
        ("2026-06-06T18:27:21-02:30", AT),
        ("2026-06-06T20:57Z", AT - 21 * times.SECOND),
        ("2026-06-06", AT - 75_441 * times.SECOND),
        ("2026-06-06T20:57:21.1234560Z", AT + 123_456),
        ("2026-06-06T20:57:21.5Z", AT + 500_000),
        ("1780779441", AT),
        ("1780779441001", AT + 1_000),
        ("1780779441000001", AT + 1),
        ("1969-12-31T23:59:59Z", -times.SECOND),
    ],
)
def test_a_moment_is_read_in_every_usual_form(text: str, at: int) -> None:
    """With a zone or in UTC, with any fraction, or as a number whose digits tell its unit."""
    assert fields.moment(text, "since") == at


@pytest.mark.parametrize(
    "text",
    [
        "20260606", "0", "178077944", "17807794410", "-1780779441", "1780779441.5", "1e9", "yesterday", "2026-13-01",
        "2026-02-30", "2026-06-06T20:57:21 02:00", "2026-06-06T25:00:00Z", "2026-06-06T20:57:21z+1", "2026-W01-1",
        "2026-06-06T20", "06/06/2026", "2026-06-06T20:57:21.Z", "\\u0661780779441", "0000-01-01", " 2026-06-06",
        "9" * 400,
    ],
)  # fmt: skip
def test_what_could_be_another_moment_is_refused(text: str) -> None:
    """A number of other lengths has no unit that everybody would guess; the refusal names the parameter."""
    with pytest.raises(ArgumentError, match="since must be a moment"):
        fields.moment(text, "since")


@pytest.mark.parametrize("at", [0, AT, AT + 1, 253_402_300_799_999_999])
def test_what_is_printed_can_be_sent_back(at: int) -> None:
    """The time of an event is read as the moment that it was."""
    assert fields.moment(times.precise_time(at), "since") == at


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("0010", 10), ("1000", 1000), (None, None)])
def test_a_whole_number(text: str | None, number: int | None) -> None:
    """Digits within the range, or nothing."""
    assert fields.whole_number(text, "count", range(1, 1001)) == number


@pytest.mark.parametrize("text", ["0", "1001", "-1", "+1", "1.0", "1e2", "ten", "\u0661", "9" * 5_000, " 1"])
def test_another_number_is_refused(text: str) -> None:
    """The refusal names the parameter, and what is allowed."""
    with pytest.raises(ArgumentError, match="count must be a whole number from 1 to 1000"):
        fields.whole_number(text, "count", range(1, 1001))
