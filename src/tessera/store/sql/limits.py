"""Limits of applications."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.SetLimits: (
        Statement(
            "update application set rails = :limits where client_id = :client_id and rails = :previous_limits",
            "the application's limits are as they were",
        ),
    ),
}
