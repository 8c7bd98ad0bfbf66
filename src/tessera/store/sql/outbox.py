"""The outbox."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddEvent: (
        Statement(
            "insert into event (id, organization, kind, data, occurred_at)"
            " values (:id, :organization, :kind, :data, :occurred_at)"
        ),
    ),
}
