"""Standings, the ledger, the history of memberships, the events that partners tell."""

import msgspec

from tessera.core import changes
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.ledger_check import Held, LedgerSum
from tessera.ports.ledger import Due, PastMembership, Sum
from tessera.store.sql.statement import Select, Statement

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

ENTRY_COLUMNS = (
    "number, id, point_account, amount, kind, request, place, idempotency_id, fingerprint, reference_id,"
    " reference_type, point_source_id, occurred_at, expires_at"
)
_ENTRIES = f"select {ENTRY_COLUMNS} from ledger_entry"
ENTRY = Select(f"{_ENTRIES} where customer = :customer and idempotency_id = :idempotency_id", Entry)
ENTRIES_OF_REQUEST = Select(f"{_ENTRIES} where customer = :customer and request = :request order by number", Entry)
ENTRIES_BETWEEN = Select(
    f"{_ENTRIES} where customer = :customer and number between :first and :last order by number", Entry
)
ENTRIES_BEFORE = Select(
    f"{_ENTRIES} where customer = :customer and number < :before order by number desc limit :limit", Entry
)
_SUMS = (
    "select point_account, sum(amount) as available,"
    " coalesce(sum(amount) filter (where kind in ('deposit', 'return')), 0) as life_time"
)
SUMS = Select(
    f"{_SUMS} from ledger_entry where customer = :customer and number <= :through group by point_account", Sum
)

MEMBERSHIPS = Select(
    "select id, tier_system, tier_level, joined_at, left_at, reason from membership"
    " where customer = :customer order by number",
    PastMembership,
)

DUE = Select(
    "select number, id, organization from customer where due_at <= :now order by due_at, number limit :limit", Due
)


class StandingRow(msgspec.Struct, frozen=True):
    """A row of `STANDINGS`."""

    number: int
    id: str
    standing: str
    due_at: int | None
    forgotten_at: int | None


CUSTOMERS = "select count(*) from customer"
STANDINGS = Select(
    "select number, id, standing, due_at, forgotten_at from customer where number > :after order by number"
    " limit :limit",
    StandingRow,
)
PROVEN_SUMS = Select(
    f"{_SUMS}, count(*) as entries, max(number) as last_number"
    " from ledger_entry where customer = :customer group by point_account",
    LedgerSum,
)
HELD = Select(
    "select tier_system, tier_level, id, joined_at from membership where customer = :customer and left_at is null"
    " order by number",
    Held,
)
