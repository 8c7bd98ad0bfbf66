"""Statements and values as PostgreSQL takes them, there and back."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import psycopg
import pytest

from tessera.core.changes import AddCredential, AddOrganization, SetStanding
from tessera.store import sql
from tessera.store.driver import Row
from tessera.store.postgres import failures, statements
from tessera.store.postgres.statements import (
    BYTES,
    INTEGER,
    TEXT,
    UNKNOWN,
    NulError,
    decode_rows,
    encode,
    encode_parameters,
    prepared,
)
from tests.support import databases


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    """A connection to some database."""
    with databases.borrowed() as database, psycopg.connect(database.url, autocommit=True) as opened:
        yield opened


def asked(connection: psycopg.Connection, statement: str, **parameters: object) -> list[Row]:
    """The rows of a statement of the context. Raises as the store does."""
    made = prepared(statement)
    result = connection.pgconn.exec_params(made.sql, encode_parameters(parameters, made.names), made.oids)
    if failures.failed(result):
        raise failures.error(result)
    return decode_rows(result)


def test_parameters_by_position() -> None:
    """One that stands twice is sent once; a cast by two colons is none; every statement has a name of its own."""
    made = prepared("select :b, :a, :b::text where x = :a")
    assert made.sql == b"select $1, $2, $1::text where x = $2"
    assert made.names == ("b", "a")
    assert made.oids == (UNKNOWN, UNKNOWN)
    assert prepared("select 1").key != prepared("select 1").key


def test_the_types_of_a_change() -> None:
    """They are those of its fields, also where None may stand for a value."""
    for kind, name, oid in ((AddOrganization, "name", TEXT), (SetStanding, "customer", INTEGER)):
        made = next(each.statement for each in statements.of_change(kind) if name in each.statement.names)
        assert dict(zip(made.names, made.oids, strict=True))[name] == oid

    made = statements.of_change(AddCredential)[0].statement
    types = dict(zip(made.names, made.oids, strict=True))
    assert (types["ends_at"], types["digest"]) == (INTEGER, BYTES)


VALUES: list[tuple[str, object]] = [
    ("bigint", 0),
    ("bigint", -1),
    ("bigint", 2**63 - 1),
    ("bigint", -(2**63)),
    ("bigint", None),
    ("integer", 2**31 - 1),
    ("smallint", -32768),
    ("numeric", 2**70),
    ("text", ""),
    ("text", "a'b\"c\\d\n\t%s :name $1"),
    ("text", "Ünïcödé \U0001f600 \u202e"),
    ("text", "x" * 1_000_000),
    ("text", None),
    ("bytea", b""),
    ("bytea", bytes(range(256))),
    ("bytea", b"\\x41"),
    ("bytea", None),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=lambda value: str(value)[:12])
def test_values_come_back_as_they_went(connection: psycopg.Connection, kind: str, value: object) -> None:
    """Whatever a database holds."""
    assert asked(connection, f"select cast(:value as {kind}), :value is null", value=value) == [
        (value, int(value is None))
    ]


def test_truth_is_a_number(connection: psycopg.Connection) -> None:
    """As SQLite has it."""
    assert asked(connection, "select true, false, cast(null as boolean)") == [(1, 0, None)]
    assert asked(connection, "select 1 where false") == []


def test_what_no_row_can_hold() -> None:
    """A NUL, half a letter, and what is no value at all."""
    with pytest.raises(NulError):
        encode("a\0b")
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")
    with pytest.raises(TypeError):
        encode(1.5)


@pytest.mark.parametrize("statement", ["select cast(:value as bigint)", "select 1 from customer where number = :value"])
def test_a_number_that_is_too_big_is_a_defect(connection: psycopg.Connection, statement: str) -> None:
    """It is its caller's fault, and nothing is wrong with the database."""
    with pytest.raises(failures.DefectError):
        asked(connection, statement, value=2**63)


def test_every_state_of_the_server_is_told_apart(connection: psycopg.Connection) -> None:
    """What is a defect, what passes, and what means that the database is away, by what the server says."""

    def error(code: str) -> psycopg.pq.abc.PGresult:
        raised = f"do $$ begin raise exception 'planned' using errcode = '{code}'; end $$"
        return connection.pgconn.exec_params(raised.encode(), [])

    for code in ("22003", "23505", "23503", "42601", "0A000", "21000"):
        assert failures.is_defect(error(code)), code
    for code in ("40001", "40P01"):
        assert failures.is_retryable(error(code), serialized=False), code
    for code in ("57014", "53100", "53300", "25006", "57P01", "XX000", "58030", "55P03"):
        assert not failures.is_defect(error(code)), code
        assert not failures.is_retryable(error(code), serialized=True), code
        assert failures.message(error(code)) == "planned"


_WHOLE = re.compile(r"select .* from |insert |update |delete |with ")


def _every() -> dict[str, statements.PreparedStatement]:
    """Every statement of the context, by a name for it."""
    found = {
        f"{kind.__name__} {place}": each.statement
        for kind in sql.WRITES
        for place, each in enumerate(statements.of_change(kind))
    }
    for info in pkgutil.iter_modules(sql.__path__):
        topic = importlib.import_module(f"{sql.__name__}.{info.name}")
        found |= {
            f"{info.name}.{name}": prepared(text)
            for name, text in vars(topic).items()
            if name[0] != "_" and isinstance(text, str) and _WHOLE.match(text)
        }
    return found


EVERY = _every()


@pytest.mark.parametrize("name", EVERY)
def test_every_statement_is_understood(connection: psycopg.Connection, name: str) -> None:
    """The server knows its tables and columns, and can tell the types of its parameters."""
    made = EVERY[name]
    result = connection.pgconn.prepare(b"", made.sql, made.oids)
    assert not failures.failed(result), failures.message(result)
