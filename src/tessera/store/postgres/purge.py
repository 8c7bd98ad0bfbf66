"""Removing dead rows from a PostgreSQL database, while servers go on.

`vacuum` takes dead rows out of reach of every statement. Their bytes stay in the server's files until something else is
written there. Only `vacuum (full)`, which writes a table anew, removes them; the table is locked meanwhile. So that is
done by itself only to tables so small that nobody notices, and to the others when asked for.

What the server keeps beside its tables is not in our hands: its log of writes is recycled in time, archives and backups
are the operator's.
"""

import time
from typing import NamedTuple

import msgspec
import psycopg

from tessera.ports import StoreUnavailable, Unusable
from tessera.store.postgres.address import Address
from tessera.store.postgres.schema import connected, pooled
from tessera.store.purge import WAIT_SECONDS, Purged, Report, Step
from tessera.store.sql.statement import Select, only_column

SMALL_BYTES = 8 * 1024 * 1024
"""A table of this size, indexes and all, is written anew in less than `REWRITE_MILLISECONDS`."""

LOCK_MILLISECONDS = 50
"""How long a lock is waited for at a time: others who want the table wait behind us for as long."""

REWRITE_MILLISECONDS = 150
"""How long a small table may be locked. One that takes longer, on a busy machine, is left as it was."""

RETRY_SECONDS = 0.1
QUICK_TRIES = 5

_NOW = "select pg_current_xact_id()::xid::text"
_OLDER = (
    "select count(*) from pg_stat_activity where pid <> pg_backend_pid()"
    " and coalesce(datname, current_database()) = current_database() and age(backend_xmin) >= age(%s::xid)"
)
"""Transactions that began before and still see rows that were deleted since: no vacuum removes those."""


class TableRow(msgspec.Struct, frozen=True):
    """A row of `TABLES`: the name as it stands in a statement, and the size with all indexes."""

    name: str
    size_bytes: int


TABLES = Select(
    "select quote_ident(relname) as name, pg_total_relation_size(oid) as size_bytes from pg_class"
    " where relkind = 'r' and relnamespace = current_schema()::regnamespace order by relname",
    TableRow,
)
_SIZE = (
    "select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class"
    " where relkind = 'r' and relnamespace = current_schema()::regnamespace"
)


class Waits(NamedTuple):
    """How long others may keep us waiting, and a rewrite of a small table others."""

    seconds: float = WAIT_SECONDS
    rewrite_milliseconds: int = REWRITE_MILLISECONDS


_WAITS = Waits()


def purge(where: Address, report: Report, *, rewrite: bool = False, waits: Waits = _WAITS) -> Purged:
    """Vacuum every table; write anew those that are small, or all of them when `rewrite`, each locked meanwhile.

    Raises Unusable, and StoreUnavailable when others stood in the way: then it can be run again.
    """
    until = time.monotonic() + waits.seconds
    if pooled(where):
        raise Unusable(
            f"A pooler is at {where.text}, where the limits of a purge would be left to others. Name a URL that leads"
            " past it by the setting database_direct."
        )
    with connected(where) as connection:
        before = _number(connection, _SIZE)
        try:
            _wait_for_older_transactions(connection, until)
            left = _purge_tables(connection, report, waits, rewrite=rewrite)
            after = _number(connection, _SIZE)
        except psycopg.Error as error:
            raise StoreUnavailable(" ".join(str(error).split())) from error
    return Purged(before, after, left)


def _purge_tables(connection: psycopg.Connection, report: Report, waits: Waits, *, rewrite: bool) -> list[str]:
    """Vacuum or rewrite each table; the names of those that were only vacuumed."""
    left = []
    tables = TABLES.rows(connection.execute(TABLES.sql.encode()))
    for done, table in enumerate(tables):
        report(Step.TABLES, done, len(tables))
        if rewrite:
            _retried(connection, f"vacuum (full) {table.name}", waits.seconds)
        elif not _rewritten_quickly(connection, table, waits.rewrite_milliseconds):
            _retried(connection, f"vacuum {table.name}", waits.seconds)
            left.append(table.name)
    return left


def size_bytes(where: Address) -> int:
    """How much all tables take up, with their indexes. Raises Unusable."""
    with connected(where) as connection:
        return _number(connection, _SIZE)


def _wait_for_older_transactions(connection: psycopg.Connection, until: float) -> None:
    began = tuple(only_column(connection.execute(_NOW)))
    while _number(connection, _OLDER, began):
        if time.monotonic() > until:
            raise StoreUnavailable(
                "a transaction has been open all the time (a backup, a dump, a copy?), which still reads what was"
                " deleted; run this again when that is over"
            )
        time.sleep(RETRY_SECONDS)


def _rewritten_quickly(connection: psycopg.Connection, table: TableRow, milliseconds: int) -> bool:
    """Write a table anew if it is small; False, and nothing done, when that would keep others waiting."""
    if table.size_bytes > SMALL_BYTES:
        return False
    _limit(connection, LOCK_MILLISECONDS, milliseconds)
    for _ in range(QUICK_TRIES):
        try:
            connection.execute(f"vacuum (full) {table.name}".encode())
        except psycopg.errors.LockNotAvailable:
            time.sleep(RETRY_SECONDS)
        except psycopg.errors.QueryCanceled:
            return False
        else:
            return True
    return False


def _retried(connection: psycopg.Connection, statement: str, wait_seconds: float) -> None:
    """Run a statement as soon as it gets its lock. Raises StoreUnavailable when it does not."""
    _limit(connection, LOCK_MILLISECONDS, 0)
    until = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute(statement.encode())
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > until:
                raise StoreUnavailable("others kept a table locked; run this again when less is going on") from None
            time.sleep(RETRY_SECONDS)
        else:
            return


def _limit(connection: psycopg.Connection, lock_milliseconds: int, statement_milliseconds: int) -> None:
    """Bound how long statements wait for a lock, and how long they take in all; 0 for as long as it takes."""
    connection.execute(f"set lock_timeout = {lock_milliseconds}".encode())
    connection.execute(f"set statement_timeout = {statement_milliseconds}".encode())


def _number(connection: psycopg.Connection, statement: str, parameters: tuple[object, ...] | None = None) -> int:
    (number,) = only_column(connection.execute(statement.encode(), parameters))
    return int(number)
