"""Made-up customers: their history adds up, they are the same for a seed, and there can be more of them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import one_sentence, run
from tests.cli.test_terminal import terminal
from tests.support import invariants


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one organization that has no loyalty program."""
    data = tmp_path / "data"
    run("orgs", "create", "Aurora", "--data-dir", data)
    return data


def generate(folder: Path, customers: int, *flags: str) -> dict[str, Any]:
    """Make customers; what is said of it."""
    done: dict[str, Any] = run(
        "demo", "generate", "--customers", str(customers), *flags, "--json", "--data-dir", folder
    ).document
    return done


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        return connection.execute(query).fetchall()


def test_the_history_adds_up(folder: Path) -> None:
    """Balances, levels, phones and numbers of entries agree with what they are made of; nobody is told of the past."""
    told = generate(folder, 620)
    invariants.check(folder / "tessera.db")
    counts = invariants.row_counts(folder / "tessera.db")
    assert (told["customers"], told["entries"]) == (620, counts["ledger_entry"])
    assert counts["ledger_entry"] > 2 * 620
    assert counts["event"] == 0
    assert (counts["phone"], counts["identifier"]) == (620, 620)
    kinds = dict(rows(folder, "select kind, count(*) from ledger_entry group by kind"))
    assert kinds["spend"] > 50
    assert len(rows(folder, "select distinct tier_level from membership where left_at is null")) == 4
    assert rows(folder, "select count(*) from ledger_entry where reference_id is null and kind <> 'expire'") == [(0,)]
    assert len(rows(folder, "select distinct point_source_id from ledger_entry where kind = 'deposit'")) == 2
    [(first, last)] = rows(folder, "select min(created_at), max(created_at) from customer")
    assert last - first > 700 * 86_400_000_000
    assert told["bytes_per_customer"] > 500


def test_points_expire_in_their_time(folder: Path) -> None:
    """Where points end, they end between the purchases, in the order of time, and levels are lost again."""
    generate(folder, 1)
    with closing(sqlite3.connect(folder / "tessera.db", isolation_level=None)) as connection:
        connection.execute("update point_account set lifetime_days = 60")
    generate(folder, 200)
    invariants.check(folder / "tessera.db")
    late = "select count(*) from {0} a join {0} b on b.customer = a.customer and b.number > a.number and b.{1} < a.{1}"
    assert rows(folder, late.format("ledger_entry", "occurred_at")) == [(0,)]
    assert rows(folder, late.format("membership", "joined_at")) == [(0,)]
    assert rows(folder, "select count(*) > 50 from ledger_entry where kind = 'expire'") == [(1,)]


def test_a_seed_makes_the_same_people(folder: Path, tmp_path: Path) -> None:
    """Two folders filled from one seed hold the same people with the same points; another seed makes others."""
    people = "select json_extract(profile, '$.email'), json_extract(profile, '$.dob') from customer order by number"
    points = "select customer, number, amount, kind, reference_id from ledger_entry order by customer, number"
    other, third = tmp_path / "other", tmp_path / "third"
    for each, flags in ((folder, []), (other, []), (third, ["--seed", "2"])):
        run("orgs", "create", "Aurora", "--data-dir", each)
        generate(each, 40, *flags)
    assert rows(folder, people) == rows(other, people) != rows(third, people)
    assert rows(folder, points) == rows(other, points) != rows(third, points)


def test_running_again_adds_more(folder: Path) -> None:
    """A seed goes on where it stopped, whatever the numbers; another seed lives beside it; a program is made once."""
    for wanted in (1, 2, 5, 40):
        generate(folder, wanted)
    generate(folder, 3, "--seed", "2")
    ids = [row[0] for row in rows(folder, "select external_id from identifier order by number")]
    assert ids == [*(f"made-1-{n:08d}" for n in range(48)), *(f"made-2-{n:08d}" for n in range(3))]
    assert rows(folder, "select count(*) from tier_system") == [(1,)]
    invariants.check(folder / "tessera.db")


def test_a_seed_that_was_changed_is_told(folder: Path) -> None:
    """When one of the people was forgotten meanwhile, the sentence says to take another seed, and nothing is half."""
    generate(folder, 20)
    run("customers", "delete", "made-1-00000003", "--yes", "--data-dir", folder)
    done = run("demo", "generate", "--customers", "20", "--data-dir", folder)
    assert "Choose another" in one_sentence(done)
    assert len(rows(folder, "select number from identifier")) == 19
    invariants.check(folder / "tessera.db")


def test_stopping_keeps_what_is_made(folder: Path) -> None:
    """Ctrl-C ends it after the batch under way, with the summary and exit code 130; all that is there adds up."""
    with terminal("demo", "generate", "--customers", "1000000", "--json", "--data-dir", folder) as screen:
        screen.wait_for("customers/s")
        screen.wait_for("500/")
        screen.type("\x03")
        code, out = screen.end()
    assert code == 130, screen.shown
    made = json.loads(out)["customers"]
    assert 500 <= made < 1_000_000
    assert invariants.row_counts(folder / "tessera.db")["customer"] == made
    invariants.check(folder / "tessera.db")
