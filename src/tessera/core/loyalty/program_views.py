"""A program on the wire, part by part: point accounts, point sources, tier systems with their levels and rules."""

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core.loyalty.points import PointAccount, PointSource, number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tier_levels import RuleView, rule_nodes
from tessera.core.loyalty.tiers import LEVEL_ACTIVE, TierLevel, TierSystem


class PointAccountView(msgspec.Struct, frozen=True):
    """A point account; `lifetime_days` is left out when its points live for ever."""

    id: str
    retailer_id: str
    name: str
    grouping_label: str
    overdraw: bool
    retired: bool
    lifetime_days: int | UnsetType = UNSET


class PointSourceView(msgspec.Struct, frozen=True):
    """A point source."""

    id: str
    retailer_id: str
    name: str
    retired: bool


class LevelView(msgspec.Struct, frozen=True):
    """A tier level with the rule that leads to it, of which the lowest has none; points to reach and to keep it."""

    id: str
    tier_system_id: str
    retailer_id: str
    name: str
    rank: int
    status: int
    target_points: int | float | UnsetType = UNSET
    keep_points: int | float | UnsetType = UNSET
    rule_tree_id: str | UnsetType = UNSET
    rules: list[RuleView] | UnsetType = UNSET


class TierSystemView(msgspec.Struct, frozen=True):
    """A tier system with its levels, lowest first."""

    id: str
    retailer_id: str
    name: str
    tier_levels: list[LevelView]
    maintenance_days: int | UnsetType = UNSET


def account_view(program: Program, account: PointAccount) -> PointAccountView:
    """A point account as the wire has it."""
    return PointAccountView(
        account.id,
        program.retailer_id,
        account.name,
        account.grouping_label,
        account.overdraw,
        account.retired,
        UNSET if account.lifetime_days is None else account.lifetime_days,
    )


def source_view(program: Program, source: PointSource) -> PointSourceView:
    """A point source as the wire has it."""
    return PointSourceView(source.id, program.retailer_id, source.name, source.retired)


def system_view(program: Program, system: TierSystem) -> TierSystemView:
    """A tier system as the wire has it."""
    return TierSystemView(
        system.id,
        program.retailer_id,
        system.name,
        [_level_view(program, system, level) for level in system.levels],
        UNSET if system.maintenance_days is None else system.maintenance_days,
    )


def _level_view(program: Program, system: TierSystem, level: TierLevel) -> LevelView:
    shown = LevelView(level.id, system.id, program.retailer_id, level.name, level.rank, LEVEL_ACTIVE)
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
