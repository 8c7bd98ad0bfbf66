"""Rewriting the tables of a PostgreSQL database so that nothing is left in them of what was deleted.

What the server keeps beside its tables is not in our hands: its log of writes is recycled in time, archives and backups
are the operator's.
"""

import time
from collections.abc import Callable

import psycopg

from tessera.ports import StoreUnavailable
from tessera.store.postgres.address import Address
from tessera.store.postgres.schema import connected
from tessera.store.purge import Purged, Step

WAIT_MILLISECONDS = 60_000
"""How long others may keep a table busy before it is given up."""

TURN_MILLISECONDS = 500
"""How long a table is waited for at once: whoever comes after us waits as long."""

RETRY_SECONDS = 0.1

_TABLES = (
    "select quote_ident(relname) from pg_class"
    " where relkind = 'r' and relnamespace = current_schema()::regnamespace order by relname"
)
_SIZE = (
    "select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint from pg_class"
    " where relkind = 'r' and relnamespace = current_schema()::regnamespace"
)


def purge(where: Address, report: Callable[[Step], None], wait_milliseconds: int = WAIT_MILLISECONDS) -> Purged:
    """Rewrite every table, one after the other; each is locked for as long as that takes.

    Needs as much free space again as the largest table has. Raises Unusable, and StoreUnavailable when others kept a
    table busy: then it can be done again, and nothing is harmed.
    """
    with connected(where) as connection:
        before = _number(connection, _SIZE)
        report(Step.REWRITE)
        try:
            connection.execute("set statement_timeout = 0")
            connection.execute(f"set lock_timeout = {TURN_MILLISECONDS}".encode())
            for (table,) in connection.execute(_TABLES.encode()).fetchall():
                _rewrite(connection, table, wait_milliseconds)
            after = _number(connection, _SIZE)
        except psycopg.Error as error:
            raise StoreUnavailable(" ".join(str(error).split())) from error
    return Purged(before, after)


def size_bytes(where: Address) -> int:
    """How much all tables take up, with their indexes. Raises Unusable."""
    with connected(where) as connection:
        return _number(connection, _SIZE)


def _rewrite(connection: psycopg.Connection, table: str, wait_milliseconds: int) -> None:
    until = time.monotonic() + wait_milliseconds / 1000
    while True:
        try:
            connection.execute(f"vacuum (full) {table}".encode())
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > until:
                raise StoreUnavailable("others kept it busy; run it again when less is going on") from None
            time.sleep(RETRY_SECONDS)
        else:
            return


def _number(connection: psycopg.Connection, statement: str) -> int:
    row = connection.execute(statement.encode()).fetchone()
    return int(row[0]) if row else 0
