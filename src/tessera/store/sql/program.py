"""Loyalty programs."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddPointAccount: (
        Statement(
            "insert into point_account (id, organization, name, grouping_label)"
            " values (:id, :organization, :name, :grouping_label) on conflict do nothing",
            "the point account's id and name are free",
        ),
    ),
    changes.AddTierSystem: (
        Statement(
            "insert into tier_system (id, organization, name, maintenance_days)"
            " values (:id, :organization, :name, :maintenance_days) on conflict do nothing",
            "the tier system's id and name are free",
        ),
    ),
    changes.AddTierLevel: (
        Statement(
            "insert into tier_level (id, tier_system, rank, name)"
            " select :id, number, :rank, :name from tier_system"
            " where id = :tier_system_id and organization = :organization on conflict do nothing",
            "the tier system exists and the level's id and rank are free",
        ),
    ),
    changes.AddTierRule: (
        Statement(
            "insert into tier_rule (id, tier_level, tree_id, root_id, constraint_id, target)"
            " select :id, number, :tree_id, :root_id, :constraint_id, :target from tier_level"
            " where id = :tier_level_id on conflict do nothing",
            "the level exists and has no rule yet",
        ),
    ),
    changes.AddTierRuleAccount: (
        Statement(
            "insert into tier_rule_account (tier_rule, point_account)"
            " select r.number, p.number from tier_rule r, point_account p"
            " where r.id = :rule_id and p.id = :point_account_id and p.organization = :organization"
            " on conflict do nothing",
            "the rule and the point account exist",
        ),
    ),
}

PROGRAM = "select number, retailer_id from organization where number = :organization"
PROGRAM_ACCOUNTS = (
    "select number, id, name, grouping_label, lifetime_days, overdraw, retired_at from point_account"
    " where organization = :organization order by number"
)
PROGRAM_LEVELS = (
    "select t.number, t.id, t.name, t.maintenance_days, l.number, l.id, l.rank, l.name,"
    " r.tree_id, r.root_id, r.id, r.constraint_id, r.target, r.keep_target, a.point_account"
    " from tier_system t join tier_level l on l.tier_system = t.number"
    " left join tier_rule r on r.tier_level = l.number left join tier_rule_account a on a.tier_rule = r.number"
    " where t.organization = :organization and t.retired_at is null order by t.number, l.rank, a.point_account"
)
PROGRAM_SOURCES = (
    "select number, id, name, retired_at from point_source where organization = :organization order by number"
)
PROGRAM_EVENTS = (
    "select e.number, e.id, e.lookup, e.name, a.point_account, a.amount, a.point_source_id"
    " from event_rule e left join event_award a on a.event_rule = e.number"
    " where e.organization = :organization and e.retired_at is null order by e.number, a.number"
)
