"""Standings, the ledger, the history of memberships, the events that partners tell."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.SetStanding: (
        Statement(
            "update customer set standing = :standing, due_at = :due_at, version = version + 1"
            " where number = :customer and version = :version",
            "the customer's standing is as it was",
        ),
    ),
    changes.AddEntry: (
        Statement(
            "insert into ledger_entry (customer, number, id, point_account, amount, kind, request, place,"
            " idempotency_id, fingerprint, reference_id, reference_type, point_source_id, occurred_at, expires_at)"
            " values (:customer, :number, :id, :point_account, :amount, :kind, :request, :place,"
            " :idempotency_id, :fingerprint, :reference_id, :reference_type, :point_source_id, :occurred_at,"
            " :expires_at) on conflict do nothing",
            "the entry's number and idempotency id are free",
        ),
    ),
    changes.JoinTier: (
        Statement(
            "insert into membership (customer, id, tier_system, tier_level, joined_at, reason)"
            " select c.number, :id, :tier_system, :tier_level, :joined_at, :reason from customer c"
            " where c.id = :customer_id and not exists (select 1 from membership m where m.customer = c.number"
            " and m.tier_system = :tier_system and m.left_at is null)"
            " and exists (select 1 from tier_level l where l.number = :tier_level and l.retired_at is null)"
            " on conflict do nothing",
            "the customer holds no level of the tier system and this one is there",
        ),
    ),
    changes.LeaveTier: (
        Statement(
            "update membership set left_at = :left_at where customer = :customer and id = :id and left_at is null",
            "the membership is current",
        ),
    ),
    changes.AddUserEvent: (
        Statement(
            "insert into user_event (customer, id, lookup, occurred_at)"
            " select number, :id, :lookup, :occurred_at from customer"
            " where number = :customer and forgotten_at is null on conflict do nothing",
            "the customer is there and the event's id is free",
        ),
    ),
}

_ENTRY_COLUMNS = (
    "select number, id, point_account, amount, kind, request, place, idempotency_id, fingerprint, reference_id,"
    " reference_type, point_source_id, occurred_at, expires_at from ledger_entry"
)
ENTRY = f"{_ENTRY_COLUMNS} where customer = :customer and idempotency_id = :idempotency_id"
ENTRIES_OF_REQUEST = f"{_ENTRY_COLUMNS} where customer = :customer and request = :request order by number"
ENTRIES_BETWEEN = f"{_ENTRY_COLUMNS} where customer = :customer and number between :first and :last order by number"
ENTRIES_BEFORE = f"{_ENTRY_COLUMNS} where customer = :customer and number < :before order by number desc limit :limit"
SUMS = (
    "select point_account, sum(amount), coalesce(sum(amount) filter (where kind in ('deposit', 'return')), 0)"
    " from ledger_entry where customer = :customer and number <= :through group by point_account"
)

MEMBERSHIPS = (
    "select id, tier_system, tier_level, joined_at, left_at, reason from membership"
    " where customer = :customer order by number"
)

DUE = "select number, id, organization from customer where due_at <= :now order by due_at, number limit :limit"

CUSTOMERS = "select count(*) from customer"
STANDINGS = (
    "select number, id, standing, due_at, forgotten_at from customer where number > :after order by number limit :limit"
)
PROVEN_SUMS = (
    "select point_account, sum(amount), coalesce(sum(amount) filter (where kind in ('deposit', 'return')), 0),"
    " count(*), max(number) from ledger_entry where customer = :customer group by point_account"
)
HELD = (
    "select tier_system, tier_level, id, joined_at from membership where customer = :customer and left_at is null"
    " order by number"
)
