"""Customers at the command line: shown, listed, exported whole, forgotten, and purged from the files."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tessera.app.callers import Caller
from tessera.app.clients import properties
from tessera.app.context import Context
from tessera.app.customers import activity, customers
from tessera.app.customers.customers import CustomerRef
from tessera.app.loyalty import points, standing_updates, tiers
from tessera.app.organizations import organizations
from tessera.core.changes import AddUserEvent
from tessera.core.customers.profiles import NewCustomer
from tessera.core.loyalty.orders import Deposit
from tessera.files import PREFIX, SUFFIX
from tests.cli.command import one_sentence, run, spawn
from tests.support import invariants, operator_session

ENTRIES = 1_200


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with some made-up customers, the first of whom has a long history."""
    folder = tmp_path_factory.mktemp("records") / "data"
    run("orgs", "create", "Aurora", "--data-dir", folder)
    assert run("demo", "generate", "--customers", "30", "--data-dir", folder).code == 0
    operator_session.do(folder, _history)
    return folder


async def _history(context: Context) -> None:
    organization = await organizations.find(context, None)
    shop = await properties.create(context, organization, "shop")
    caller, named = Caller(organization.number, ("openid",)), CustomerRef("made-1-00000000", external=True)
    await activity.tag(context, caller, shop.api_key, named, ["vip"], 3600)
    await activity.count(context, caller, shop.api_key, named, {"visit": 3})
    program = await context.directory.programs.get(organization.number)
    known = await context.store.customer_with_external_id(organization.number, named.key)
    assert program is not None
    assert known is not None
    session = standing_updates.open_session(context, known, program)
    now = context.clock.now()
    for n in range(ENTRIES):
        session.deposit(Deposit(program.accounts[0].id, 10_000, None, f"order-{n}"), 0, now)
    await context.commit(
        *session.close(), *(AddUserEvent(known.number, context.new_uuid(), f"e{n}", n) for n in range(700))
    )


def document(*arguments: str | Path) -> Any:
    """What a command prints as JSON."""
    return run(*arguments, "--json").document


def test_a_level_that_is_retired_is_exported_by_its_name(tmp_path: Path) -> None:
    """A membership in a level that the program has no longer keeps its name, and the export goes on after it."""
    folder = tmp_path / "data"
    run("orgs", "create", "Aurora", "--data-dir", folder)
    levels = [{"name": "Low"}, {"name": "High", "points": 10, "accounts": ["Beans"]}]
    club = {"name": "Club", "levels": levels}
    program = {
        "organization": "Aurora",
        "point_accounts": [{"name": "Beans", "group": "Spend"}],
        "tier_systems": [club],
    }
    file = tmp_path / "program.json"
    file.write_text(json.dumps(program))
    assert run("loyalty", "apply", file, "--yes", "--data-dir", folder).code == 0
    operator_session.do(folder, _reaching)
    club["levels"] = levels[:1]
    file.write_text(json.dumps(program))
    assert run("loyalty", "apply", file, "--yes", "--data-dir", folder).code == 0
    exported = json.loads(spawn("customers", "export", "card", "--data-dir", folder).out)
    assert {each["tier_level"] for each in exported["memberships"]} >= {"Low", "High"}
    assert exported["memberships"][0]["tier_system"] == "Club"


async def _reaching(context: Context) -> None:
    organization = await organizations.find(context, None)
    shop = await properties.create(context, organization, "shop")
    caller = Caller(organization.number, ("openid",))
    await customers.create(context, caller, shop.api_key, NewCustomer(external_id="card"))
    program = await context.directory.programs.get(organization.number)
    known = await context.store.customer_with_external_id(organization.number, "card")
    assert program is not None
    assert known is not None
    order = [Deposit(program.accounts[0].id, 20 * 10_000)]
    await points.order(context, caller, program.retailer_id, known.id, order)
    club = program.systems[0]
    await tiers.move(context, caller, program.retailer_id, known.id, tiers.Place(club.id, club.levels[0].id))


def test_a_customer_is_shown_by_whatever_is_known(made: Path) -> None:
    """The id, an external id and the email address in any case lead to the same customer."""
    shown = document("customers", "show", "made-1-00000003", "--data-dir", made)
    assert shown["tier_details"]["tier_levels"]
    assert shown["user_profile"]["favourites"]
    for known_by in (shown["id"], shown["email"].upper()):
        assert document("customers", "show", known_by, "--data-dir", made) == shown
    lines = run("customers", "show", shown["id"], "--data-dir", made).out
    assert shown["email"] in lines
    assert shown["phone_numbers"][0]["phone_number"] in lines
    assert "no such customer" in one_sentence(run("customers", "show", "nobody", "--data-dir", made))


