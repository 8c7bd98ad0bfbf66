"""Leases: the process that does a singleton task."""

import msgspec

from tessera.core import changes
from tessera.store.sql.statement import Select, Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.TakeLease: (
        Statement(
            "insert into lease (name, holder, ends_at) values (:name, :holder, :ends_at)"
            " on conflict (name) do update set holder = excluded.holder, ends_at = excluded.ends_at"
            " where lease.holder = excluded.holder or lease.ends_at <= :now",
            "nobody else holds the lease",
        ),
    ),
    changes.ReleaseLease: (Statement("delete from lease where name = :name and holder = :holder"),),
}


class LeaseRow(msgspec.Struct, frozen=True):
    """A row of `LEASE`."""

    holder: str
    ends_at: int


LEASE = Select("select holder, ends_at from lease where name = :name", LeaseRow)
