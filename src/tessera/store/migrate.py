"""Bringing a database to the schema of this version, and telling how far it is from it.

Alembic is only imported when there is something to migrate: it takes half a second that a start does not have.
"""

import sqlite3
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tessera import files
from tessera.ports import Unusable
from tessera.store import sql, sqlite
from tessera.store.migrations import HEAD
from tessera.store.sql.statement import only_column

if TYPE_CHECKING:
    from sqlalchemy import Connection


COPYING, BACKUP = "copying", "backup"
"""What stands in the place of the schema's version while a database must not be served, by no version."""


class Unfinished(Unusable):
    """The database is the beginning of a copy."""


class SchemaState(Enum):
    """How a database stands to this version of Tessera."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"


def sqlite_state(path: Path) -> SchemaState:
    """What is in a SQLite file; a file that does not exist is empty, and is not made.

    Raises Unusable for a file that is no database, is somebody else's, or was made by a newer version.
    """
    if not path.exists() or path.stat().st_size == 0:
        return SchemaState.EMPTY
    try:
        connection = read_only(path)
        try:
            return _state(connection, path)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise Unusable(
            f"{path} cannot be read as a SQLite database ({error}). Restore it from a backup, or name another"
            " folder with --data-dir."
        ) from error


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing; beside a database that nobody has open it leaves no file either."""
    in_use = any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-journal"))
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}", uri=True)


def older(path: Path) -> Unusable:
    """The refusal of a database whose schema is older than this version's."""
    return Unusable(
        f"{path} has an older schema. Back it up with the version that made it,"
        f" then run `tessera migrate --data-dir {path.parent}`."
    )


def _state(connection: sqlite3.Connection, path: Path) -> SchemaState:
    tables = set(only_column(connection.execute("select name from sqlite_master where type = 'table'")))
    if not tables:
        return SchemaState.EMPTY
    (mark,) = only_column(connection.execute("pragma application_id"))
    if mark != sqlite.APPLICATION_ID or "alembic_version" not in tables:
        raise Unusable(f"{path} is a database of another program. Name a folder of Tessera's own with --data-dir.")
    version = next(iter(only_column(connection.execute(sql.identity.SCHEMA_VERSION))), "")
    return compared(version, str(path))


def compared(version: str, what: str) -> SchemaState:
    """How a schema's version stands to this one's. Raises Unusable for a newer one, and what must not be served."""
    if version == HEAD:
        return SchemaState.CURRENT
    if version == COPYING:
        raise Unfinished(
            f"{what} is the beginning of a copy. Run the same `tessera copy` or `tessera restore` again: it goes on."
        )
    if version == BACKUP:
        raise Unusable(f"{what} is a backup. Put it back with `tessera restore`, into an empty folder or database.")
    if version > HEAD:
        raise Unusable(
            f"{what} has schema {version}, made by a newer Tessera than this one (schema {HEAD})."
            " Start it with that version or a later one."
        )
    return SchemaState.OLDER


def migrate_sqlite(path: Path) -> None:
    """Run the revisions that are missing, in one transaction. The file is made, mode 0600, when it is not there.

    Raises Unusable when anything but plain files lies in the place of its logs.
    """
    from sqlalchemy import URL, create_engine, event

    for suffix in sqlite.LOGS:  # SQLite follows no link there: what it cannot use is told before anything is made
        files.is_there(path.with_name(path.name + suffix))
    if not path.exists():
        files.make_empty(path)
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", lambda connection, _record: _prepare(connection))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin immediate"))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"pragma application_id = {sqlite.APPLICATION_ID}")
            upgrade(connection)
    finally:
        engine.dispose()
    sqlite.connect(path).close()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None  # sqlite3's own transactions would not cover DDL: begin by hand
    connection.execute("pragma auto_vacuum = incremental")  # in a file that is new: free pages can be given back
    connection.execute("pragma secure_delete = on")


def upgrade(connection: "Connection") -> None:
    """Run the revisions that are missing, in the transaction that is open on this connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
