"""Rows are read by the names of their columns: those of each row type are the columns that both engines return."""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from tessera import store
from tessera.store import sql
from tessera.store.postgres import statements
from tessera.store.sql.statement import Select
from tessera.store.transfer import backup, copying
from tests.support import databases
from tests.support.engines import POSTGRES, SQLITE
from tests.support.statements import reads
from tests.support.stores import empty_database

pytestmark = pytest.mark.engines(SQLITE, POSTGRES)

Columns = Callable[[str], list[str]]
"""The names of the columns that an engine returns for a statement."""

OF_ONE_ENGINE = {
    "tessera.store.erasure.": SQLITE,
    "tessera.store.postgres.": POSTGRES,
    "tessera.store.transfer.backup": SQLITE,
    "tessera.store.transfer.sqlite_endpoint": SQLITE,
}
"""Modules whose statements one engine alone is asked, by the beginning of their names."""


def selects() -> dict[str, Select[Any]]:
    """Every read of more than one column in the store, by its module and its name."""
    names = [each.name for each in pkgutil.walk_packages(store.__path__, "tessera.store.")]
    modules = [importlib.import_module(name) for name in names if ".migrations" not in name]
    return {
        f"{module.__name__}.{name}": each
        for module in modules
        for name, each in vars(module).items()
        if isinstance(each, Select)
    }


SELECTS = selects()


def asked(engine: str) -> list[str]:
    """The reads that an engine is asked."""
    others = tuple(beginning for beginning, one in OF_ONE_ENGINE.items() if one != engine)
    return sorted(name for name in SELECTS if not name.startswith(others))


def fields(row: Callable[..., Any]) -> list[str]:
    """The names of a row type's fields, in their order. Raises for a type that does not say them."""
    named: Any = row
    return list(named.__struct_fields__ if issubclass(named, msgspec.Struct) else named._fields)


@contextmanager
def _sqlite(folder: Path) -> Iterator[Columns]:
    with closing(sqlite3.connect(empty_database(folder / "tessera.db"), isolation_level=None)) as connection:
        connection.execute(copying.TABLE)
        connection.execute(backup.TABLE)

        def columns(statement: str) -> list[str]:
            given = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
            return [about[0] for about in connection.execute(statement, given).description]

        yield columns


@contextmanager
def _postgres(_folder: Path) -> Iterator[Columns]:
    with databases.borrowed() as database, psycopg.connect(database.url) as connection:
        connection.execute(copying.TABLE.encode())

        def columns(statement: str) -> list[str]:
            made = statements.prepared(statement)
            result = connection.pgconn.prepare(b"", made.sql, made.oids)
            assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message
            described = connection.pgconn.describe_prepared(b"")
            return [(described.fname(place) or b"").decode() for place in range(described.nfields)]

        yield columns
        connection.rollback()


@pytest.fixture(scope="module")
def columns(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Columns]:
    """What tells the columns of a statement, on a database with every table."""
    opened = {SQLITE: _sqlite, POSTGRES: _postgres}[engine]
    with opened(tmp_path_factory.mktemp("columns")) as found:
        yield found


def misnamed(select: Select[Any], columns: Columns) -> list[tuple[str, str]]:
    """Where the fields of a row type are not the columns of its statement."""
    named, returned = fields(select.row), columns(select.sql)
    longest = max(len(named), len(returned))
    both = zip(named + [""] * (longest - len(named)), returned + [""] * (longest - len(returned)), strict=True)
    return [(field, column) for field, column in both if field != column]


def test_the_fields_of_a_row_are_its_columns(engine: str, columns: Columns) -> None:
    """Each row type has the columns that its statement returns, by name and in their order."""
    assert {name: misnamed(SELECTS[name], columns) for name in asked(engine) if misnamed(SELECTS[name], columns)} == {}


def test_every_topic_has_statements_that_are_looked_at() -> None:
    """No read is left out: those of each module that has any are found, and each is asked on some engine."""
    assert len(SELECTS) > 50
    assert {*asked(SQLITE), *asked(POSTGRES)} == set(SELECTS)
    assert set(asked(SQLITE)) & set(asked(POSTGRES)) > {name for name in SELECTS if ".sql." in name}


def test_a_plain_text_returns_one_column(columns: Columns) -> None:
    """A statement that has no row type returns one column, so that there is no order to mistake."""
    texts = {
        f"{topic}.{name}": text
        for topic in sql.__all__
        if topic.islower()
        for name, text in reads(topic).items()
        if text.startswith("select ") and isinstance(getattr(getattr(sql, topic), name), str)
    } | {kind.__name__: text for kind, text in sql.purges.LEFT.items()}
    assert {name: columns(text) for name, text in texts.items() if len(columns(text)) != 1} == {}


class _Planted(msgspec.Struct):
    number: int
    client_id: str


@pytest.mark.parametrize(
    "statement",
    [
        "select client_id, number from application",
        "select number, client_id, name from application",
        "select number from application",
        "select number, name from application",
    ],
)
def test_a_column_in_another_place_is_seen(columns: Columns, statement: str) -> None:
    """Columns that change places, and one too many, one too few or another, are complained about."""
    assert misnamed(Select(statement, _Planted), columns) != []
    assert misnamed(Select("select number, client_id from application", _Planted), columns) == []
