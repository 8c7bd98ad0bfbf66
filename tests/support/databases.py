"""Databases on the tests' PostgreSQL server, used again and again: one is emptied in a hundredth of a copy's time."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg

from tests.support.postgres import Cluster, cluster, template

_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
_SEQUENCES = "select sequencename from pg_sequences where schemaname = 'public' and last_value is not null"
_OTHERS = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
_KEPT = "alembic_version"
"""The only table of which an empty database has a row."""

_END_OTHERS = f"""
do $$ begin
    perform pg_terminate_backend(pid) {_OTHERS};
    while exists (select 1 {_OTHERS}) loop
        perform pg_sleep(0.001);
        perform pg_stat_clear_snapshot();
    end loop;
end $$"""

_EMPTY = f"""
do $$ declare name text; there boolean; begin
    set local session_replication_role = replica;
    for name in {_TABLES} and relname <> '{_KEPT}' loop
        execute format('select exists (select 1 from %I)', name) into there;
        if there then
            execute format('delete from %I', name);
        end if;
    end loop;
    for name in {_SEQUENCES} loop
        execute format('alter sequence %I restart', name);
    end loop;
end $$"""
"""Without regard to what refers to what. `truncate` takes ten times as long for tables of a few rows."""


class Contents(NamedTuple):
    """The rows of a database by table, as `copy` writes them, and where its sequences stand."""

    rows: dict[str, bytes]
    sequences: dict[str, int]


class Kept:
    """A database that is used again. `url` is for its owner, who may do nothing else."""

    def __init__(self, made: Cluster, name: str) -> None:
        self.url = made.url(name)
        self._connection = psycopg.connect(made.url(name, "postgres"), autocommit=True)
        atexit.register(self._connection.close)  # which also keeps it until then

    def empty(self) -> None:
        """Make it as one that was just set up. Whoever is still connected is thrown out first."""
        self._connection.execute(_END_OTHERS)
        self._connection.execute(_EMPTY.encode())

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of one statement, as the superuser."""
        return self._connection.execute(statement.encode()).fetchall()

    def execute(self, statements: str) -> None:
        """Run statements as the superuser."""
        self._connection.execute(statements.encode())

    def contents(self) -> Contents:
        """Everything that is in it."""
        rows = {}
        for (name,) in self._connection.execute(_TABLES).fetchall():
            with self._connection.cursor().copy(f'copy "{name}" to stdout'.encode()) as copy:
                found = b"".join(bytes(part) for part in copy)
            if found and name != _KEPT:
                rows[name] = found
        sequences = f"select sequencename, last_value from pg_sequences where sequencename in ({_SEQUENCES})"
        return Contents(rows, dict(self._connection.execute(sequences.encode()).fetchall()))

    def fill(self, contents: Contents) -> None:
        """Put into an empty one what was in another."""
        with self._connection.transaction():
            self._connection.execute("set local session_replication_role = replica")
            for name, found in contents.rows.items():
                with self._connection.cursor().copy(f'copy "{name}" from stdin'.encode()) as copy:
                    copy.write(found)
            for name, value in contents.sequences.items():
                self._connection.execute("select setval(%s::regclass, %s)", (name, value))


_idle: list[Kept] = []


def borrow() -> Kept:
    """An empty database of the current schema, to be given back."""
    if not _idle:
        return Kept(cluster(), cluster().create_database(template()))
    found = _idle.pop()
    found.empty()
    return found


def give_back(database: Kept) -> None:
    """Let others have it. What is in it stays until then, so that it can be looked at when a test failed."""
    _idle.append(database)


@contextmanager
def borrowed() -> Iterator[Kept]:
    """An empty database for the length of a block."""
    database = borrow()
    try:
        yield database
    finally:
        give_back(database)
