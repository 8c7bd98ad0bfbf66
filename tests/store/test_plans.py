"""Every statement about customers finds its rows by an index, so that it is as quick with millions of them."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tessera.core import changes
from tessera.store import sql
from tests.support.statements import reads
from tests.support.stores import empty_database

GROWING = frozenset(
    {
        "behaviour",
        "customer",
        "event",
        "identifier",
        "ledger_entry",
        "membership",
        "merged_customer",
        "phone",
        "purchase",
        "purchase_award",
        "referrer_code",
        "tag",
        "user_event",
    }
)
"""Tables that grow with the customers: none of them is ever read through."""


def statements() -> dict[str, str]:
    """Every statement that touches customers and what is kept of them, by a name for it."""
    topics = ("customers", "ledger", "lots", "merging", "outbox", "purchases", "timeline")
    found = {
        f"{kind.__name__} {place}": each.sql
        for topic in topics
        for kind, written in getattr(getattr(sql, topic), "WRITES", {}).items()
        for place, each in enumerate(written)
    }
    for topic in topics:
        found |= reads(topic)
    return {name: each for name, each in found.items() if " from " in each or each.startswith(("update", "delete"))}


def scans(connection: sqlite3.Connection, statement: str) -> list[str]:
    """The tables that grow and that a statement would read through, or sort, by SQLite's own plan."""
    parameters = dict.fromkeys(re.findall(r":(\w+)", statement), 1)
    plan = [row[3] for row in connection.execute(f"explain query plan {statement}", parameters)]
    assert plan, statement
    return [line for line in plan if _reads_through(line) or "TEMP B-TREE" in line]


def _reads_through(line: str) -> bool:
    """Whether a step of a plan reads a table, or all that an organization has in it."""
    scans = line.startswith("SCAN") and line.split()[1] in {*GROWING, "c", "p", "x"}
    return scans or (line.endswith("(organization=?)") and "webhook" not in line)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database of the current schema."""
    with closing(sqlite3.connect(empty_database(tmp_path / "tessera.db"))) as opened:
        yield opened


SORTED_IN_MEMORY = frozenset({"DEPOSITED", "EARNED", "EXPIRED", "PROVEN_SUMS", "RETURNED", "SUMS", "WAITING"})
"""Statements that group the entries or purchases of one customer, or count the events that wait for a webhook."""

READ_THROUGH = frozenset({"CUSTOMERS", "EVENT", "EVENTS_ABOUT"})
"""Statements that read a table through, in a process of the operator's own: an index would cost every deposit."""


@pytest.mark.parametrize("name", sorted(set(statements()) - READ_THROUGH))
def test_no_statement_reads_a_table_through(connection: sqlite3.Connection, name: str) -> None:
    """SQLite plans to search each table that grows, never to scan it, nor to sort what it found."""
    found = scans(connection, statements()[name])
    assert [line for line in found if name not in SORTED_IN_MEMORY or "SCAN" in line] == []


def test_a_statement_that_scans_is_seen(connection: sqlite3.Connection) -> None:
    """A look-up without an index is complained about."""
    assert scans(connection, "select id from customer where profile = :profile") != []
    assert (
        scans(connection, "select c.id from phone p join customer c on c.number = p.customer where p.mobile = 1") != []
    )
    assert scans(connection, "select number from customer where organization = :o order by created_at") != []
    assert scans(connection, sql.customers.CUSTOMERS_IN.sql.replace("+c.", "c.")) != []
    assert changes.EraseCustomer in sql.WRITES


def purging() -> dict[str, str]:
    """Every statement of a purge, and those that tell whether one has anything to do, by a name for it."""
    written = {
        f"{kind.__name__} {place}": each.sql
        for kind, statements in sql.purges.WRITES.items()
        for place, each in enumerate(statements)
        if "select" in each.sql or not each.sql.startswith("insert")
    }
    return written | {f"{kind.__name__} left": each for kind, each in sql.purges.LEFT.items()}


@pytest.mark.parametrize("name", sorted(purging()))
def test_a_purge_finds_what_it_deletes_by_an_index(connection: sqlite3.Connection, name: str) -> None:
    """A batch reads the rows that it deletes and no others, however many there are, and sorts none."""
    parameters = dict.fromkeys(re.findall(r":(\w+)", purging()[name]), 1)
    plan = [str(row[3]) for row in connection.execute(f"explain query plan {purging()[name]}", parameters)]
    assert plan
    assert [line for line in plan if "TEMP B-TREE" in line or (line.startswith("SCAN") and _is_table(line))] == []


def _is_table(line: str) -> bool:
    """Whether a step reads a table, and not the rows that a step before it found."""
    return line.split()[1] not in {"ended", "CONSTANT"}


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("rotation.ENDING", "credential_ends"),
        ("usage.WASTEFUL_CLIENTS", "usage_hour_hour"),
        ("usage.HOURS", "PRIMARY KEY"),
    ],
)
def test_what_is_warned_of_is_found_by_an_index(connection: sqlite3.Connection, name: str, index: str) -> None:
    """Looking for warnings reads neither all credentials nor all hours, however many there are."""
    topic, _, statement = name.partition(".")
    text = reads(topic)[statement]
    parameters = dict.fromkeys(re.findall(r":(\w+)", text), 1)
    plan = [str(row[3]) for row in connection.execute(f"explain query plan {text}", parameters)]
    assert any(index in line for line in plan), plan
    assert [line for line in plan if line.startswith("SCAN")] == []
