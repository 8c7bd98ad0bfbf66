"""The outbox."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddEvent: (
        Statement(
            "insert into event (id, organization, kind, data, occurred_at, user_id)"
            " values (:id, :organization, :kind, :data, :occurred_at, :user_id)"
        ),
    ),
    changes.RedactEvent: (Statement("update event set data = :data where number = :number"),),
}

EVENTS_ABOUT = (
    "select number, id, kind, data, occurred_at from event where user_id = :user_id and number > :after"
    " order by number limit :limit"
)
