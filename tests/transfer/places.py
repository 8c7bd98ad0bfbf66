"""Databases of both engines with rows in every table, whatever tables there are."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from random import Random

from tessera.store.postgres.address import address
from tessera.store.postgres.schema import migrate
from tessera.store.postgres.transfer import PostgresEnd
from tessera.store.transfer.copying import Copied, Wish, copy
from tessera.store.transfer.endpoints import BATCH_ROWS, End, Row
from tessera.store.transfer.sqlite_endpoint import SQLiteEnd
from tessera.store.transfer.tables import Table
from tests.support import stores
from tests.support.postgres import cluster

NOW = 1_900_000_000_000_000
MANY = 6000
"""Rows of one table: more than are copied in one transaction."""

BOUNDED = {
    "enabled": (0, 1, 1), "rank": (0, 1, 2), "target": (1, 2, 3), "amount": (1, 2, 3), "mobile": (0, 1, 0),
    "points": (1, 2, 3), "per": (1, 2, 3),
}  # fmt: skip
"""Columns that do not take every integer."""

INTEGERS = (0, 2**63 - 2, -(2**62))
TEXTS = ("Äpfel\tund\nBirnen\\N \\ 'x'", "a", "Z \N{MUSICAL SYMBOL G CLEF}")
RAW = (bytes(range(256)), b"", b"\\x00\0")

ENGINES = ("sqlite", "postgres")


@contextmanager
def quiet(_what: str, _total: int) -> Iterator[Callable[[int], None]]:
    """A bar that nobody sees."""
    yield lambda _done: None


@contextmanager
def stopping(_what: str, _total: int) -> Iterator[Callable[[int], None]]:
    """A bar at which somebody presses Ctrl-C in the middle of the table with many rows."""

    def told(done: int) -> None:
        if done > BATCH_ROWS:
            raise KeyboardInterrupt

    yield told


def fill(path: Path) -> None:
    """Put rows into every table: three with awkward values, a hole where the last one was, and many in one of them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma foreign_keys = on")
        connection.execute("begin")
        with SQLiteEnd(path).moment(alone=False) as moment:
            tables = moment.tables
        for table in tables:
            for number in (1, 2, 3):
                _insert(connection, table, number)
            if table.number and not any(table.name in each.refers for each in tables):
                connection.execute("insert into sqlite_sequence values (?, 9) on conflict do nothing", (table.name,))
                connection.execute("update sqlite_sequence set seq = 9 where name = ?", (table.name,))
        random = Random(7)
        letters = "abzABZ019 _-éÄßøžя中\N{MUSICAL SYMBOL G CLEF}\u00a0"
        for number in range(MANY):
            text = "".join(random.choices(letters, k=6)) + str(number)
            connection.execute("insert into refusal values (?, ?, ?)", (text, number, "{}"))
        connection.execute("commit")


def _insert(connection: sqlite3.Connection, table: Table, number: int) -> None:
    about = connection.execute('select name, type, "notnull", pk from pragma_table_info(?)', (table.name,)).fetchall()
    values = {
        name: _value(table, name, kind, number, keyed=bool(place), null=not required)
        for name, kind, required, place in about
    }
    columns = ", ".join(f'"{name}"' for name in values)
    places = ", ".join("?" * len(values))
    connection.execute(f'insert into "{table.name}" ({columns}) values ({places})', tuple(values.values()))


def _value(table: Table, name: str, kind: str, number: int, *, keyed: bool, null: bool) -> object:
    """A value of a column; one that refers to another table is called like it."""
    if name in table.refers or (keyed and kind == "INTEGER"):
        return number
    if null and number == 2:
        return None
    if name == "purpose":
        return ("sealing", "pepper", "eddsa")[number - 1]
    if name in BOUNDED:
        return BOUNDED[name][number - 1]
    if kind == "INTEGER":
        return INTEGERS[number - 1]
    return RAW[number - 1] if kind == "BLOB" else f"{TEXTS[number - 1]} {number}"


@lru_cache(maxsize=1)
def _filled() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = stores.empty_database(Path(folder) / "filled.db")
        fill(path)
        return path.read_bytes()


@lru_cache(maxsize=1)
def _template() -> str:
    """An empty database that orders text as people do: an order by bytes has to be asked for."""
    server = cluster()
    server.execute("create database people template template0 owner tessera locale_provider icu icu_locale 'en'")
    migrate(address(server.url("people")))
    return "people"


def empty(engine: str, folder: Path, name: str = "empty") -> End:
    """An empty database of the current schema."""
    if engine == "sqlite":
        (folder / name).mkdir()
        return SQLiteEnd(stores.empty_database(folder / name / "tessera.db"))
    return PostgresEnd(cluster().url(cluster().create_database(_template())))


def absent(engine: str, folder: Path) -> End:
    """Where a database may be made: no file, or a database without a table."""
    if engine == "sqlite":
        return SQLiteEnd(folder / "absent" / "tessera.db")
    return PostgresEnd(cluster().url(cluster().create_database()))


def filled(engine: str, folder: Path) -> End:
    """A database with rows in every table."""
    (folder / "filled").mkdir()
    path = folder / "filled" / "tessera.db"
    path.write_bytes(_filled())
    if engine == "sqlite":
        return SQLiteEnd(path)
    end = empty("postgres", folder)
    copied(SQLiteEnd(path), end, online=True)
    return end


def filled_folder(folder: Path) -> Path:
    """A data folder whose database has rows in every table; its keys are none, and there is no master key."""
    return Path(filled("sqlite", folder).text).parent


def copied(source: End, target: End, *, online: bool = False, restart: bool = False) -> Copied:
    """Copy without a word."""
    return copy(source, target, Wish(online, restart), quiet, NOW)


def rows(end: End) -> dict[str, list[Row]]:
    """All rows that are copied, by table."""
    with end.moment(alone=False) as moment:
        return {table.name: [row for batch in moment.batches(table) for row in batch] for table in moment.tables}


def execute(end: End, *statements: str) -> None:
    """Change a database by hand."""
    with end.written() as written, written.transaction():
        for statement in statements:
            written.do(statement)
