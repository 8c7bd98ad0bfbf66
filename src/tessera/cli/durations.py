"""Durations and moments as people write them: `14d`, `12h`, `3600`, `2030-01-31`, `2030-01-31T12:00:00Z`."""

import re
from datetime import UTC, datetime

import typer

from tessera.core.times import SECOND

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,12})([smhdw]?)")
_YEARS_MAX = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(text: str) -> int:
    """The seconds in a duration. Raises BadParameter for anything that is none, or is over a hundred years."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise typer.BadParameter(f"{text} is not a duration: write 3600 (seconds), 30m, 12h, 14d or 2w.")
    length = int(match[1]) * _SECONDS[match[2]]
    if length > _YEARS_MAX * 366 * 86_400:
        raise typer.BadParameter(f"{text} is longer than {_YEARS_MAX} years.")
    return length


def past(text: str) -> int:
    """The microsecond that a day or an ISO 8601 time names. Raises BadParameter for a duration and anything else."""
    if _DURATION.fullmatch(text.strip().lower()):
        raise typer.BadParameter(f"{text} is no time: write 2030-01-31 or 2030-01-31T12:00:00Z.")
    return moment(text, 0)


def moment(text: str, now: int) -> int:
    """The microsecond that a duration from `now`, a day or an ISO 8601 time names; UTC unless it says otherwise.

    Raises BadParameter for anything else.
    """
    if _DURATION.fullmatch(text.strip().lower()):
        return now + seconds(text) * SECOND
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(
            f"{text} is neither a duration (90d) nor an ISO 8601 time (2030-01-31T12:00:00Z)."
        ) from None
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC)
    return int((read - _EPOCH).total_seconds()) * SECOND
