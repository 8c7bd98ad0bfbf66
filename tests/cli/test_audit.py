"""`tessera audit`: who did what; and every way of tampering with it is found, and located."""

import json
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tessera.app.administration import audit, audit_purge
from tessera.app.context import Context
from tessera.core.administration.audit import REFUSED
from tessera.core.administration.audit_chain import chained
from tessera.core.changes import RecordAuditEntry
from tessera.core.times import PurgeTime
from tests.cli.command import folder_with_application, one_sentence, run, spawn
from tests.support import operator_session

SECRET_FIELDS = ("digest", "secret", "last_four")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder in which seven operations or more were done."""
    made, _ = folder_with_application(tmp_path)
    for name in ("one", "two", "three"):
        assert run("apps", "create", name, "--data-dir", made).code == 0
    assert run("apps", "disable", "one", "--data-dir", made).code == 0
    return made


def tamper(folder: Path, *statements: str) -> None:
    """Change the database behind everybody's back."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def verified(folder: Path, *options: str) -> tuple[int, dict[str, object]]:
    """The exit code of a verification, and what it says."""
    done = run("audit", "verify", "--json", "--data-dir", folder, *options)
    assert done.document["whole"] is (done.code == 0)
    return done.code, done.document


def test_what_was_done_is_listed_newest_first(folder: Path) -> None:
    """Each operation has its actor, action, target and detail; filters and pages narrow the list."""
    listed = run("audit", "list", "--json", "--data-dir", folder).document
    newest, added = listed[0], listed[1]
    assert (newest["action"], added["action"]) == ("application.disable", "credential.add")
    assert newest["actor"].startswith("operator ")
    assert added["detail"] == {"name": "first", "kind": "keyed", "ends_at": None}
    assert [each["number"] for each in listed] == list(range(len(listed), 0, -1))
    found = run("audit", "list", "--action", "application.create", "--json", "--data-dir", folder).document
    assert [each["detail"]["name"] for each in found] == ["three", "two", "one", "Partner"]
    target = newest["target"]
    found = run("audit", "list", "--target", target, "--limit", "2", "--json", "--data-dir", folder).document
    assert [each["action"] for each in found] == ["application.disable", "credential.add"]
    page = run("audit", "list", "--before", "3", "--data-dir", folder)
    assert page.out.count("server") == 2
    assert run("audit", "list", "--since", "2999-01-01", "--data-dir", folder).err == "There is no such entry.\n"
    assert not any(field in json.dumps(listed) for field in SECRET_FIELDS)


def test_the_operator_is_named(folder: Path) -> None:
    """The actor is who is logged in, or TESSERA_OPERATOR; the source is the other end of the session."""
    told = {"TESSERA_OPERATOR": "ada", "SSH_CONNECTION": "192.0.2.7 1234 192.0.2.1 22"}
    assert spawn("orgs", "create", "New", "--data-dir", folder, environment=told).code == 0
    newest = run("audit", "list", "--limit", "1", "--json", "--data-dir", folder).document[0]
    assert (newest["actor"], newest["source"], newest["target"]) == ("operator ada", "192.0.2.7", "New")
    broken = spawn("orgs", "create", "x", "--data-dir", folder, environment={"TESSERA_OPERATOR": "a\x1b[31m"})
    assert "TESSERA_OPERATOR must be" in one_sentence(broken)


def test_a_whole_chain_verifies(folder: Path) -> None:
    """All entries are intact, the doctor agrees, and the head that is printed is accepted later."""
    code, said = verified(folder)
    assert (code, said["intact"], said["problems"]) == (0, said["entries"], 0)
    note = ("--number", str(said["number"]), "--head", str(said["hash"]))
    assert run("apps", "enable", "one", "--data-dir", folder).code == 0
    assert verified(folder, *note)[0] == 0
    assert "of" in run("audit", "verify", "--data-dir", folder).out
    assert "together" in one_sentence(run("audit", "verify", "--number", "3", "--data-dir", folder))


REMADE = "update audit_entry set actor = 'operator eve', hash = '{hash}' where number = 5"