def test_a_list_comes_in_pages(made: Path) -> None:
    """Pages hold each customer once, and a cursor that is none is a sentence."""
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        page = document("customers", "list", "--limit", "7", *cursor, "--data-dir", made)
        seen += [each["external_id"] for each in page["customers"]]
        if page["next_cursor"] is None:
            break
        cursor = ["--after", page["next_cursor"]]
    assert seen == [f"made-1-{n:08d}" for n in range(30)]
    shown = run("customers", "list", "--limit", "2", "--data-dir", made)
    assert "made-1-00000001" in shown.out
    assert "--after" in shown.err
    assert "must be a cursor" in one_sentence(run("customers", "list", "--after", "1", "--data-dir", made))


def test_an_export_is_the_whole_record(made: Path, tmp_path: Path) -> None:
    """Everything the database has of a customer is in it: every entry, note and event; the sums agree."""
    done = spawn("customers", "export", "made-1-00000000", "--data-dir", made)
    record = json.loads(done.out)
    assert list(record) == [
        "exported_at", "user", "identifiers", "user_profile", "balances", "phones", "tags", "behaviours", "user_events",
        "merged", "purchases", "ledger", "memberships", "events",
    ]  # fmt: skip
    assert [entry["number"] for entry in record["ledger"]] == list(range(1, len(record["ledger"]) + 1))
    for balance in record["balances"]:
        own = [each["amount"] for each in record["ledger"] if each["account_name"] == balance["account_name"]]
        assert sum(own) == balance["available_balance"]
    assert [each["name"] for each in record["tags"]] == ["vip"]
    assert record["behaviours"][0]["count"] == 3
    assert len({each["event_lookup"] for each in record["user_events"]}) == 700
    assert record["memberships"][0]["tier_level"] == "Bronze"
    assert record["phones"] == [{"digits": "15550100000000", "mobile": True}]
    earned = [each for each in record["events"] if each["kind"] == "points.earned"]
    assert len(earned) == ENTRIES
    assert len({each["data"]["entry_id"] for each in earned}) == ENTRIES
    file = tmp_path / "record.json"
    written = document("customers", "export", record["user"]["id"], "--output", file, "--data-dir", made)
    assert written == {"file": str(file), "bytes": file.stat().st_size}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {**json.loads(file.read_text()), "exported_at": ""} == {**record, "exported_at": ""}


def test_forgetting_asks_and_purging_leaves_no_byte(made: Path, tmp_path: Path) -> None:
    """Without --yes nobody is forgotten where nobody can answer; afterwards the files hold nothing, and all adds up."""
    folder = tmp_path / "data"
    folder.mkdir()
    with (
        closing(sqlite3.connect(made / "tessera.db")) as source,
        closing(sqlite3.connect(folder / "tessera.db")) as copy,
    ):
        source.backup(copy)
    (folder / "master.key").write_bytes((made / "master.key").read_bytes())
    user = document("customers", "show", "made-1-00000005", "--data-dir", folder)
    assert "--yes" in one_sentence(run("customers", "delete", "made-1-00000005", "--data-dir", folder))
    personal = [user["email"], "made-1-00000005", user["phone_numbers"][0]["phone_number"]]
    assert all(part.encode() in (folder / "tessera.db").read_bytes() for part in personal)

    deleted = document("customers", "delete", user["email"], "--yes", "--data-dir", folder)
    abandoned = folder / f"{PREFIX}{'0' * 32}{SUFFIX}"
    abandoned.mkdir(mode=0o700)
    (abandoned / "tessera.db").write_text(f"half of a restore with {user['email']}")
    purged = document("customers", "purge", "--data-dir", folder)
    assert not abandoned.exists()

    assert deleted == {"id": user["id"]}
    assert purged["bytes_after"] == (folder / "tessera.db").stat().st_size
    raw = b"".join(file.read_bytes() for file in folder.iterdir())
    assert [part for part in personal if part.encode() in raw] == []
    assert "no such customer" in one_sentence(run("customers", "delete", user["id"], "--yes", "--data-dir", folder))
    invariants.check(folder / "tessera.db")


def test_rewriting_is_for_postgresql(made: Path) -> None:
    """A SQLite file needs none: it is said so, and nothing is done."""
    before = (made / "tessera.db").stat().st_mtime_ns
    done = run("customers", "purge", "--rewrite", "--data-dir", made)
    assert one_sentence(done) == "--rewrite is for PostgreSQL. A SQLite file is erased completely without it."
    assert (made / "tessera.db").stat().st_mtime_ns == before
