"""The engine that tests run on at the moment, and the database of each data folder.

On PostgreSQL a data folder has a file beside it, `FOLDER.url`, which names its database; other processes of a test find
it there. Tests need not know: they name a data folder.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import psycopg

from tessera import files
from tessera.store.folder import DATABASE, DataFolder
from tests.support import databases
from tests.support.databases import Kept

SQLITE, POSTGRES = "sqlite", "postgres"
ENGINES = (SQLITE, POSTGRES)

_chosen = [SQLITE]
_lent: list[Kept] = []
_lending = Lock()

Row = tuple[Any, ...]


@contextmanager
def on(engine: str) -> Iterator[None]:
    """Data folders that are set up in the block get a database of this engine."""
    _chosen.append(engine)
    try:
        with returning():
            yield
    finally:
        _chosen.pop()


@contextmanager
def returning() -> Iterator[None]:
    """What is lent to data folders in the block is given back at its end."""
    before = len(_lent)
    try:
        yield
    finally:
        while len(_lent) > before:
            databases.give_back(_lent.pop())


def chosen() -> str:
    """The engine of the moment."""
    return _chosen[-1]


def url(folder: Path) -> str | None:
    """Where the database of a data folder is; None when it is the file in it."""
    named = _file(folder)
    return named.read_text() if named.exists() else None


def lend(folder: Path) -> Kept | None:
    """See that a data folder has a database of the engine of the moment; the one that it gets by this.

    It has its tables already, so that the folder, which is made, needs a master key.
    """
    with _lending:
        if chosen() == SQLITE or _file(folder).exists():
            return None
        database = databases.borrow()
        _lent.append(database)
        name(folder, database.url)
        made = DataFolder(folder)
        made.make()
        if not made.master_key.exists():
            files.write(made.master_key, secrets.token_hex(32).encode() + b"\n")
        return database


@contextmanager
def keeping() -> Iterator[None]:
    """What is lent to data folders in the block is theirs for as long as the tests run."""
    before = len(_lent)
    yield
    del _lent[before:]


def name(folder: Path, url: str) -> None:
    """Say where the database of a data folder is."""
    _file(folder).write_text(url)


def environment(folder: Path) -> dict[str, str]:
    """What a process needs in its environment to find the database of a data folder."""
    found = url(folder)
    return {} if found is None else {"TESSERA_DATABASE": found, "TESSERA_DATABASE_TIMEOUT_SECONDS": "30"}


def _file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.url")


class Reading:
    """A database, looked at beside those who have it open. Parameters are `?` in turn."""

    def __init__(self, connection: sqlite3.Connection | psycopg.Connection) -> None:
        self._connection: Any = connection
        self.engine = SQLITE if isinstance(connection, sqlite3.Connection) else POSTGRES

    def rows(self, statement: str, *parameters: object) -> list[Row]:
        """Every row."""
        if self.engine == POSTGRES:
            statement = statement.replace("?", "%s")
        cursor = self._connection.execute(statement, parameters or None if self.engine == POSTGRES else parameters)
        return list(cursor.fetchall()) if cursor.description else []

    def one(self, statement: str, *parameters: object) -> Row:
        """The only row. Raises AssertionError when there is not one."""
        found = self.rows(statement, *parameters)
        assert len(found) == 1, found
        return found[0]

    def pairs(self, statement: str, *parameters: object) -> dict[Any, Any]:
        """Rows of two columns: the second by the first."""
        return dict(self.rows(statement, *parameters))

    def tables(self) -> list[str]:
        """The names of the tables."""
        if self.engine == POSTGRES:
            statement = "select table_name from information_schema.tables where table_schema = 'public' order by 1"
        else:
            statement = "select name from sqlite_master where type = 'table' and name <> 'sqlite_sequence' order by 1"
        return [row[0] for row in self.rows(statement)]


@contextmanager
def reading(place: Path | str) -> Iterator[Reading]:
    """A look at a database: of a data folder, or the one at a URL, or in a file."""
    with _connected(place, writing=False) as connection:
        yield connection


@contextmanager
def writing(place: Path | str) -> Iterator[Reading]:
    """The same, and what is written is there when the block ends."""
    with _connected(place, writing=True) as connection:
        yield connection


@contextmanager
def _connected(place: Path | str, *, writing: bool) -> Iterator[Reading]:
    found = place if isinstance(place, str) else url(place)
    if found is not None:
        with psycopg.connect(found, autocommit=not writing) as connection:
            if not writing:
                connection.execute("set default_transaction_read_only = on")
            yield Reading(connection)
        return
    file = Path(place) if Path(place).is_file() else Path(place) / DATABASE
    with closing(sqlite3.connect(f"file:{file}?mode={'rw' if writing else 'ro'}", uri=True)) as opened, opened:
        yield Reading(opened)


def stored(folder: Path) -> dict[str, bytes]:
    """Everything that is kept of a data folder: its files, and the rows where they are elsewhere, by name."""
    found = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    if url(folder) is not None:
        with reading(folder) as database:
            for table in database.tables():
                values = [value for row in database.rows(f'select * from "{table}"') for value in row]
                found[table] = b"\n".join(_raw(value) for value in values)
    return found


def _raw(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def dump(place: Path | str) -> list[str]:
    """Every row of every table, each with the name of its table."""
    with reading(place) as database:
        return [
            f"{table} {row}"
            for table in database.tables()
            for row in sorted(database.rows(f'select * from "{table}"'), key=str)
        ]
