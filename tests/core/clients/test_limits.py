"""Limits as declared and as in force, and the arithmetic of limits."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.clients import limits
from tessera.core.clients.limits import UNREADABLE, LimitName, Limits
from tessera.core.clients.rates import SECOND_NS, counted, next_slot, one_more

WHOLE = Limits(("10.0.0.0/8", "2001:db8::/32"), 50, 1000, 10_000, (LimitName.TOKENS_DAY,))


def test_limits_are_read_as_they_were_written() -> None:
    """What an operator declared comes back; no limit at all is an empty text."""
    assert limits.declared(WHOLE.text()) == WHOLE
    found = limits.read(WHOLE.text())
    assert found.allowed is not None
    assert [str(each) for each in found.allowed.listed] == ["10.0.0.0/8", "2001:db8::/32"]
    assert (found.per_second, found.policy) == (50, '"requests";q=50;w=1')
    assert [(each.name, each.limit, each.report_only) for each in found.windows] == [
        ("tokens-hour", 1000, False),
        ("tokens-day", 10_000, True),
    ]
    assert Limits().text() == ""
    assert Limits(report_only=(LimitName.NETWORKS,)).text() == "", "what is not there is not watched"
    report_only = Limits(requests_per_second=5, report_only=(LimitName.NETWORKS, LimitName.REQUESTS))
    assert limits.declared(report_only.text()) == Limits(requests_per_second=5, report_only=(LimitName.REQUESTS,))
    nowhere = limits.read('{"networks":[]}').allowed
    assert nowhere is not None
    assert not nowhere.within("10.0.0.1"), "no network is none, and not all"


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "null",
        '{"networks":["10.0.0.1/8"]}',
        '{"networks":"10.0.0.0/8"}',
        '{"networks":["nowhere"]}',
        '{"requests_per_second":0}',
        '{"requests_per_second":"50"}',
        '{"tokens_per_hour":-1}',
        '{"tokens_per_day":1.5}',
        '{"watch":["everything"]}',
        '{"countries":["de"]}',
        '{"requests_per_second":50',
    ],
)
def test_what_cannot_be_read_lets_nobody_in(text: str) -> None:
    """A stored text that is not wholly understood closes the application, instead of leaving it without limits."""
    assert limits.read(text) is UNREADABLE
    assert UNREADABLE.allowed is not None
    assert not UNREADABLE.allowed.within("10.0.0.1")
    assert not UNREADABLE.networks_report_only


@given(st.integers(1, 1_000_000), st.lists(st.integers(0, 3 * SECOND_NS), min_size=1, max_size=200))
def test_a_pace_is_kept(per_second: int, pauses: list[int]) -> None:
    """In any time no more pass than the burst and what the pace brings; and whoever waits as told passes."""
    interval, now, due = SECOND_NS // per_second, 10**18, 0
    passed = []
    for pause in pauses:
        now += pause
        due, wait = next_slot(due, interval, SECOND_NS, now)
        if not wait:
            passed.append(now)
        else:
            assert next_slot(due, interval, SECOND_NS, now + wait)[1] == 0
            assert next_slot(due, interval, SECOND_NS, now + wait - 1)[1] == 1
    for first, begin in enumerate(passed):
        for count, end in enumerate(passed[first:], 1):
            assert (count - 1) * interval <= SECOND_NS + end - begin


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**62), st.integers(1, 1_000_000))
def test_nonsense_and_a_clock_that_went_back_are_put_right(due: int, now: int, per_second: int) -> None:
    """Whatever was kept, the next one waits for no more than one interval."""
    interval = SECOND_NS // per_second
    kept, wait = next_slot(due, interval, SECOND_NS, now)
    assert 0 <= wait <= interval
    assert now <= kept <= now + SECOND_NS + interval


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**31), st.integers(0, 2**31), st.integers(1, 20))
def test_a_count_is_of_its_window(word: int, window: int, other: int, times: int) -> None:
    """A word counts one window, whatever it held before, and nothing for any other window, earlier or later."""
    before = counted(word, window)
    for _ in range(times):
        word = one_more(word, window)
    assert counted(word, window) == before + times
    assert other == window or counted(word, other) == 0


def test_limits_are_compact() -> None:
    """What is stored names only what there is."""
    assert msgspec.json.decode(Limits(requests_per_second=5).text()) == {"requests_per_second": 5}
