"""A dry run of an import: it changes nothing, and says what the import would then do."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import run
from tests.cli.customers.importing import bring_in, counted, folder
from tests.support import engines

__all__ = ["folder"]

pytestmark = [pytest.mark.engines("sqlite", "postgres"), pytest.mark.usefixtures("lent")]

BEFORE: list[dict[str, Any]] = [
    {"external_id": "a", "email": "a@example.com", "referrer_code": "ANN", "user_profile": {"roast": "dark"}},
    {"external_id": "b", "email": "b@example.com"},
    {"external_id": "c", "email": "c@example.com"},
]

ROWS: list[dict[str, Any]] = [
    {"external_id": "new", "email": "new@example.com", "referrer_code": "NEW"},
    {"external_id": "new", "email": "new@example.com", "referrer_code": "NEW"},
    {"external_id": "new", "city": "Rome"},
    {"email": "NEW@example.com", "identifiers": [{"external_id": "newer"}]},
    {"external_id": "newer", "city": "Rome"},
    {"external_id": "a", "user_profile": {"roast": "dark"}},
    {"external_id": "a", "email": "free@example.com", "referrer_code": ""},
    {"external_id": "heir", "email": "a@example.com"},
    {"external_id": "late", "email": "a@example.com"},
    {"external_id": "late", "referrer_code": "NEW"},
    {"external_id": "late", "referrer_code": "ANN"},
    {"external_id": "b", "clear_identifiers": True, "identifiers": [{"external_id": "b2"}]},
    {"external_id": "b", "first_name": "Bo"},
    {"external_id": "b2", "first_name": "Bea"},
    {"email": "b@example.com", "first_name": "Bea"},
    {"external_id": "c", "dob": "never", "email": "nowhere"},
    {"external_id": "c", "identifiers": [{"external_id": "b2"}]},
    {"external_id": "c", "zip": "1.23E+05"},
]
"""Rows of which nearly each depends on those before it."""


def lines(rows: list[dict[str, Any]]) -> str:
    """Rows as JSON lines."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def contents(folder: Path) -> dict[str, Any]:
    """All that is in the database."""
    with engines.reading(folder) as database:
        return {name: sorted(map(repr, database.rows(f"select * from {name}"))) for name in database.tables()}


@pytest.mark.parametrize("flags", [(), ("--strict",)])
def test_it_tells_what_the_import_then_does(folder: Path, flags: tuple[str, ...]) -> None:
    """The counts, the refusals and the warnings are those of the import that follows; nothing was written before."""
    bring_in(folder, lines(BEFORE), "jsonl")
    before = contents(folder)
    rehearsed = bring_in(folder, lines(ROWS), "jsonl", "--dry-run", *flags)
    assert contents(folder) == before
    done = bring_in(folder, lines(ROWS), "jsonl", *flags)
    assert rehearsed.document == {**done.document, "dry_run": True}
    assert rehearsed.code == done.code == 3
    assert min(counted(done)) > 0
    assert contents(folder) != before


def test_it_holds_for_many_chunks(folder: Path) -> None:
    """A row that comes again much later meets what the first one would have left."""
    rows = "".join(f"c-{n},city {n % 7}\n" for n in range(3000)) * 2
    assert counted(bring_in(folder, f"external_id,city\n{rows}", "csv", "--dry-run")) == (3000, 0, 3000, 0)


def test_it_says_so_in_words(folder: Path) -> None:
    """The summary begins with the news that nothing was written."""
    file = folder.parent / "c.csv"
    file.write_text("external_id\nc-1\n")
    done = run("customers", "import", file, "--dry-run", "--data-dir", folder)
    assert done == (0, "Dry run, nothing was written: 1 created, 0 updated, 0 unchanged, 0 refused\n", "")
