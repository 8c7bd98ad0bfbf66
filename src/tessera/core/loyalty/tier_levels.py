"""A customer's tier levels as the wire has them (`TL` in the contract).

What only depends on the program (overviews, rule nodes) is the same for every customer and is made once a level.
"""

from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core.loyalty.points import Balance, number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import (
    LEVEL_ACTIVE,
    Membership,
    Progress,
    Rule,
    TierLevel,
    TierSystem,
    points_toward,
    progress,
)
from tessera.core.times import incentives_time

_ROOT_RULE = 2
_BALANCE_RULE = 2048
_BALANCE_CONSTRAINT = 8
_ROOT_RESULT = 1
_LEAF_RESULT = 2
_AT_LEAST = 4


class TierOverview(msgspec.Struct, frozen=True):
    """One level, as the wire describes it."""

    id: str
    tier_system_id: str
    retailer_id: str
    name: str
    rank: int
    status: int


class Constraint(msgspec.Struct, frozen=True):
    """Which point accounts a balance rule counts: id to name."""

    discriminator: int
    point_accounts: dict[str, str]
    id: str
    rule_id: str
    is_new: bool
    rank: int
    version: int


class RuleView(msgspec.Struct, frozen=True):
    """A rule node: the root of a tree, or a point-balance rule below it."""

    discriminator: int
    id: str
    retailer_id: str
    rank: int
    is_new: bool
    constraints: list[Constraint]
    target_balance: int | float | UnsetType = UNSET
    comparison: int | UnsetType = UNSET
    parent_id: str | UnsetType = UNSET


class RuleResult(msgspec.Struct, frozen=True, gc=False):
    """How a customer stands to one rule node."""

    rule_id: str
    tree_id: str
    rule_passed: bool
    rule: RuleView
    discriminator: int
    rule_tree_name: str
    query_result: int | float | UnsetType = UNSET
    parent_id: str | UnsetType = UNSET


class TierProgress(msgspec.Struct, frozen=True, gc=False):
    """The rule tree of the next level, with the customer's standing at each node."""

    rule_tree_id: str
    rules: list[RuleResult]


class TierLevelView(msgspec.Struct, frozen=True, gc=False):
    """A customer's level in one tier system; what lies ahead is left out at the top."""

    id: str
    tier_system_id: str
    tier_level_id: str
    user_id: str
    join_date: str
    tier_overview: TierOverview
    next_maintenance_eval_date: str | UnsetType = UNSET
    next_tier_overview: TierOverview | UnsetType = UNSET
    tier_progress: list[TierProgress] | UnsetType = UNSET
    progress: Progress | UnsetType = UNSET


@lru_cache(maxsize=4096)
def _overview(retailer_id: str, system: TierSystem, level: TierLevel) -> TierOverview:
    return TierOverview(
        id=level.id,
        tier_system_id=system.id,
        retailer_id=retailer_id,
        name=level.name,
        rank=level.rank,
        status=LEVEL_ACTIVE,
    )


@lru_cache(maxsize=4096)
def rule_nodes(program: Program, rule: Rule) -> tuple[RuleView, RuleView]:
    """The nodes of a level's rule tree: the root, and the point-balance rule below it."""
    named = {account.id: account.name for account in program.accounts if account.number in rule.point_accounts}
    constraint = Constraint(
        discriminator=_BALANCE_CONSTRAINT,
        point_accounts=named,
        id=rule.constraint_id,
        rule_id=rule.id,
        is_new=False,
        rank=0,
        version=1,
    )
    root = RuleView(
        discriminator=_ROOT_RULE, id=rule.root_id, retailer_id=program.retailer_id, rank=0, is_new=False, constraints=[]
    )
    leaf = RuleView(
        discriminator=_BALANCE_RULE,
        id=rule.id,
        retailer_id=program.retailer_id,
        rank=1,
        is_new=False,
        constraints=[constraint],
        target_balance=number(rule.target),
        comparison=_AT_LEAST,
        parent_id=rule.root_id,
    )
    return root, leaf


def _tier_progress(program: Program, rule: Rule, name: str, balances: dict[int, Balance]) -> TierProgress:
    root, leaf = rule_nodes(program, rule)
    current = points_toward(rule, balances)
    passed = current >= rule.target
    return TierProgress(
        rule.tree_id,
        [
            RuleResult(
                rule_id=rule.root_id,
                tree_id=rule.tree_id,
                rule_passed=passed,
                rule=root,
                discriminator=_ROOT_RESULT,
                rule_tree_name=name,
            ),
            RuleResult(
                rule_id=rule.id,
                tree_id=rule.tree_id,
                rule_passed=passed,
                rule=leaf,
                discriminator=_LEAF_RESULT,
                rule_tree_name=name,
                query_result=number(current),
                parent_id=rule.root_id,
            ),
        ],
    )


def view(
    program: Program, user_id: str, membership: Membership, balances: dict[int, Balance], *, with_progress: bool
) -> TierLevelView | None:
    """One membership as the wire has it, or None when its tier system is no longer in the program."""
    system = program.system_numbered(membership.tier_system)
    if system is None:
        return None
    return in_system(program, system, user_id, membership, balances, with_progress=with_progress)


def in_system(
    program: Program,
    system: TierSystem,
    user_id: str,
    membership: Membership,
    balances: dict[int, Balance],
    *,
    with_progress: bool = False,
) -> TierLevelView:
    """One membership of this tier system as the wire has it."""
    level = system.level(membership.tier_level)
    above = system.next_level(level)
    ends = membership.next_maintenance_eval_at
    return TierLevelView(
        id=membership.id,
        tier_system_id=system.id,
        tier_level_id=level.id,
        user_id=user_id,
        join_date=incentives_time(membership.joined_at),
        tier_overview=_overview(program.retailer_id, system, level),
        next_maintenance_eval_date=UNSET if ends is None else incentives_time(ends),
        next_tier_overview=UNSET if above is None else _overview(program.retailer_id, system, above),
        tier_progress=UNSET
        if above is None or above.rule is None
        else [_tier_progress(program, above.rule, above.name, balances)],
        progress=progress(system, level, balances) if with_progress else UNSET,
    )
