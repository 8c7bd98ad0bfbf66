"""Limits of applications."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.SetRails: (
        Statement(
            "update application set rails = :rails where client_id = :client_id and rails = :was_rails",
            "the application's limits are as they were",
        ),
    ),
}
