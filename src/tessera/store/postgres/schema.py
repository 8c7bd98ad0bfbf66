"""Whether a PostgreSQL database can be used, and its schema: looked at, and brought to this version's.

Whatever stands in the way is a sentence that says what to do.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tessera.ports import Unusable
from tessera.store import migrate as shared
from tessera.store.migrate import SchemaState
from tessera.store.postgres.address import Address
from tessera.store.postgres.write_lock import WRITE_LOCK
from tessera.store.sql.identity import SCHEMA_VERSION
from tessera.store.sql.statement import only_column

VERSION_MIN = 130000
"""PostgreSQL 13; `server_version_num`."""

_TABLES = "select count(*) from information_schema.tables where table_schema = current_schema()"
_HAS_VERSION = "select to_regclass('alembic_version') is not null and to_regclass('organization') is not null"

_REASONS = {
    r"password authentication failed|no password supplied": "Put the right password into the URL, or name a file with"
    " it by passfile (`?passfile=/run/secrets/pgpass`).",
    r"role .* does not exist": "Make the user, or name another in the URL.",
    r"database .* does not exist": "Make it with `createdb`, owned by the user of the URL.",
    r"read-only|read only": "That is a standby: name the primary, or all hosts with commas between.",
    r"too many clients|too many connections|remaining connection slots": "Raise max_connections, put PgBouncer in"
    " front, or run fewer workers: each holds up to five connections.",
    r"starting up|shutting down|in recovery": "Start again in a moment.",
    r"permission denied for schema|no schema has been selected": "Let the user of the URL make tables: `grant create on"
    " schema public to USER`, or make that user the owner of the database.",
    r"permission denied": "Make the user of the URL the owner of the tables.",
    r"not known|could not translate|[Nn]o such host": "Put the right host into the URL.",
    r"refused|[Nn]o such file|timeout|timed out|unreachable": "See that it runs and can be reached from here.",
    r"pg_hba|no encryption|SSL|certificate": "Let pg_hba.conf admit this user, and set sslmode as the server wants it.",
}
"""What to do about what libpq or the server says."""


@contextmanager
def connected(where: Address) -> Iterator[psycopg.Connection]:
    """A connection of this thread, in autocommit.

    Raises Unusable with what to do when there can be none, or when it cannot be used as the block does.
    """
    try:
        with psycopg.connect(where.conninfo, autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise unusable(where, error) from None


def unusable(where: Address, error: Exception) -> Unusable:
    """Why there is no connection, and what to do."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    said = " ".join((primary or str(error)).split())
    hint = next((hint for pattern, hint in _REASONS.items() if re.search(pattern, said)), "See the server's log.")
    return Unusable(f"The database {where.text} cannot be used: {said.rstrip('.')}. {hint}")


def pooled(where: Address) -> bool:
    """Whether a pooler is at this address, and not the server itself. Raises Unusable."""
    with connected(where) as connection:
        return _one(connection, "select pg_backend_pid()") != connection.info.backend_pid


def state(where: Address) -> SchemaState:
    """What is in the database. Raises Unusable when it cannot be used as it is."""
    with connected(where) as connection:
        _check_server(connection, where)
        return _state(connection, where)


def migrate(where: Address) -> None:
    """Run the revisions that are missing, in one transaction, one process at a time. Raises Unusable."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    with connected(where) as checked:
        _check_server(checked, where)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(where.conninfo), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({WRITE_LOCK})")
            shared.upgrade(connection)
    except DBAPIError as error:
        raise unusable(where, error.orig if isinstance(error.orig, psycopg.Error) else error) from None


def _check_server(connection: psycopg.Connection, where: Address) -> None:
    """Raises Unusable for a server on which what is acknowledged could be lost, or that lacks what is needed."""

    def shown(name: str) -> str:
        return str(_one(connection, f"show {name}"))

    if connection.info.server_version < VERSION_MIN:
        raise Unusable(f"The database {where.text} is PostgreSQL {shown('server_version')}; 13 or newer is needed.")
    if shown("server_encoding") != "UTF8":
        raise Unusable(f"The database {where.text} does not hold UTF-8. Make one with `createdb --encoding UTF8`.")
    if shown("fsync") == "off":
        raise Unusable(
            f"The server of {where.text} has fsync off: a power cut would lose what was acknowledged. Set fsync = on."
        )
    if shown("synchronous_commit") == "off":
        raise Unusable(
            f"The server of {where.text} has synchronous_commit off: a crash would lose what was acknowledged. Set it"
            " to on, in postgresql.conf or for this user with `alter role`."
        )


def _state(connection: psycopg.Connection, where: Address) -> SchemaState:
    if not _one(connection, _TABLES):
        return SchemaState.EMPTY
    if not _one(connection, _HAS_VERSION):
        raise Unusable(f"The database {where.text} holds another program's tables. Name a database of Tessera's own.")
    return shared.compared(str(_one(connection, SCHEMA_VERSION) or ""), where.text)


def _one(connection: psycopg.Connection, statement: str) -> object:
    return next(iter(only_column(connection.execute(statement.encode()))), None)
