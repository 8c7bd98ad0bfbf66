"""What must hold in a database at any time, checked on its rows, whichever engine holds them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tessera import bootstrap
from tessera.app.loyalty.ledger_check import prove
from tessera.settings import Settings
from tessera.store.ledger_check import records
from tests.support import engines
from tests.support.engines import Reading


def check(place: Path) -> None:
    """Raises AssertionError for the first invariant that does not hold in a data folder, or a file."""
    with engines.reading(place) as database:
        holds(database)


def proven(settings: Settings) -> None:
    """Raises AssertionError for a ledger of which the doctor would tell that it does not agree."""
    proof = prove(records(bootstrap.database(settings)), lambda _proof: None)
    assert proof.shown == []


def holds(database: Reading) -> None:
    """The same of a database that is being looked at."""
    if database.engine == engines.SQLITE:
        assert database.rows("pragma integrity_check") == [("ok",)]
        assert database.rows("pragma foreign_key_check") == []
    _nothing_without_its_owner(database)
    everybody = "select number, standing, identifiers, profile, forgotten_at from customer"
    for number, standing, identifiers, profile, forgotten_at in database.rows(everybody):
        _customer(database, number, json.loads(identifiers))
        _phones(database, number, json.loads(profile))
        if forgotten_at is not None:
            _forgotten(database, number)
        _standing(database, number, *json.loads(standing))


def _nothing_without_its_owner(database: Reading) -> None:
    for table in ("credential", "application_usage"):
        orphans = f"select count(*) from {table} where application not in (select number from application)"
        assert database.one(orphans) == (0,), f"a row of {table} has no application"
    without = "select client_id from application where number not in (select application from credential)"
    assert database.rows(without) == [], "an application was created without its secret"
    feed = [row[0] for row in database.rows("select sequence from change order by sequence")]
    assert feed == list(range(feed[0], feed[0] + len(feed))) if feed else True, "the feed has a gap"


def _customer(database: Reading, number: int, identifiers: list[dict[str, str]]) -> None:
    """The identifiers lead here."""
    statement = "select external_id from identifier where customer = ? order by number"
    claimed = [row[0] for row in database.rows(statement, number)]
    assert [each["external_id"] for each in identifiers] == claimed, "an external id leads nowhere"


def _phones(database: Reading, number: int, profile: dict[str, Any]) -> None:
    """A customer is found by the digits of its phone numbers, and by no others."""
    found = database.pairs("select digits, mobile from phone where customer = ?", number)
    numbers: dict[str, int] = {}
    for each in profile.get("phone_numbers") or []:
        digits = "".join(letter for letter in each["phone_number"] if letter in "0123456789")
        numbers[digits] = max(numbers.get(digits, 0), int(each["phone_type"] == "mobile"))
    numbers.pop("", None)
    assert found == numbers, "the phone numbers by which a customer is found are not those of its profile"


def _forgotten(database: Reading, number: int) -> None:
    """Nothing is left of a forgotten customer but numbers."""
    row = database.one("select profile, identifiers, user_profile, folded_email from customer where number = ?", number)
    assert row == ("{}", "[]", None, None), "a forgotten customer has a profile"
    for table in (
        "identifier",
        "phone",
        "tag",
        "behaviour",
        "user_event",
        "purchase",
        "purchase_award",
        "merged_customer",
    ):
        rows = database.one(f"select count(*) from {table} where customer = ?", number)
        assert rows == (0,), f"a forgotten customer has rows in {table}"
    names = "coalesce(request, idempotency_id, fingerprint, reference_id, reference_type)"
    named = f"select count(*) from ledger_entry where customer = ? and {names} is not null"
    assert database.one(named, number) == (0,), "a forgotten customer's ledger has names"


def _standing(
    database: Reading,
    number: int,
    balances: list[list[Any]],
    memberships: list[list[object]],
    entries: int,
) -> None:
    """The balances are the sums of the ledger, the memberships those of the history."""
    sums = "select point_account, sum(amount) from ledger_entry where customer = ? {} group by point_account"
    ledger = database.pairs(sums.format(""), number)
    earned = database.pairs(sums.format("and kind in ('deposit', 'return')"), number)
    assert {each[0]: each[2] for each in balances} == ledger, "a balance is not the sum of its entries"
    assert {each[0]: each[3] for each in balances if each[3]} == {
        account: amount for account, amount in earned.items() if amount
    }, "a life-time value is not the sum of the deposits"
    for each in balances:
        lots = each[4] if len(each) > 4 else []  # none in a standing of the first schema
        assert sum(lot[1] for lot in lots) <= max(0, each[2]), "more points expire than there are"
        assert lots == sorted(lots), "lots are not in the order of their end"
    statement = "select number from ledger_entry where customer = ? order by number"
    assert [row[0] for row in database.rows(statement, number)] == list(range(1, entries + 1)), (
        "the entries are not numbered from 1"
    )
    current = "select tier_system, tier_level, id, joined_at from membership where customer = ? and left_at is null"
    held = sorted(tuple(each[:4]) for each in memberships)
    assert held == sorted(database.rows(current, number)), "a membership is not the current one of the history"


def row_counts(place: Path) -> Counter[str]:
    """Rows of each table, other than the feed, where saying a thing twice does no harm."""
    with engines.reading(place) as database:
        names = [name for name in database.tables() if name != "change"]
        return Counter({name: database.one(f'select count(*) from "{name}"')[0] for name in names})


def contents(place: Path) -> list[str]:
    """Every row of every table, to tell whether anything at all was written.

    But for what is kept of refusals, which are written a moment later by themselves.
    """
    return [row for row in engines.dump(place) if not _of_refusals(row)]


def _of_refusals(row: str) -> bool:
    """Whether a row tells of a request that was turned down."""
    return row.startswith("refusal ") or (row.startswith("audit_entry ") and "'client.refused'" in row)
