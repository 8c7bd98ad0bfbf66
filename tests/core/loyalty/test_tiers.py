"""Tiers: which level balances earn, and how far it is to the next and the highest one."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.loyalty import tier_levels, tiers
from tessera.core.loyalty.points import AMOUNT_MAX, UNITS
from tessera.core.loyalty.tiers import Membership, TierSystem
from tests.core.loyalty.program import (
    OTHER_ACCOUNT,
    PROGRAM,
    SPEND_ACCOUNT,
    SYSTEM,
    TARGETS,
    TIER_ACCOUNT,
    balances,
    level,
)

_AMOUNT = st.integers(0, 6_000 * UNITS) | st.integers(0, AMOUNT_MAX)


@pytest.mark.parametrize(
    ("amount", "rank"),
    [
        (0, 0), (500 * UNITS - 1, 0), (500 * UNITS, 1), (2_000 * UNITS - 1, 1), (2_000 * UNITS, 2), (5_000 * UNITS, 3),
        (AMOUNT_MAX, 3),
    ],
)  # fmt: skip
def test_a_level_is_earned_at_its_very_unit(amount: int, rank: int) -> None:
    """A level is earned at its target, not a unit below, however many levels lie between."""
    assert tiers.earned_level(SYSTEM, None, balances(tier=amount)).rank == rank


def test_only_the_rule_s_accounts_count() -> None:
    """Points in accounts that a rule does not name earn nothing."""
    assert tiers.earned_level(SYSTEM, None, balances(spend=AMOUNT_MAX, other=AMOUNT_MAX)).rank == 0


def test_a_rule_may_count_several_accounts() -> None:
    """A rule over several accounts counts the sum of them."""
    accounts = (SPEND_ACCOUNT, OTHER_ACCOUNT)
    system = TierSystem(8, "s", "S", None, (level(1, 0, "low", 0), level(2, 1, "high", 10, accounts)))

    assert tiers.earned_level(system, None, balances(spend=5 * UNITS, other=5 * UNITS)).rank == 1
    assert tiers.earned_level(system, None, balances(spend=5 * UNITS, tier=5 * UNITS)).rank == 0
    assert tiers.earned_level(system, None, balances(spend=5 * UNITS, other=5 * UNITS - 1)).rank == 0


@given(_AMOUNT, _AMOUNT, st.sampled_from([None, *SYSTEM.levels]))
def test_more_points_never_earn_less(amount: int, more: int, current: tiers.TierLevel | None) -> None:
    """The earned level grows with the balance, and is never lower than the one held."""
    before = tiers.earned_level(SYSTEM, current, balances(tier=amount))
    after = tiers.earned_level(SYSTEM, current, balances(tier=amount + more))

    assert after.rank >= before.rank
    assert current is None or before.rank >= current.rank


@given(_AMOUNT, st.sampled_from(SYSTEM.levels))
def test_progress_is_between_nothing_and_reached(amount: int, held: tiers.TierLevel) -> None:
    """Percents lie from 0 to 100; 100 means reached, and then nothing remains."""
    progress = tiers.progress(SYSTEM, held, balances(tier=amount))
    above = SYSTEM.next_level(held)

    assert 0 <= progress.highest_tier_percent <= 100
    assert progress.highest_tier == "L3"
    assert progress.highest_tier_target_points == TARGETS[-1]
    if above is None:
        assert (progress.percent, progress.remaining_points, progress.next_tier) == (100, 0, None)
        assert (progress.highest_tier_percent, progress.highest_tier_remaining_points) == (100, 0)
        return
    reached = amount >= TARGETS[above.rank] * UNITS
    assert 0 <= progress.percent <= 100
    assert (progress.percent == 100) is reached is (progress.remaining_points == 0)
    assert (progress.highest_tier_percent == 100) is (amount >= TARGETS[-1] * UNITS)
    assert progress.next_tier == above.name
    if not reached:
        missing = round(progress.remaining_points * UNITS)
        assert missing == TARGETS[above.rank] * UNITS - amount


@pytest.mark.parametrize(
    ("current", "target", "percent"),
    [
        (0, 100, 0),
        (99, 100, 99),
        (199, 200, 99),
        (100, 100, 100),
        (500, 100, 100),
        (-5, 100, 0),
        (0, 0, 100),
        (1, 3, 33),
    ],
)
def test_percents_round_down(current: int, target: int, percent: int) -> None:
    """Percents are rounded down, so that 99.99 is not yet 100."""
    assert tiers.percent(current, target) == percent


def test_levels_of_another_system_are_none() -> None:
    """A level number of another system is a defect and is not looked over."""
    with pytest.raises(LookupError, match="no level 1"):
        SYSTEM.level(1)


def membership(rank: int, ends: int | None = None) -> Membership:
    """A place at this rank, entered at the epoch."""
    return Membership(SYSTEM.number, SYSTEM.levels[rank].number, "mine", 0, ends)


def printed(rank: int, amount: int, *, with_progress: bool = True) -> dict[str, object]:
    """The level view at this rank with this many units, as JSON."""
    view = tier_levels.view(PROGRAM, "user", membership(rank), balances(tier=amount), with_progress=with_progress)
    members: dict[str, object] = json.loads(msgspec.json.encode(view))
    return members


def test_the_top_has_nothing_ahead() -> None:
    """At the top `next_tier_overview`, `tier_progress` and `next_tier` are left out."""
    top, below = printed(3, 0), printed(2, 0)

    assert {"next_tier_overview", "tier_progress"} <= below.keys()
    assert not {"next_tier_overview", "tier_progress"} & top.keys()
    assert isinstance(top["progress"], dict)
    assert "next_tier" not in top["progress"]
    assert "progress" not in printed(3, 0, with_progress=False)


@pytest.mark.parametrize(("amount", "passed"), [(500 * UNITS - 1, False), (500 * UNITS, True)])
def test_the_rule_tree(amount: int, passed: bool) -> None:
    """The rule tree carries the contract's discriminators, the target, and whether it is passed at the very unit."""
    tree = msgspec.json.decode(msgspec.json.encode(printed(0, amount)["tier_progress"]))[0]
    root, leaf = tree["rules"]

    assert (root["discriminator"], root["rule"]["discriminator"]) == (1, 2)
    assert (leaf["discriminator"], leaf["rule"]["discriminator"], leaf["rule"]["comparison"]) == (2, 2048, 4)
    assert "parent_id" not in root
    assert "target_balance" not in root["rule"]
    assert leaf["parent_id"] == root["rule_id"] == "root1"
    assert leaf["rule"]["target_balance"] == 500
    assert leaf["rule"]["constraints"][0]["discriminator"] == 8
    assert leaf["rule"]["constraints"][0]["point_accounts"] == {"tier": "Status"}
    assert leaf["query_result"] == amount / UNITS
    assert root["rule_passed"] is leaf["rule_passed"] is passed


def test_maintenance_is_shown_where_it_is_known() -> None:
    """The day a level is looked at again is shown when it has one, and left out otherwise."""
    shown = tier_levels.view(PROGRAM, "user", membership(1, ends=86_400_000_000), balances(), with_progress=False)

    assert shown is not None
    assert shown.next_maintenance_eval_date == "1970-01-02T00:00:00Z"
    assert shown.join_date == "1970-01-01T00:00:00Z"
    assert "next_maintenance_eval_date" not in printed(1, 0)


def test_a_system_that_is_gone_is_left_out() -> None:
    """A membership in a system that the program no longer has shows nothing."""
    gone = Membership(99, 1, "mine", 0, None)

    assert tier_levels.view(PROGRAM, "user", gone, balances(tier=TIER_ACCOUNT), with_progress=True) is None
