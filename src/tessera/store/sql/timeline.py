"""What happened to one customer, in the order of time, either way."""

_ENTRIES = (
    "select number, id, point_account, amount, kind, request, place, idempotency_id, fingerprint, reference_id,"
    " reference_type, point_source_id, occurred_at, expires_at from ledger_entry"
    " where customer = :customer and kind in (:k0, :k1, :k2, :k3)"
)
ENTRIES_OLDEST_FIRST = f"{_ENTRIES} and number > :beyond order by number limit :limit"
ENTRIES_NEWEST_FIRST = f"{_ENTRIES} and number < :beyond order by number desc limit :limit"

USER_EVENTS_NEWEST_FIRST = (
    "select id, lookup, occurred_at from user_event where customer = :customer and id < :before"
    " order by id desc limit :limit"
)
