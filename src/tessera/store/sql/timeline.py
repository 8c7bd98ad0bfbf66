"""What happened to one customer, in the order of time, either way."""

from tessera.core.loyalty.entries import Entry
from tessera.ports.customers import UserEvent
from tessera.store.sql.ledger import ENTRY_COLUMNS
from tessera.store.sql.statement import Select

_ENTRIES = f"select {ENTRY_COLUMNS} from ledger_entry where customer = :customer and kind in (:k0, :k1, :k2, :k3)"
ENTRIES_OLDEST_FIRST = Select(f"{_ENTRIES} and number > :beyond order by number limit :limit", Entry)
ENTRIES_NEWEST_FIRST = Select(f"{_ENTRIES} and number < :beyond order by number desc limit :limit", Entry)

USER_EVENTS_NEWEST_FIRST = Select(
    "select id, lookup, occurred_at from user_event where customer = :customer and id < :before"
    " order by id desc limit :limit",
    UserEvent,
)
