"""Earning and taking back: exact arithmetic, which never makes a point and never loses one."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.errors import MissingData, Validation
from tessera.core.loyalty.points import AMOUNT_MAX, UNITS, Balance, Lot, combined
from tessera.core.loyalty.purchase_rules import (
    Eligible,
    Item,
    PurchaseRule,
    Rounding,
    due_back,
    earned,
    eligible,
)

MONEY = st.integers(0, AMOUNT_MAX)


def rule(points: int, per: int, rounding: str, channels: tuple[str, ...] = ()) -> PurchaseRule:
    """A rule with these numbers."""
    return PurchaseRule(1, "r", "Rule", 1, points, per, rounding, 0, channels)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("down", (12, 12, 13)), ("up", (13, 13, 13)), ("nearest", (12, 13, 13)), ("none", (12.4999, 12.5, 13))],
)
def test_points_are_rounded_once(rounding: str, expected: tuple[float, ...]) -> None:
    """Whole points by the rule's rounding; without one, four decimals."""
    amounts = (124_999, 125_000, 130_000)
    assert tuple(earned(rule(UNITS, UNITS, rounding), amount) / UNITS for amount in amounts) == expected


@given(st.integers(1, AMOUNT_MAX), st.integers(1, AMOUNT_MAX), st.sampled_from(Rounding), MONEY)
def test_what_is_earned_is_the_nearest_step_to_the_exact_share(
    points: int, per: int, rounding: Rounding, amount: int
) -> None:
    """The result is a whole number of steps, and less than one step away, on the side that the rounding says."""
    step = 1 if rounding is Rounding.NONE else UNITS
    found, exact = earned(rule(points, per, rounding), amount), Fraction(points * amount, per)
    assert found % step == 0
    if rounding is Rounding.UP:
        assert exact <= found < exact + step
    elif rounding is Rounding.NEAREST:
        assert exact - Fraction(step, 2) < found <= exact + Fraction(step, 2)
    else:
        assert found <= exact < found + step


@given(MONEY, st.integers(1, AMOUNT_MAX), st.lists(MONEY, max_size=20))
def test_returns_take_back_what_was_earned_and_no_more(points: int, amount: int, returns: list[int]) -> None:
    """However a purchase is returned: never less than before, never more than earned, and all of it with the rest."""
    before, taken = 0, []
    for returned in [*returns, amount]:
        taken.append(due_back(points, amount, before + returned) - due_back(points, amount, before))
        before += returned
    assert min(taken) >= 0
    assert sum(taken) == points


@given(st.integers(0, 10**6), st.integers(1, 10**9), MONEY)
def test_whole_points_go_back_whole(points: int, amount: int, returned: int) -> None:
    """Where whole points were earned, whole points are taken back, and never more than the share."""
    due = due_back(points * UNITS, amount, returned)
    assert due % UNITS == 0
    assert due <= Fraction(points * UNITS * min(returned, amount), amount)


@given(MONEY, st.lists(st.tuples(st.sampled_from("abc"), st.integers(-AMOUNT_MAX, AMOUNT_MAX)), max_size=9))
def test_what_counts_is_what_is_not_excluded(subtotal: int, lines: list[tuple[str, int]]) -> None:
    """The subtotal less the excluded items, each with its sign; never below 0."""
    found = eligible(subtotal, [Item(*line) for line in lines], ["a", "x"])
    assert found.amount == max(0, subtotal - sum(amount for item, amount in lines if item == "a"))
    assert found.excluded == (("a",) if any(item == "a" for item, _ in lines) else ())


def test_an_excluded_item_needs_an_amount() -> None:
    """An item that does not count has to say how much that is; another one may leave it open."""
    assert eligible(5, [Item("b", None), Item(None, None)], ["a"]) == Eligible(5, ())
    with pytest.raises(MissingData, match=r"items\[1\]\.subtotal"):
        eligible(5, [Item("b", None), Item("a", None)], ["a"])


def test_a_channel_is_the_same_in_any_case() -> None:
    """A rule without channels is for all of them, one with channels for these."""
    assert rule(1, 1, "up").applies_to(None)
    limited = rule(1, 1, "up", ("Web Shop", "app"))
    assert [limited.applies_to(each) for each in ("web shop", " APP ", "shop", None)] == [True, True, False, False]


def balances(number: int) -> st.SearchStrategy[Balance]:
    """A balance that can be: lots hold at most what is there."""
    lots = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 50)), max_size=4, unique_by=lambda lot: lot[0])
    return st.builds(
        lambda lots, more, debt: (
            Balance(number, f"id-{number}", -debt, 500)
            if debt
            else Balance(
                number, f"id-{number}", sum(lot[1] for lot in lots) + more, 900, [Lot(*each) for each in sorted(lots)]
            )
        ),
        lots,
        st.integers(0, 50),
        st.integers(0, 60) | st.just(0),
    )


@given(balances(1), balances(1))
def test_two_balances_become_one(one: Balance, other: Balance) -> None:
    """Sums are exact, lots stay in order and within what is there, and nothing ends later than it did."""
    both = combined(one, other)
    assert (both.id, both.available, both.life_time) == (
        one.id,
        one.available + other.available,
        one.life_time + other.life_time,
    )
    assert both.lots == sorted(both.lots)
    assert sum(lot.remaining for lot in both.lots) <= max(0, both.available)
    before = {lot.expires_at for lot in [*one.lots, *other.lots]}
    assert {lot.expires_at for lot in both.lots} <= before
    if one.available >= 0 and other.available >= 0:
        assert sum(lot.remaining for lot in both.lots) == sum(lot.remaining for lot in [*one.lots, *other.lots])


def test_a_balance_that_is_too_large_is_refused() -> None:
    """Two customers who have more together than an account may hold are not merged."""
    with pytest.raises(Validation, match="would pass"):
        combined(Balance(1, "a", AMOUNT_MAX, AMOUNT_MAX), Balance(1, "b", 1, 1))
