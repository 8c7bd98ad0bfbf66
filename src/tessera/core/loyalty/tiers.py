"""Tier systems: levels and their rules, membership, promotion, and the progress that `tier_status` shows.

A level is reached when the available balances of its rule's point accounts sum to at least the rule's target. The
lowest level has no rule. Levels, rules and systems compare by identity, which makes them cheap keys.
Amounts are in units (see `points`), times in microseconds since the epoch.
"""

from enum import StrEnum

import msgspec

from tessera.core.loyalty.points import Balance, number
from tessera.core.times import DAY

LEVEL_ACTIVE = 2


class Reason(StrEnum):
    """Why a customer entered a level."""

    JOINED = "joined"
    EARNED = "earned"
    DEMOTED = "demoted"
    MOVED = "moved"
    MERGED = "merged"
    """Another customer, who was merged into this one, held it."""


class Rule(msgspec.Struct, frozen=True, eq=False):
    """A point-balance rule, with the ids by which the wire names its nodes; `point_accounts` are numbers.

    `target` is what it takes to reach the level, `keep_target` what it takes to keep it (never more than the former).
    """

    tree_id: str
    root_id: str
    id: str
    constraint_id: str
    target: int
    point_accounts: tuple[int, ...]
    keep_target: int | None = None

    @property
    def keeps_at(self) -> int:
        """What it takes to keep the level, in units."""
        return self.target if self.keep_target is None else self.keep_target


class TierLevel(msgspec.Struct, frozen=True, eq=False):
    """One level of a tier system; `rank` 0 is the lowest, and only that one has no rule."""

    number: int
    id: str
    rank: int
    name: str
    rule: Rule | None
    retired: bool = False


class TierSystem(msgspec.Struct, frozen=True, eq=False):
    """A ladder of levels, lowest first. `maintenance_days` is how long a level is held before it is looked at again."""

    number: int
    id: str
    name: str
    maintenance_days: int | None
    levels: tuple[TierLevel, ...]
    retired: bool = False

    def level(self, level_number: int) -> TierLevel:
        """The level with this number. Raises LookupError when it is of another system."""
        for level in self.levels:
            if level.number == level_number:
                return level
        raise LookupError(f"tier system {self.number} has no level {level_number}")

    def next_level(self, level: TierLevel) -> TierLevel | None:
        """The level above, or None at the top."""
        above = self.levels.index(level) + 1
        return self.levels[above] if above < len(self.levels) else None


class Membership(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A customer's place in one tier system."""

    tier_system: int
    tier_level: int
    id: str
    joined_at: int
    next_maintenance_eval_at: int | None


class Progress(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How far a customer is toward the next and the highest tier; points as JSON numbers, percents whole."""

    current_points: int | float
    target_points: int | float
    remaining_points: int | float
    percent: int
    highest_tier: str
    highest_tier_target_points: int | float
    highest_tier_remaining_points: int | float
    highest_tier_percent: int
    next_tier: str | None = None


def points_toward(rule: Rule | None, balances: dict[int, Balance]) -> int:
    """What a rule counts: the available balances of its accounts, in units."""
    if rule is None:
        return 0
    total = 0
    for account in rule.point_accounts:
        balance = balances.get(account)
        if balance is not None:
            total += balance.available
    return total


def passes(level: TierLevel, balances: dict[int, Balance]) -> bool:
    """Whether these balances earn the level."""
    return level.rule is None or points_toward(level.rule, balances) >= level.rule.target


def earned_level(system: TierSystem, current: TierLevel | None, balances: dict[int, Balance]) -> TierLevel:
    """The level a customer holds after a change of balances: the highest earned one, never lower than `current`."""
    best = system.levels[0] if current is None else current
    for level in system.levels:
        if level.rank > best.rank and passes(level, balances):
            best = level
    return best


def kept_level(system: TierSystem, current: TierLevel, balances: dict[int, Balance]) -> TierLevel:
    """The level a customer holds after its evaluation: what it keeps of `current` and below, or has earned above."""
    best = system.levels[0]
    for level in system.levels:
        if level.rank <= current.rank and keeps(level, balances):
            best = level
    return earned_level(system, best, balances)


def keeps(level: TierLevel, balances: dict[int, Balance]) -> bool:
    """Whether these balances are enough to keep the level."""
    return level.rule is None or points_toward(level.rule, balances) >= level.rule.keeps_at


def evaluation_after(system: TierSystem, at: int) -> int | None:
    """When a level that was entered or looked at then is looked at again; None for never."""
    return None if system.maintenance_days is None else at + system.maintenance_days * DAY


def progress(system: TierSystem, level: TierLevel, balances: dict[int, Balance]) -> Progress:
    """Progress from `level` toward the next and the highest one. At the top `percent` is 100 and nothing remains."""
    above = system.next_level(level)
    highest = system.levels[-1]
    goal = level if above is None else above
    current = points_toward(goal.rule, balances)
    target = goal.rule.target if goal.rule is not None else 0
    top_current = points_toward(highest.rule, balances)
    top_target = highest.rule.target if highest.rule is not None else 0
    at_top = above is None
    return Progress(
        current_points=number(current),
        target_points=number(target),
        remaining_points=0 if at_top else number(max(0, target - current)),
        percent=100 if at_top else percent(current, target),
        highest_tier=highest.name,
        highest_tier_target_points=number(top_target),
        highest_tier_remaining_points=0 if at_top else number(max(0, top_target - top_current)),
        highest_tier_percent=100 if at_top else percent(top_current, top_target),
        next_tier=None if above is None else above.name,
    )


def percent(current: int, target: int) -> int:
    """Whole percents from 0 to 100, rounded down, so that 100 means reached."""
    if target <= 0:
        return 100
    return max(0, min(100, current * 100 // target))
