"""A program on the wire, part by part: point accounts, point sources, tier systems with their levels and rules."""

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core.loyalty.points import SPEND, PointAccount, PointSource, number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tier_levels import RuleView, rule_nodes
from tessera.core.loyalty.tiers import LEVEL_ACTIVE, TierLevel, TierSystem
from tessera.core.times import incentives_time, time_of_uuid

SYSTEM_ACTIVE = 2

NO_UNIT, DAYS = 0, 1
"""Units of time on the wire (`..._uom`)."""


class PointSourceView(msgspec.Struct, frozen=True):
    """A point source; `active` is the opposite of `retired`."""

    id: str
    retailer_id: str
    name: str
    active: bool
    retired: bool


class ExpirationPolicyView(msgspec.Struct, frozen=True):
    """When points end: with the UTC day, so many days after they were deposited. Empty when they never do."""

    lifetime_days: int | UnsetType = UNSET


class PointAccountView(msgspec.Struct, frozen=True):
    """A point account; `lifetime_days` is left out when its points live for ever.

    `allow_negative_balance` and `overdraw` say the same, and `active` the opposite of `retired`.
    """

    id: str
    retailer_id: str
    name: str
    grouping_label: str
    include_in_default_points: bool
    active: bool
    allow_negative_balance: bool
    overdraw: bool
    retired: bool
    lifetime_days: int | UnsetType = UNSET
    expiration_policy: ExpirationPolicyView | UnsetType = UNSET
    point_sources: list[PointSourceView] | UnsetType = UNSET
    restrictions: list[str] | UnsetType = UNSET


class AccountDetails(msgspec.Struct, frozen=True):
    """The members of a point account that are shown when they are asked for."""

    expiration_policy: bool = False
    point_sources: bool = False
    restrictions: bool = False


class LevelView(msgspec.Struct, frozen=True):
    """A tier level with the rule that leads to it, of which the lowest has none; points to reach and to keep it.

    The level is evaluated again after so many units of time, counted from when it was entered (`is_relative`).
    """

    id: str
    tier_system_id: str
    retailer_id: str
    name: str
    rank: int
    status: int
    joining_outcome_frequency_uom: int
    maintenance_age_uom: int
    maintenance_frequency_value: int
    maintenance_frequency_uom: int
    maintenance_frequency_day: int
    maintenance_frequency_is_relative: bool
    joining_outcome_frequency_value: int | UnsetType = UNSET
    target_points: int | float | UnsetType = UNSET
    keep_points: int | float | UnsetType = UNSET
    rule_tree_id: str | UnsetType = UNSET
    rules: list[RuleView] | UnsetType = UNSET


class TierSystemView(msgspec.Struct, frozen=True):
    """A tier system with its levels, lowest first; `create_date` is left out where the id does not tell it."""

    id: str
    retailer_id: str
    name: str
    number_of_levels: int
    status: int
    disabled: bool
    tier_levels: list[LevelView]
    create_date: str | UnsetType = UNSET
    maintenance_days: int | UnsetType = UNSET


NO_DETAILS = AccountDetails()


def account_view(program: Program, account: PointAccount, details: AccountDetails = NO_DETAILS) -> PointAccountView:
    """A point account as the wire has it. Any point source may be named with any account."""
    lifetime_days = UNSET if account.lifetime_days is None else account.lifetime_days
    return PointAccountView(
        id=account.id,
        retailer_id=program.retailer_id,
        name=account.name,
        grouping_label=account.grouping_label,
        include_in_default_points=account.grouping_label == SPEND,
        active=not account.retired,
        allow_negative_balance=account.overdraw,
        overdraw=account.overdraw,
        retired=account.retired,
        lifetime_days=lifetime_days,
        expiration_policy=ExpirationPolicyView(lifetime_days) if details.expiration_policy else UNSET,
        point_sources=[source_view(program, each) for each in program.sources] if details.point_sources else UNSET,
        restrictions=[] if details.restrictions else UNSET,
    )


def source_view(program: Program, source: PointSource) -> PointSourceView:
    """A point source as the wire has it."""
    return PointSourceView(source.id, program.retailer_id, source.name, not source.retired, source.retired)


def system_view(program: Program, system: TierSystem) -> TierSystemView:
    """A tier system as the wire has it."""
    created_at = time_of_uuid(system.id)
    return TierSystemView(
        id=system.id,
        retailer_id=program.retailer_id,
        name=system.name,
        number_of_levels=len(system.levels),
        status=SYSTEM_ACTIVE,
        disabled=system.retired,
        tier_levels=[_level_view(program, system, level) for level in system.levels],
        create_date=UNSET if created_at is None else incentives_time(created_at),
        maintenance_days=UNSET if system.maintenance_days is None else system.maintenance_days,
    )


def _level_view(program: Program, system: TierSystem, level: TierLevel) -> LevelView:
    unit = NO_UNIT if system.maintenance_days is None else DAYS
    shown = LevelView(
        id=level.id,
        tier_system_id=system.id,
        retailer_id=program.retailer_id,
        name=level.name,
        rank=level.rank,
        status=LEVEL_ACTIVE,
        joining_outcome_frequency_uom=NO_UNIT,
        maintenance_age_uom=unit,
        maintenance_frequency_value=system.maintenance_days or 0,
        maintenance_frequency_uom=unit,
        maintenance_frequency_day=0,
        maintenance_frequency_is_relative=True,
    )
    rule = level.rule
    if rule is None:
        return shown
    return msgspec.structs.replace(
        shown,
        target_points=number(rule.target),
        keep_points=number(rule.keeps_at),
        rule_tree_id=rule.tree_id,
        rules=list(rule_nodes(program, rule)),
    )
