"""A PostgreSQL database as one end of a copy: a snapshot in one transaction, rows by COPY."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

import msgspec
import psycopg

from tessera.ports import Unusable
from tessera.store.migrate import SchemaState
from tessera.store.postgres import schema
from tessera.store.postgres.address import Address, address
from tessera.store.postgres.write_lock import WRITE_LOCK
from tessera.store.sql.statement import Select, only_column
from tessera.store.transfer.endpoints import BATCH_ROWS, Moment, R, Row, Written
from tessera.store.transfer.tables import BYTES, INTEGER, LEFT_OUT, TEXT, Column, Table, in_order, quoted

_KINDS = {"bigint": INTEGER, "integer": INTEGER, "text": TEXT, "bytea": BYTES}

_PARAMETER = re.compile(r"(?<!:):(\w+)")

_TABLES = "select tablename from pg_tables where schemaname = current_schema()"


class ColumnRow(msgspec.Struct, frozen=True):
    """A row of `COLUMNS`."""

    column_name: str
    data_type: str
    is_identity: str


COLUMNS = Select(
    "select column_name, data_type, is_identity from information_schema.columns"
    " where table_schema = current_schema() and table_name = :name",
    ColumnRow,
)
_KEY = (
    "select a.attname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)"
    " where i.indrelid = to_regclass(:name) and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)"
)
_REFERS = (
    "select t.relname from pg_constraint c join pg_class t on t.oid = c.confrelid"
    " where c.conrelid = to_regclass(:name) and c.contype = 'f'"
)
_PATIENT = (
    "select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"
)


@contextmanager
def told(text: str) -> Iterator[None]:
    """What the server does not do, as a sentence. Raises Unusable."""
    try:
        yield
    except psycopg.Error as error:
        said = " ".join(str(error).split()).rstrip(".")
        raise Unusable(f"{text} does not do what was asked ({said}). Put that right, then run this again.") from error


class PostgresEnd:
    """A database of a server. Raises Unusable for a URL that is none."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._address: Address = address(url)
        self.text = self._address.text

    def state(self) -> SchemaState:
        return schema.state(self._address)

    def make(self) -> None:
        with told(self.text):
            schema.migrate(self._address)

    def older(self) -> Unusable:
        return Unusable(
            f"The database {self.text} has an older schema. Back it up with the version that made it,"
            " then run `tessera migrate` on it."
        )

    @contextmanager
    def moment(self, *, alone: bool) -> Iterator[Moment]:
        with ExitStack() as held:
            if alone:
                held.enter_context(self._turn())
            connection = held.enter_context(schema.connected(self._address))
            held.enter_context(told(self.text))
            connection.prepare_threshold = None  # a pooler may be between
            held.callback(connection.execute, b"rollback")
            connection.execute(b"begin isolation level repeatable read read only")
            connection.execute(_PATIENT.encode())
            yield PostgresMoment(connection, self.text)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the lock that every writer takes, by a transaction of its own: what is read later is all there is."""
        with schema.connected(self._address) as connection, connection.transaction():
            connection.execute(_PATIENT.encode())
            held = connection.execute(f"select pg_try_advisory_xact_lock({WRITE_LOCK})".encode()).fetchone()
            if held != (True,):
                raise Unusable(f"Somebody writes to {self.text} just now. Stop its servers and commands.")
            yield

    @contextmanager
    def written(self) -> Iterator[Written]:
        with schema.connected(self._address) as connection, told(self.text):
            connection.prepare_threshold = None
            yield PostgresWritten(connection, self.text)


class PostgresMoment:
    """What a connection sees; one with a transaction open sees a moment."""

    def __init__(self, connection: psycopg.Connection, text: str) -> None:
        self._connection = connection
        self._text = text

    @cached_property
    def tables(self) -> list[Table]:
        return in_order(self._table(name) for name in self.values(_TABLES) if name not in LEFT_OUT)

    def _table(self, name: str) -> Table:
        about = self.rows(COLUMNS, {"name": name})
        columns = {each.column_name: Column(each.column_name, _kind(name, each.data_type)) for each in about}
        keyed = self.values(_KEY, {"name": quoted(name)})
        return Table(
            name,
            tuple(columns[column] for column in keyed),
            tuple(columns[column] for column in sorted(columns.keys() - set(keyed))),
            next((each.column_name for each in about if each.is_identity == "YES"), None),
            frozenset(self.values(_REFERS, {"name": quoted(name)})),
        )

    def batches(self, table: Table, after: Sequence[Any] | None = None) -> Iterator[list[Row]]:
        key = ", ".join(_in_bytes(column) for column in table.key)
        where = f" where ({key}) > ({', '.join(['%s'] * len(table.key))})" if after is not None else ""
        asked = f"select {table.names} from {quoted(table.name)}{where} order by {key}"
        connection = self._connection
        with told(self._text), connection.transaction(), connection.cursor("rows", binary=True) as rows:
            rows.execute(asked.encode(), after)
            while batch := rows.fetchmany(BATCH_ROWS):
                yield batch

    def last_number(self, table: Table) -> int:
        (sequence,) = self.values(
            "select pg_get_serial_sequence(:table, :column)", {"table": quoted(table.name), "column": table.number}
        )
        (number,) = self.values(f"select case when is_called then last_value else 0 end from {sequence}")
        return int(number)

    def rows(self, select: Select[R], parameters: Mapping[str, object] | None = None) -> list[R]:
        return select.rows(self._fetched(select.sql, parameters))

    def values(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        return only_column(self._fetched(sql, parameters))

    def _fetched(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        with told(self._text):
            return self._connection.execute(_PARAMETER.sub(r"%(\1)s", sql).encode(), parameters).fetchall()


def _in_bytes(column: Column) -> str:
    """A column in the order that SQLite has too, whatever language the database speaks."""
    return f'{quoted(column.name)} collate "C"' if column.kind == TEXT else quoted(column.name)


def _kind(table: str, kind: str) -> str:
    if kind not in _KINDS:
        raise Unusable(f"The table {table} has a column of a type that is not Tessera's ({kind}).")
    return _KINDS[kind]


class PostgresWritten(PostgresMoment):
    """The same, written through."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._connection.transaction():
            self._connection.execute(_PATIENT.encode())
            yield

    def do(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        return self._connection.execute(_PARAMETER.sub(r"%(\1)s", sql).encode(), parameters).rowcount

    def insert(self, table: Table, rows: list[Row]) -> None:
        self.do("set local synchronous_commit = off")  # made durable at the end, by the commit that ends the copy
        asked = f"copy {quoted(table.name)} ({table.names}) from stdin"
        with self._connection.cursor() as cursor, cursor.copy(asked.encode()) as lines:
            for row in rows:
                lines.write_row(row)

    def clear(self) -> None:
        self.do(f"truncate {', '.join(quoted(table.name) for table in self.tables)} restart identity")

    def go_on_after(self, table: Table, number: int) -> None:
        self.values(
            "select setval(pg_get_serial_sequence(:table, :column), :number)",
            {"table": quoted(table.name), "column": table.number, "number": number},
        )

    def finish(self) -> None:
        self.do("analyze")
