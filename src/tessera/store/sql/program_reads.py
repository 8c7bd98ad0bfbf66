"""Reading loyalty programs: as every request needs them, without what is retired, and as a whole."""

import msgspec

from tessera.store.sql.statement import Select


class ProgramRow(msgspec.Struct, frozen=True):
    """A row of `PROGRAM`."""

    number: int
    retailer_id: str
    program_version: int


class AccountRow(msgspec.Struct, frozen=True):
    """A row of `PROGRAM_ACCOUNTS`."""

    number: int
    id: str
    name: str
    grouping_label: str
    lifetime_days: int | None
    overdraw: int
    retired_at: int | None


class SourceRow(msgspec.Struct, frozen=True):
    """A row of `PROGRAM_SOURCES`."""

    number: int
    id: str
    name: str
    retired_at: int | None


class LevelRow(msgspec.Struct, frozen=True):
    """A row of `PROGRAM_LEVELS`: one for each point account that the rule of a level counts.

    A tier system without a level has `level` None, a level without a rule `rule_id`, and a rule that counts no account
    `point_account`.
    """

    system: int
    system_id: str
    system_name: str
    maintenance_days: int | None
    system_retired_at: int | None
    level: int | None
    level_id: str
    rank: int
    level_name: str
    level_retired_at: int | None
    rule_id: str | None
    tree_id: str
    root_id: str
    constraint_id: str
    target: int
    keep_target: int | None
    point_account: int | None


class EventRow(msgspec.Struct, frozen=True):
    """A row of `PROGRAM_EVENTS`: one for each award of an event rule; `point_account` is None without any."""

    number: int
    id: str
    lookup: str
    name: str
    retired_at: int | None
    point_account: int | None
    amount: int
    point_source_id: str | None


class PurchaseRow(msgspec.Struct, frozen=True):
    """A row of `PROGRAM_PURCHASES`; `channels` and `excluded_items` are JSON arrays of names."""

    number: int
    id: str
    name: str
    point_account: int
    points: int
    per: int
    rounding: str
    minimum: int
    channels: str
    excluded_items: str
    point_source_id: str | None
    retired_at: int | None


PROGRAM = Select(
    "select number, retailer_id, program_version from organization where number = :organization", ProgramRow
)
PROGRAM_ACCOUNTS = Select(
    "select number, id, name, grouping_label, lifetime_days, overdraw, retired_at from point_account"
    " where organization = :organization order by number",
    AccountRow,
)
PROGRAM_SOURCES = Select(
    "select number, id, name, retired_at from point_source where organization = :organization order by number",
    SourceRow,
)

_LEVELS = (
    "select t.number as system, t.id as system_id, t.name as system_name, t.maintenance_days,"
    " t.retired_at as system_retired_at, l.number as level, l.id as level_id, l.rank, l.name as level_name,"
    " l.retired_at as level_retired_at, r.id as rule_id, r.tree_id, r.root_id, r.constraint_id, r.target,"
    " r.keep_target, a.point_account from tier_system t"
)
_RULES = "left join tier_rule r on r.tier_level = l.number left join tier_rule_account a on a.tier_rule = r.number"
PROGRAM_LEVELS = Select(
    f"{_LEVELS} join tier_level l on l.tier_system = t.number {_RULES} where t.organization = :organization"
    " and t.retired_at is null and l.retired_at is null order by t.number, l.rank, a.point_account",
    LevelRow,
)
WHOLE_LEVELS = Select(
    f"{_LEVELS} left join tier_level l on l.tier_system = t.number {_RULES}"
    " where t.organization = :organization order by t.number, l.rank, a.point_account",
    LevelRow,
)

_EVENTS = (
    "select e.number, e.id, e.lookup, e.name, e.retired_at, a.point_account, a.amount, a.point_source_id"
    " from event_rule e left join event_award a on a.event_rule = e.number where e.organization = :organization"
)
PROGRAM_EVENTS = Select(f"{_EVENTS} and e.retired_at is null order by e.number, a.number", EventRow)
WHOLE_EVENTS = Select(f"{_EVENTS} order by e.number, a.number", EventRow)

_PURCHASES = (
    "select number, id, name, point_account, points, per, rounding, minimum, channels, excluded_items, point_source_id,"
    " retired_at from purchase_rule where organization = :organization"
)
PROGRAM_PURCHASES = Select(f"{_PURCHASES} and retired_at is null order by number", PurchaseRow)
WHOLE_PURCHASES = Select(f"{_PURCHASES} order by number", PurchaseRow)

HOLDERS = (
    "select count(*) from (select 1 from membership where tier_level = :tier_level and left_at is null"
    " limit :limit) held"
)
IDS_TAKEN = (
    "select id from point_account where id = :id union all select id from point_source where id = :id"
    " union all select id from tier_system where id = :id union all select id from tier_level where id = :id"
    " union all select id from event_rule where id = :id union all select id from purchase_rule where id = :id"
)
