"""What must hold in a database at any time, checked on the file itself."""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any


def check(path: Path) -> None:
    """Raises AssertionError for the first invariant that does not hold."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []
        _nothing_without_its_owner(connection)
        everybody = "select number, standing, identifiers, profile, forgotten_at from customer"
        for number, standing, identifiers, profile, forgotten_at in connection.execute(everybody):
            _customer(connection, number, json.loads(identifiers))
            _phones(connection, number, json.loads(profile))
            if forgotten_at is not None:
                _forgotten(connection, number)
            _standing(connection, number, *json.loads(standing))
    finally:
        connection.close()


def _nothing_without_its_owner(connection: sqlite3.Connection) -> None:
    for table in ("credential", "application_usage"):
        orphans = f"select count(*) from {table} where application not in (select number from application)"
        assert connection.execute(orphans).fetchone() == (0,), f"a row of {table} has no application"
    without = "select client_id from application where number not in (select application from credential)"
    assert connection.execute(without).fetchall() == [], "an application was created without its secret"
    feed = [row[0] for row in connection.execute("select sequence from change order by sequence")]
    assert feed == list(range(feed[0], feed[0] + len(feed))) if feed else True, "the feed has a gap"


def _customer(connection: sqlite3.Connection, number: int, identifiers: list[dict[str, str]]) -> None:
    """The identifiers lead here."""
    claimed = [row[0] for row in connection.execute("select external_id from identifier where customer = ?", (number,))]
    assert [each["external_id"] for each in identifiers] == claimed, "an external id leads nowhere"


def _phones(connection: sqlite3.Connection, number: int, profile: dict[str, Any]) -> None:
    """A customer is found by the digits of its phone numbers, and by no others."""
    found = dict(connection.execute("select digits, mobile from phone where customer = ?", (number,)))
    numbers: dict[str, int] = {}
    for each in profile.get("phone_numbers") or []:
        digits = "".join(letter for letter in each["phone_number"] if letter in "0123456789")
        numbers[digits] = max(numbers.get(digits, 0), int(each["phone_type"] == "mobile"))
    numbers.pop("", None)
    assert found == numbers, "the phone numbers by which a customer is found are not those of its profile"


def _forgotten(connection: sqlite3.Connection, number: int) -> None:
    """Nothing is left of a forgotten customer but numbers."""
    row = connection.execute(
        "select profile, identifiers, user_profile, folded_email from customer where number = ?", (number,)
    ).fetchone()
    assert row == ("{}", "[]", None, None), "a forgotten customer has a profile"
    for table in ("identifier", "phone", "tag", "behaviour", "user_event"):
        rows = connection.execute(f"select count(*) from {table} where customer = ?", (number,)).fetchone()
        assert rows == (0,), f"a forgotten customer has rows in {table}"
    names = "coalesce(request, idempotency_id, fingerprint, reference_id, reference_type)"
    named = f"select count(*) from ledger_entry where customer = ? and {names} is not null"
    assert connection.execute(named, (number,)).fetchone() == (0,), "a forgotten customer's ledger has names"


def _standing(
    connection: sqlite3.Connection,
    number: int,
    balances: list[list[Any]],
    memberships: list[list[object]],
    entries: int,
) -> None:
    """The balances are the sums of the ledger, the memberships those of the history."""
    sums = "select point_account, sum(amount) from ledger_entry where customer = ? {} group by point_account"
    ledger = dict(connection.execute(sums.format(""), (number,)))
    earned = dict(connection.execute(sums.format("and kind in ('deposit', 'return')"), (number,)))
    assert {each[0]: each[2] for each in balances} == ledger, "a balance is not the sum of its entries"
    assert {each[0]: each[3] for each in balances if each[3]} == {
        account: amount for account, amount in earned.items() if amount
    }, "a life-time value is not the sum of the deposits"
    for each in balances:
        lots = each[4] if len(each) > 4 else []  # none in a standing of the first schema
        assert sum(lot[1] for lot in lots) <= max(0, each[2]), "more points expire than there are"
        assert lots == sorted(lots), "lots are not in the order of their end"
    numbers = [row[0] for row in connection.execute("select number from ledger_entry where customer = ?", (number,))]
    assert numbers == list(range(1, entries + 1)), "the entries are not numbered from 1"
    current = "select tier_system, tier_level, id, joined_at from membership where customer = ? and left_at is null"
    held = sorted(tuple(each[:4]) for each in memberships)
    assert held == sorted(connection.execute(current, (number,))), "a membership is not the current one of the history"


def row_counts(path: Path) -> Counter[str]:
    """Rows of each table, other than the feed, where saying a thing twice does no harm."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        return Counter(
            {
                name: connection.execute(f'select count(*) from "{name}"').fetchone()[0]
                for name in names
                if name not in {"change", "sqlite_sequence"}
            }
        )
    finally:
        connection.close()


def _of_refusals(row: str) -> bool:
    """Whether a row tells of a request that was turned down, or counts such rows."""
    if row.startswith('INSERT INTO "audit_entry"'):
        return "'client.refused'" in row
    return row.startswith(('INSERT INTO "refusal"', "INSERT INTO \"sqlite_sequence\" VALUES('audit_entry'"))


def contents(path: Path) -> list[str]:
    """Every row of every table, to tell whether anything at all was written.

    But for what is kept of refusals, which are written a moment later by themselves.
    """
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [row for row in connection.iterdump() if not _of_refusals(row)]
    finally:
        connection.close()
