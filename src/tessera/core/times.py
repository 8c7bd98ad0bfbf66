"""Times as the wire prints them, from integer microseconds since the epoch."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NewType

SECOND = 1_000_000
"""Microseconds in a second."""

HOUR = 3600 * SECOND
DAY = 86_400 * SECOND

PurgeTime = NewType("PurgeTime", int)
"""A time up to which expired rows may be deleted. Only `app/runtime/purge_clock.py` makes one, by several clocks."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MINUTES = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440))


@lru_cache(maxsize=8192)
def _day(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def core_time(at: int) -> str:
    """`YYYY-MM-DD HH:MM:SS` in UTC, as the core API prints times."""
    day, second = divmod(at // SECOND, 86_400)
    return f"{_day(day)} {_MINUTES[second // 60]}:{second % 60:02d}"


def incentives_time(at: int) -> str:
    """ISO 8601 with `Z`, whole seconds, as the incentives API prints times."""
    day, second = divmod(at // SECOND, 86_400)
    return f"{_day(day)}T{_MINUTES[second // 60]}:{second % 60:02d}Z"


def microseconds(moment: datetime) -> int:
    """A moment with a time zone, in microseconds since the epoch; from the year 1 to the year 9999."""
    if not 1 < moment.year < 9999:  # a zone may reach into the year beside it
        raise ValueError("the year is out of range")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


def precise_time(at: int) -> str:
    """ISO 8601 with `Z` and seven digits of a second, as the incentives API prints when an event occurred."""
    return f"{incentives_time(at)[:-1]}.{at % SECOND:06d}0Z"


def year_after(at: int) -> int:
    """The same moment a year later; 29 February becomes 1 March."""
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    leap_day = moment.month == 2 and moment.day == 29
    later = moment.replace(year=moment.year + 1, month=3, day=1) if leap_day else moment.replace(year=moment.year + 1)
    return int((later - _EPOCH).total_seconds()) * SECOND + at % SECOND


def age_in_years(born: date, today: date) -> int:
    """Completed years of life."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def on_day(at: int) -> date:
    """The UTC day of a moment."""
    return datetime.fromtimestamp(at // SECOND, UTC).date()


UUID_RANDOM_BYTES = 10


def uuid_of(now: int, random: bytes) -> str:
    """A UUID of a moment (version 7, RFC 9562 section 5.7) in lower case, given `UUID_RANDOM_BYTES` of chance."""
    raw = bytearray((now // 1000).to_bytes(6) + random)
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return uuid_text(raw)


def uuid_text(raw: bytes | bytearray) -> str:
    """The text of a UUID of these 16 bytes, in lower case."""
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def uuid_bytes(text: str) -> bytes:
    """The 16 bytes of a UUID as `uuid_text` writes it. Raises ValueError for any other text."""
    if _UUID.fullmatch(text) is None:
        raise ValueError("not a UUID in lower case")
    return bytes.fromhex(text.replace("-", ""))


def first_uuid(at: int) -> str:
    """A text that comes before every UUID of version 7 of this moment, and after those of earlier milliseconds."""
    digits = (at // 1000).to_bytes(6).hex()
    return f"{digits[:8]}-{digits[8:]}-"


_MOMENT_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def time_of_uuid(text: str) -> int | None:
    """The moment in a UUID of version 7, to the millisecond; None for any other id."""
    found = _MOMENT_UUID.fullmatch(text)
    return None if found is None else int(found[1] + found[2], 16) * 1000
