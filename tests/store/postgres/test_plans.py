"""PostgreSQL too finds the rows of customers by an index, in every statement about them."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from tessera.store import sql
from tessera.store.postgres import statements
from tessera.store.postgres.statements import PreparedStatement
from tests.store.test_plans import GROWING, READ_THROUGH
from tests.support import postgres
from tests.support.statements import reads


def prepared() -> dict[str, PreparedStatement]:
    """Every statement that touches customers and what is kept of them, as it is sent, by a name for it."""
    topics = ("customers", "ledger", "lots", "outbox", "timeline")
    found = {
        f"{kind.__name__} {place}": each.statement
        for topic in topics
        for kind in getattr(getattr(sql, topic), "WRITES", {})
        for place, each in enumerate(statements.of_change(kind))
    }
    for topic in topics:
        found |= {name: statements.prepared(each) for name, each in reads(topic).items()}
    return {
        name: each
        for name, each in found.items()
        if b" from " in each.sql or each.sql.startswith((b"update", b"delete"))
    }


STATEMENTS = prepared()

_ALL_OF_ONE = re.compile(r"Index Cond: \((\w\.)?organization = \$\d+\)")
"""By this all that an organization has is read."""


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    """A new database, where reading a table through is the last resort.

    In one that was used PostgreSQL knows how few rows there are, and then any plan is as good as another.
    """
    with psycopg.connect(postgres.empty_database(), autocommit=True, prepare_threshold=None) as opened:
        opened.execute("set enable_seqscan = off")
        opened.execute("set plan_cache_mode = force_generic_plan")
        yield opened


def scans(connection: psycopg.Connection, statement: PreparedStatement) -> list[str]:
    """The steps of PostgreSQL's own plan that read a table that grows through, by whatever index."""
    result = connection.pgconn.prepare(statement.key, statement.sql, statement.oids)
    assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message
    nothing = ", ".join(["null"] * len(statement.names))
    execute = f"explain (costs off) execute {statement.key.decode()}{f'({nothing})' if nothing else ''}"
    plan = [row[0].strip() for row in connection.execute(execute.encode()).fetchall()]
    connection.execute(f"deallocate {statement.key.decode()}".encode())
    return [line for line, after in zip(plan, [*plan[1:], ""], strict=True) if _reads_through(line, after)]


def _reads_through(line: str, after: str) -> bool:
    """Whether a step reads everything in a table: it has no condition that its index finds rows by."""
    words = line.split()
    table = next((words[place + 1] for place, word in enumerate(words[:-1]) if word == "on"), "")
    found = after.startswith("Index Cond:") and not _ALL_OF_ONE.fullmatch(after)
    return "Scan" in line and table in GROWING and "Bitmap Heap" not in line and not found


@pytest.mark.parametrize("name", sorted(set(STATEMENTS) - READ_THROUGH))
def test_no_statement_reads_a_table_through(connection: psycopg.Connection, name: str) -> None:
    """PostgreSQL has an index for each table that grows."""
    assert scans(connection, STATEMENTS[name]) == []


def test_a_statement_that_scans_is_seen(connection: psycopg.Connection) -> None:
    """A look-up without an index is complained about."""
    for statement in (
        "select id from customer where profile = :profile",
        "select c.id from phone p join customer c on c.number = p.customer where p.mobile = 1",
        "select count(*) from ledger_entry where amount = :amount",
    ):
        assert scans(connection, statements.prepared(statement)) != []
