"""Writing loyalty programs."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

PARKED_RANK = 1_000_000
"""Added to a level's number, a rank that no level has that stands somewhere."""

_OWN_LEVEL = "tier_system in (select number from tier_system where organization = :organization)"
_OWN_RULE = (
    "tier_level in (select l.number from tier_level l join tier_system t on t.number = l.tier_system"
    " where t.organization = :organization)"
)
_RULE = f"(select number from tier_rule where id = :rule_id and {_OWN_RULE})"
_ACCOUNT = "(select number from point_account where id = :point_account_id and organization = :organization)"
_EVENT_RULE = "(select number from event_rule where id = :event_rule_id and organization = :organization)"


def _free(table: str, column: str) -> str:
    """That no other row of the organization has this name."""
    return (
        f"not exists (select 1 from {table} other where other.organization = :organization"
        f" and other.{column} = :{column} and other.id <> :id)"
    )


WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.RaiseProgramVersion: (
        Statement(
            "update organization set program_version = program_version + 1"
            " where number = :organization and program_version = :was_version",
            "the program is as it was",
        ),
    ),
    changes.AddPointAccount: (
        Statement(
            "insert into point_account (id, organization, name, grouping_label, lifetime_days, overdraw)"
            " values (:id, :organization, :name, :grouping_label, :lifetime_days, :overdraw) on conflict do nothing",
            "the point account's id and name are free",
        ),
    ),
    changes.SetPointAccount: (
        Statement(
            "update point_account set name = :name, grouping_label = :grouping_label, lifetime_days = :lifetime_days,"
            " overdraw = :overdraw, retired_at = :retired_at where id = :id and organization = :organization"
            f" and {_free('point_account', 'name')}",
            "the point account exists and its name is free",
        ),
    ),
    changes.AddPointSource: (
        Statement(
            "insert into point_source (id, organization, name) values (:id, :organization, :name)"
            " on conflict do nothing",
            "the point source's id and name are free",
        ),
    ),
    changes.SetPointSource: (
        Statement(
            "update point_source set name = :name, retired_at = :retired_at"
            f" where id = :id and organization = :organization and {_free('point_source', 'name')}",
            "the point source exists and its name is free",
        ),
    ),
    changes.AddTierSystem: (
        Statement(
            "insert into tier_system (id, organization, name, maintenance_days)"
            " values (:id, :organization, :name, :maintenance_days) on conflict do nothing",
            "the tier system's id and name are free",
        ),
    ),
    changes.SetTierSystem: (
        Statement(
            "update tier_system set name = :name, maintenance_days = :maintenance_days, retired_at = :retired_at"
            f" where id = :id and organization = :organization and {_free('tier_system', 'name')}",
            "the tier system exists and its name is free",
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
    changes.ParkTierLevels: (
        Statement(
            f"update tier_level set rank = {PARKED_RANK} + number where rank < {PARKED_RANK} and tier_system ="
            " (select number from tier_system where id = :tier_system_id and organization = :organization)"
        ),
    ),
    changes.SetTierLevel: (
        Statement(
            f"update tier_level set rank = :rank, name = :name, retired_at = null where id = :id and {_OWN_LEVEL}"
            " and not exists (select 1 from tier_level other where other.tier_system = tier_level.tier_system"
            " and other.rank = :rank and other.id <> :id)",
            "the level exists and the rank is free",
        ),
    ),
    changes.RetireTierLevel: (
        Statement(
            f"update tier_level set rank = {PARKED_RANK} + number, retired_at = :retired_at where id = :id"
            f" and retired_at is null and {_OWN_LEVEL} and not exists"
            " (select 1 from membership m where m.tier_level = tier_level.number and m.left_at is null)",
            "the level is there and no customer holds it",
        ),
    ),
    changes.AddTierRule: (
        Statement(
            "insert into tier_rule (id, tier_level, tree_id, root_id, constraint_id, target, keep_target)"
            " select :id, number, :tree_id, :root_id, :constraint_id, :target, :keep_target from tier_level"
            f" where id = :tier_level_id and {_OWN_LEVEL} on conflict do nothing",
            "the level exists and has no rule yet",
        ),
    ),
    changes.SetTierRule: (
        Statement(
            f"update tier_rule set target = :target, keep_target = :keep_target where id = :id and {_OWN_RULE}",
            "the rule exists",
        ),
    ),
    changes.RemoveTierRule: (
        Statement(
            "delete from tier_rule_account"
            f" where tier_rule = (select number from tier_rule where id = :id and {_OWN_RULE})"
        ),
        Statement(f"delete from tier_rule where id = :id and {_OWN_RULE}", "the rule exists"),
    ),
    changes.AddTierRuleAccount: (
        Statement(
            "insert into tier_rule_account (tier_rule, point_account)"
            " select r.number, p.number from tier_rule r, point_account p"
            " where r.id = :rule_id and p.id = :point_account_id and p.organization = :organization"
            f" and r.{_OWN_RULE} on conflict do nothing",
            "the rule and the point account exist",
        ),
    ),
    changes.RemoveTierRuleAccount: (
        Statement(
            f"delete from tier_rule_account where tier_rule = {_RULE} and point_account = {_ACCOUNT}",
            "the rule counts the point account",
        ),
    ),
    changes.AddEventRule: (
        Statement(
            "insert into event_rule (id, organization, lookup, name) values (:id, :organization, :lookup, :name)"
            " on conflict do nothing",
            "the event rule's id and lookup are free",
        ),
    ),
    changes.SetEventRule: (
        Statement(
            "update event_rule set lookup = :lookup, name = :name, retired_at = :retired_at"
            f" where id = :id and organization = :organization and {_free('event_rule', 'lookup')}",
            "the event rule exists and its lookup is free",
        ),
    ),
    changes.AddEventAward: (
        Statement(
            "insert into event_award (event_rule, point_account, amount, point_source_id)"
            " select e.number, p.number, :amount, :point_source_id from event_rule e, point_account p"
            " where e.id = :event_rule_id and e.organization = :organization"
            " and p.id = :point_account_id and p.organization = :organization on conflict do nothing",
            "the event rule and the point account exist and it earns nothing there yet",
        ),
    ),
    changes.RemoveEventAward: (
        Statement(
            f"delete from event_award where event_rule = {_EVENT_RULE} and point_account = {_ACCOUNT}",
            "the event earns in the point account",
        ),
    ),
    changes.AddPurchaseRule: (
        Statement(
            "insert into purchase_rule (id, organization, name, point_account, points, per, rounding, minimum,"
            " channels, excluded_items, point_source_id) select :id, :organization, :name, number, :points, :per,"
            " :rounding, :minimum, :channels, :excluded_items, :point_source_id from point_account"
            " where id = :point_account_id and organization = :organization on conflict do nothing",
            "the point account exists and the purchase rule's id and name are free",
        ),
    ),
    changes.SetPurchaseRule: (
        Statement(
            f"update purchase_rule set name = :name, point_account = {_ACCOUNT}, points = :points, per = :per,"
            " rounding = :rounding, minimum = :minimum, channels = :channels, excluded_items = :excluded_items,"
            " point_source_id = :point_source_id, retired_at = :retired_at"
            f" where id = :id and organization = :organization and {_free('purchase_rule', 'name')}"
            f" and exists {_ACCOUNT}",
            "the purchase rule and the point account exist and its name is free",
        ),
    ),
}