TAMPERED: Sequence[tuple[str, Sequence[str], Sequence[str]]] = (
    ("an actor", ["update audit_entry set actor = 'operator eve' where number = 5"], ["Entry 5 does not"]),
    ("a time", ["update audit_entry set at = at + 1 where number = 1"], ["Entry 1 does not"]),
    ("a source", ["update audit_entry set source = '-' where number = 4"], ["Entry 4 does not"]),
    ("a detail", ["update audit_entry set detail = '{' where number = 6"], ["Entry 6 does not"]),
    ("an id", ["update audit_entry set id = 'other' where number = 6"], ["Entry 6 does not"]),
    ("a hash", ["update audit_entry set hash = 'x' where number = 5"], ["Entry 5 does not", "Entry 6 does not"]),
    ("removed", ["delete from audit_entry where number = 5"], ["Entry 5 is missing before entry 6"]),
    ("the first removed", ["delete from audit_entry where number < 3"], ["Entries 1 to 2 are missing"]),
    (
        "removed and closed up",
        ["delete from audit_entry where number = 5", "update audit_entry set number = number - 1 where number > 5"],
        ["Entry 5 does not", "Entry 6 does not"],
    ),
    (
        "swapped",
        [
            "update audit_entry set number = 1000 where number = 5",
            "update audit_entry set number = 5 where number = 6",
            "update audit_entry set number = 6 where number = 1000",
        ],
        ["Entry 5 does not", "Entry 6 does not", "Entry 7 does not"],
    ),
    (
        "inserted before the first",
        [("insert into audit_entry select -3, 'new', at, actor, source, action, target, detail, hash from audit_entry"
         " where number = 1")],
        ["Entry -3 stands where none can be"],
    ),
    (
        "appended",
        [("insert into audit_entry select 1 + (select max(number) from audit_entry), 'new', at, actor, source, action,"
         " target, detail, hash from audit_entry where number = 1")],
        ["does not agree"],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("statements", "said"), [each[1:] for each in TAMPERED], ids=[each[0] for each in TAMPERED])
def test_tampering_is_found_and_located(folder: Path, statements: Sequence[str], said: Sequence[str]) -> None:
    """Whatever row is changed, removed, moved or put in, it is named by its number, and the doctor fails too."""
    tamper(folder, *statements)
    code, found = verified(folder)
    assert code == 1
    shown = found["shown"]
    assert isinstance(shown, list)
    assert all(any(each in line for line in shown) for each in said), shown
    assert run("audit", "verify", "--data-dir", folder).code == 1
    assert run("doctor", "--data-dir", folder).code == 1
    assert run("audit", "list", "--json", "--data-dir", folder).code == 0
    assert run("audit", "export", "--data-dir", folder).code == 0


def test_an_entry_whose_hash_was_made_anew_shows_at_the_next(folder: Path) -> None:
    """Whoever makes the hash of a changed entry anew breaks the one after it."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        row = connection.execute("select * from audit_entry where number = 5").fetchone()
        before = connection.execute("select hash from audit_entry where number = 4").fetchone()[0]
    remade = chained(before, 5, *row[1:3], "operator eve", *row[4:8])
    tamper(folder, REMADE.format(hash=remade))
    _, found = verified(folder)
    assert found["shown"] == [("Entry 6 does not agree with its hash: it was changed, inserted or moved, or entry 5"
                              " before it was.")]  # fmt: skip


def test_a_cut_end_is_found_by_a_noted_head(folder: Path) -> None:
    """Without the last entries the chain is whole; what was noted of them tells."""
    _, said = verified(folder)
    note = ("--number", str(said["number"]), "--head", str(said["hash"]))
    tamper(folder, f"delete from audit_entry where number >= {said['number']}")
    assert verified(folder)[0] == 0
    code, found = verified(folder, *note)
    assert (code, found["shown"]) == (1, [f"Entry {said['number']} is not there: the end was cut off."])
    assert run("orgs", "create", "Later", "--data-dir", folder).code == 0
    code, found = verified(folder, *note)
    assert code == 1
    assert "another hash than was noted" in str(found["shown"])


def test_an_export_can_be_verified_elsewhere(folder: Path) -> None:
    """Every line has what its hash is made of."""
    lines = run_export(folder)
    before = ""
    for each in lines:
        detail = json.dumps(each["detail"], separators=(",", ":"), ensure_ascii=False)
        fields = (each["id"], each["at_microseconds"], each["actor"], each["source"], each["action"], each["target"])
        before = chained(before, each["number"], *fields, detail)
        assert before == each["hash"]
    assert len(lines) > 7


async def _purge(context: Context) -> None:
    """Three old refusals between operations, purged as if their time were over."""
    for number, action in enumerate((REFUSED, REFUSED, "application.set", REFUSED, "application.set")):
        await context.store.commit(RecordAuditEntry(f"id {number}", 5, "server", None, action, "target", "{}"))
    async for _ in audit_purge.purge(context, PurgeTime(5)):
        pass


def test_a_chain_with_checkpoints_verifies_and_is_exported(folder: Path) -> None:
    """Deleted refusals are counted; the doctor agrees; the export has what it takes to go on behind them."""
    operator_session.do(folder, _purge)
    code, said = verified(folder)
    assert (code, said["purged"], said["intact"]) == (0, 3, said["entries"])
    assert "3 entries of refusals were deleted" in run("audit", "verify", "--data-dir", folder).out
    assert run("doctor", "--data-dir", folder).code == 0
    lines = run_export(folder)
    stands = [each for each in lines if "seal" in each]
    assert [(each["first_number"], each["last_number"]) for each in stands] == [
        (len(lines) - 3, len(lines) - 2), (len(lines), len(lines)),
    ]  # fmt: skip
    before = lines[lines.index(stands[0]) - 1]
    assert before["hash"] == stands[0]["previous_hash"]
    tamper(folder, "update audit_checkpoint set seal = 'x'")
    code, said = verified(folder)
    assert (code, "not genuine" in str(said["shown"])) == (1, True)
    assert run("doctor", "--data-dir", folder).code == 1


def test_an_export_can_be_one_document(folder: Path) -> None:
    """With `--json` it has the same entries, as one list."""
    lines = run_export(folder)
    assert run("audit", "export", "--json", "--data-dir", folder).document[: len(lines)] == lines


def run_export(folder: Path) -> list[dict[str, object]]:
    """The lines of an export, from a process of its own."""
    done = spawn("audit", "export", "--data-dir", folder)
    assert done.code == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def test_control_characters_are_spelled_out(folder: Path) -> None:
    """What a terminal would take for a command is shown as text."""
    tamper(folder, "update audit_entry set target = 'a' || char(27) || '[31m' || char(10) where number = 5")
    out = run("audit", "list", "--data-dir", folder).out
    assert "\x1b" not in out
    assert "a\\x1b[31m\\n" in out


def test_many_entries_are_walked_in_pages(folder: Path) -> None:
    """A chain of more than a page is walked whole, and what is wrong is told up to a bound."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        number, before = connection.execute("select max(number), hash from audit_entry").fetchone()
        for more in range(number + 1, number + 2 * audit.PAGE_ROWS + 1):
            fields = (f"id {more}", more, "server", None, "a", "t", "{}")
            before = chained(before, more, *fields)
            connection.execute("insert into audit_entry values (?,?,?,?,?,?,?,?,?)", (more, *fields, before))
        connection.commit()
    code, found = verified(folder)
    assert (code, found["intact"]) == (0, number + 2 * audit.PAGE_ROWS)
    tamper(folder, f"update audit_entry set actor = 'eve' where number > {number} and number % 10 = 0")
    done = run("audit", "verify", "--data-dir", folder)
    assert done.out.count("does not agree") == audit.SHOWN_MAX
    assert "more places" in done.out


def test_an_export_of_a_customer_is_recorded(tmp_path: Path) -> None:
    """Who takes a customer's record away, or erases one, is recorded under a pseudonym, by which the id finds it."""
    folder, _ = folder_with_application(tmp_path)
    file = tmp_path / "people.csv"
    file.write_text("external_id,email\ncard-1,ada@customers.example\n")
    assert run("customers", "import", file, "--data-dir", folder).code == 0
    user = run("customers", "show", "card-1", "--json", "--data-dir", folder).document
    assert run("customers", "export", "card-1", "--output", tmp_path / "record", "--data-dir", folder).code == 0
    assert run("customers", "delete", "card-1", "--yes", "--data-dir", folder).code == 0
    found = run("audit", "list", "--limit", "2", "--json", "--data-dir", folder).document
    assert [each["action"] for each in found] == ["customer.erase", "customer.export"]
    assert found[0]["target"] == found[1]["target"]
    assert re.fullmatch("customer [0-9a-f]{32}", found[0]["target"])
    assert not any(text in json.dumps(found) for text in ("ada@", "card-1", user["id"]))
    assert run("audit", "list", "--target", user["id"], "--json", "--data-dir", folder).document == found
    assert run("audit", "list", "--target", "card-1", "--json", "--data-dir", folder).document == []
    assert verified(folder)[0] == 0
