"""A SQLite file as one end of a copy."""

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from tessera.ports import Unusable
from tessera.store import sqlite
from tessera.store.migrate import SchemaState, migrate_sqlite, older, sqlite_state
from tessera.store.sql.statement import Select, only_column
from tessera.store.transfer.endpoints import BATCH_ROWS, Moment, R, Row, Written
from tessera.store.transfer.tables import BYTES, INTEGER, LEFT_OUT, TEXT, Column, Table, in_order, listed, quoted

_KINDS = {"INTEGER": INTEGER, "TEXT": TEXT, "BLOB": BYTES}

_CACHE_KIBIBYTES = 131_072
"""Indexes of what people are called are written all over the file: while that much of it is in memory, it is quick."""


class ColumnRow(msgspec.Struct, frozen=True):
    """A row of `COLUMNS`: `pk` is the place of the column in the key, from 1, and 0 outside of it."""

    name: str
    type: str
    pk: int


COLUMNS = Select("select name, type, pk from pragma_table_info(:name)", ColumnRow)


@contextmanager
def told(text: str) -> Iterator[None]:
    """What SQLite cannot do, as a sentence. Raises Unusable."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unusable(f"{text} cannot be read or written ({error}). Put that right, then run this again.") from error
    except (sqlite3.DatabaseError, UnicodeError) as error:
        raise Unusable(f"{text} is damaged ({error}). Restore it from a backup, or name another.") from error


class SQLiteEnd:
    """A database in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = str(path)

    def state(self) -> SchemaState:
        return sqlite_state(self.path)

    def make(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(f"The folder {self.path.parent} cannot be made ({error.strerror}).") from error
        with told(self.text):
            migrate_sqlite(self.path)

    def older(self) -> Unusable:
        return older(self.path)

    @contextmanager
    def moment(self, *, alone: bool) -> Iterator[Moment]:
        with told(self.text), closing(sqlite.connect(self.path)) as connection:
            try:
                connection.execute("begin immediate" if alone else "begin")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                raise Unusable(f"Somebody writes to {self.text} just now. Stop its servers and commands.") from error
            connection.execute("select count(*) from sqlite_master").fetchone()  # the moment is this one
            yield SQLiteMoment(connection, self.text)

    @contextmanager
    def written(self) -> Iterator[Written]:
        with told(self.text), closing(sqlite.connect(self.path)) as connection:
            connection.execute("pragma synchronous = normal")  # made durable at the end, by `finish`
            connection.execute(f"pragma cache_size = -{_CACHE_KIBIBYTES}")
            yield SQLiteWritten(connection, self.text)


class SQLiteMoment:
    """What a connection with a transaction open sees."""

    def __init__(self, connection: sqlite3.Connection, text: str) -> None:
        self._connection = connection
        self._text = text

    @cached_property
    def tables(self) -> list[Table]:
        names = self.values("select name from sqlite_master where type = 'table' and name not glob 'sqlite_*'")
        return in_order(self._table(name) for name in names if name not in LEFT_OUT)

    def _table(self, name: str) -> Table:
        about = self.rows(COLUMNS, {"name": name})
        foreign = self.values('select "table" from pragma_foreign_key_list(:name)', {"name": name})
        (made,) = self.values("select sql from sqlite_master where name = :name", {"name": name})
        columns = {each.name: Column(each.name, _kind(name, each.type)) for each in about}
        keyed = [each.name for each in sorted(about, key=lambda each: each.pk) if each.pk]
        return Table(
            name,
            tuple(columns[column] for column in keyed),
            tuple(columns[column] for column in sorted(columns.keys() - set(keyed))),
            keyed[0] if "autoincrement" in made.lower() else None,
            frozenset(foreign),
        )

    def batches(self, table: Table, after: Sequence[Any] | None = None) -> Iterator[list[Row]]:
        key = listed(table.key)
        where = f" where ({key}) > ({', '.join('?' * len(table.key))})" if after is not None else ""
        asked = f"select {table.names} from {quoted(table.name)}{where} order by {key}"
        with told(self._text):
            rows = self._connection.execute(asked, tuple(after or ()))
            while batch := rows.fetchmany(BATCH_ROWS):
                yield batch

    def last_number(self, table: Table) -> int:
        found = self.values("select seq from sqlite_sequence where name = :name", {"name": table.name})
        return int(found[0]) if found else 0

    def rows(self, select: Select[R], parameters: Mapping[str, object] | None = None) -> list[R]:
        return select.rows(self._fetched(select.sql, parameters))

    def values(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        return only_column(self._fetched(sql, parameters))

    def _fetched(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        with told(self._text):
            return self._connection.execute(sql, parameters or {}).fetchall()


def _kind(table: str, kind: str) -> str:
    if kind not in _KINDS:
        raise Unusable(f"The table {table} has a column of a type that is not Tessera's ({kind}).")
    return _KINDS[kind]


class SQLiteWritten(SQLiteMoment):
    """The same, written through."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    def do(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        return self._connection.execute(sql, parameters or {}).rowcount

    def insert(self, table: Table, rows: list[Row]) -> None:
        places = ", ".join("?" * len(table.columns))
        self._connection.executemany(f"insert into {quoted(table.name)} ({table.names}) values ({places})", rows)

    def clear(self) -> None:
        for table in reversed(self.tables):
            self.do(f"delete from {quoted(table.name)}")
        self.do("delete from sqlite_sequence")

    def go_on_after(self, table: Table, number: int) -> None:
        self.do("delete from sqlite_sequence where name = :name", {"name": table.name})
        self.do("insert into sqlite_sequence values (:name, :number)", {"name": table.name, "number": number})

    def finish(self) -> None:
        self._connection.execute("pragma synchronous = full")
        self._connection.execute("pragma wal_checkpoint(truncate)")
        (file,) = self.values("select file from pragma_database_list where name = 'main'")
        synchronize(Path(file))


def synchronize(path: Path) -> None:
    """Have a file, and its name in its folder, be on the disk."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
