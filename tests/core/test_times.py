"""Times as the wire prints them, checked against the standard library."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core import times
from tessera.core.times import SECOND

_MOMENT = st.integers(0, 2**54).map(lambda at: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at))


def micro(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * SECOND + passed.microseconds


@given(_MOMENT)
def test_times_print_as_the_standard_library_prints_them(moment: datetime) -> None:
    """Both forms agree with `strftime`; fractions of a second are cut off, never rounded up."""
    assert times.core_time(micro(moment)) == moment.strftime("%Y-%m-%d %H:%M:%S")
    assert times.incentives_time(micro(moment)) == moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert times.on_day(micro(moment)) == moment.date()


@given(_MOMENT)
def test_a_year_after(moment: datetime) -> None:
    """A year later is the same moment of the same day, and 1 March for 29 February."""
    later = times.year_after(micro(moment))
    expected = (
        moment.replace(year=moment.year + 1, month=3, day=1)
        if (moment.month, moment.day) == (2, 29)
        else moment.replace(year=moment.year + 1)
    )

    assert later == micro(expected)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2024-02-29", "2025-03-01"),
        ("2023-02-28", "2024-02-28"),
        ("2023-03-01", "2024-03-01"),
        ("2024-03-01", "2025-03-01"),
        ("2099-12-31", "2100-12-31"),
    ],
)
def test_leap_years(at: str, expected: str) -> None:
    """The days around 29 February, and a century that is no leap year."""
    begin = datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert times.core_time(times.year_after(micro(begin))) == f"{expected} 00:00:00"


@pytest.mark.parametrize(
    ("born", "today", "age"),
    [
        ("2010-05-20", "2023-05-19", 12),
        ("2010-05-20", "2023-05-20", 13),
        ("2010-05-20", "2023-05-21", 13),
        ("2012-02-29", "2025-02-28", 12),
        ("2012-02-29", "2025-03-01", 13),
        ("2012-02-29", "2028-02-28", 15),
        ("2012-02-29", "2028-02-29", 16),
        ("2010-12-31", "2023-01-01", 12),
    ],
)
def test_age_counts_completed_years(born: str, today: str, age: int) -> None:
    """Age goes up on the birthday; for one born on 29 February, on 1 March of a common year."""
    assert times.age_in_years(date.fromisoformat(born), date.fromisoformat(today)) == age
