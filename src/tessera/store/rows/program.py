"""Loyalty programs from their rows."""

from collections.abc import Iterable
from itertools import groupby

import msgspec

from tessera.core.loyalty.points import PointAccount, PointSource
from tessera.core.loyalty.program import Award, EventRule, Program
from tessera.core.loyalty.purchase_rules import PurchaseRule
from tessera.core.loyalty.tiers import Rule, TierLevel, TierSystem
from tessera.store.sql.program_reads import AccountRow, EventRow, LevelRow, ProgramRow, PurchaseRow, SourceRow

_names = msgspec.json.Decoder(tuple[str, ...]).decode


def program(
    organization: ProgramRow,
    accounts: list[AccountRow],
    levels: list[LevelRow],
    sources: list[SourceRow],
    events: list[EventRow],
    purchases: list[PurchaseRow],
) -> Program:
    """A loyalty program; `levels` repeats a level for each point account that its rule counts, `events` likewise."""
    return Program(
        organization=organization.number,
        retailer_id=organization.retailer_id,
        accounts=tuple(map(_account, accounts)),
        systems=tuple(_system(list(rows)) for _, rows in groupby(levels, key=lambda row: row.system)),
        sources=tuple(PointSource(row.number, row.id, row.name, row.retired_at is not None) for row in sources),
        event_rules=tuple(_event_rule(list(rows)) for _, rows in groupby(events, key=lambda row: row.number)),
        version=organization.program_version,
        purchase_rules=tuple(map(_purchase_rule, purchases)),
    )


def _account(row: AccountRow) -> PointAccount:
    return PointAccount(
        number=row.number,
        id=row.id,
        name=row.name,
        grouping_label=row.grouping_label,
        lifetime_days=row.lifetime_days,
        overdraw=row.overdraw == 1,
        retired=row.retired_at is not None,
    )


def _event_rule(rows: list[EventRow]) -> EventRule:
    first = rows[0]
    return EventRule(
        number=first.number,
        id=first.id,
        lookup=first.lookup,
        name=first.name,
        awards=tuple(
            Award(row.point_account, row.amount, row.point_source_id) for row in rows if row.point_account is not None
        ),
        retired=first.retired_at is not None,
    )


def _purchase_rule(row: PurchaseRow) -> PurchaseRule:
    return PurchaseRule(
        number=row.number,
        id=row.id,
        name=row.name,
        point_account=row.point_account,
        points=row.points,
        per=row.per,
        rounding=row.rounding,
        minimum=row.minimum,
        channels=_names(row.channels),
        excluded_items=_names(row.excluded_items),
        point_source_id=row.point_source_id,
        retired=row.retired_at is not None,
    )


def _system(rows: list[LevelRow]) -> TierSystem:
    first = rows[0]
    return TierSystem(
        number=first.system,
        id=first.system_id,
        name=first.system_name,
        maintenance_days=first.maintenance_days,
        levels=tuple(
            _level(number, level) for number, level in groupby(rows, key=lambda row: row.level) if number is not None
        ),
        retired=first.system_retired_at is not None,
    )


def _level(number: int, rows: Iterable[LevelRow]) -> TierLevel:
    parts = list(rows)
    first = parts[0]
    rule = None
    if first.rule_id is not None:
        rule = Rule(
            tree_id=first.tree_id,
            root_id=first.root_id,
            id=first.rule_id,
            constraint_id=first.constraint_id,
            target=first.target,
            point_accounts=tuple(row.point_account for row in parts if row.point_account is not None),
            keep_target=first.keep_target,
        )
    return TierLevel(
        number=number,
        id=first.level_id,
        rank=first.rank,
        name=first.level_name,
        rule=rule,
        retired=first.level_retired_at is not None,
    )
