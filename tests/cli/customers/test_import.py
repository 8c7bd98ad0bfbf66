"""Customers from a file: good rows, bad rows, rows again."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from tessera import wiring
from tessera.app.customers.customers import creation
from tessera.app.customers.files import bulk_import
from tessera.app.customers.files.rows import Row
from tessera.core.changes import Change, Notice
from tessera.core.customers.customers import NewCustomer
from tessera.core.customers.profiles import CustomerUpdate
from tessera.ports import Store
from tessera.settings import load
from tests.cli.command import one_sentence, run
from tests.cli.customers.importing import bring_in, counted, folder, profile

__all__ = ["folder"]

GOOD = (
    "external_id,email,first_name,dob,country,state,phone_number,opted_in,test_account,user_profile\n"
    'c-1,Ann@example.com,Ann,1980-01-31,usa,Illinois,+12025550100,true,false,"{""roast"": ""dark""}"\n'
    'c-2,,"Bo, ""B""",,,,,,,\n'
    "\n"
    ",cy@example.com,Cy,,,,,false,true,\n"
)


def test_a_csv_file_makes_customers(folder: Path) -> None:
    """Each row is a customer; an empty cell is a field that was not given; rules of the profile apply."""
    done = bring_in(folder, GOOD)
    assert done.code == 0
    assert counted(done) == (3, 0, 0, 0)
    ann = profile(folder, "c-1")
    assert (ann["email"], ann["country"], ann["state"], ann["opted_in"]) == ("Ann@example.com", "USA", "IL", True)
    assert ann["phone_numbers"][0]["phone_number"] == "+12025550100"
    assert profile(folder, "c-2")["first_name"] == 'Bo, "B"'
    assert "email" not in profile(folder, "c-2")


def test_importing_again_changes_nothing(folder: Path) -> None:
    """The second run finds every row unchanged, to the byte of the stored profile."""
    bring_in(folder, GOOD)
    before = profile(folder, "c-1")
    assert counted(bring_in(folder, GOOD)) == (0, 0, 3, 0)
    assert profile(folder, "c-1") == before


def test_a_changed_row_updates_the_fields_it_gives(folder: Path) -> None:
    """Fields that are not in the file stay, as do the times of creation and the identifiers."""
    bring_in(folder, GOOD)
    before = profile(folder, "c-1")
    done = bring_in(folder, "external_id,city\nc-1,Rome\nc-2,\n")
    assert counted(done) == (0, 1, 1, 0)
    after = profile(folder, "c-1")
    assert after.pop("city") == "Rome"
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


def test_a_customer_without_external_id_is_known_by_its_email(folder: Path) -> None:
    """Email addresses are compared without regard to case, as elsewhere."""
    bring_in(folder, GOOD)
    assert counted(bring_in(folder, "email,first_name\nCY@example.com,Cyrus\n")) == (0, 1, 0, 0)


def test_json_lines_make_customers(folder: Path) -> None:
    """Each line is the `user` object of a create request; unknown members are ignored as there."""
    rows = [
        {"external_id": "j-1", "first_name": "Jo", "user_profile": {"roast": "dark"}, "unheard": 1},
        {"email": "jim@example.com", "phone_numbers": [{"phone_number": "+1", "phone_type": "home"}]},
    ]
    content = "\n".join(json.dumps(row) for row in rows)
    assert counted(bring_in(folder, content, "jsonl")) == (2, 0, 0, 0)
    assert counted(bring_in(folder, content + "\n\n", "jsonl")) == (0, 0, 2, 0)
    assert counted(bring_in(folder, content.replace("Jo", "Joan"), "ndjson")) == (0, 1, 1, 0)


def test_refused_rows_are_named_and_stop_no_other(folder: Path) -> None:
    """Each refused row has its line and its reason; all others are brought in; the exit code tells."""
    content = (
        b"external_id,email,first_name,dob,gender,test_account\n"
        b"ok-1,,Ann,,,\n"
        b"r-1,,,2100-01-01,,\n"
        b",,Nobody,,,\n"
        b"r-2,no address,,,,\n"
        b"r-3,,nul\x00byte,,,\n"
        b"r-4,,bad\xff\xfeutf,,,\n"
        b"r-5,,%b,,,\n"
        b"r-6,,too,few\n"
        b"r-7,,,,other,\n"
        b"r-8,,,,,maybe\n"
        b'"ok-2",,"Bo",,,true\n'
    ) % (b"x" * 10_240)
    done = bring_in(folder, content)
    assert done.code == 3
    assert counted(done) == (2, 0, 0, 9)
    reasons = {each["line"]: each["reason"] for each in done.document["refusals"]}
    assert sorted(reasons) == list(range(3, 12))
    expected = {
        3: "dob must be",
        4: "Either external_id or email",
        5: "email is not",
        6: "first_name",
        7: "not UTF-8",
        8: "a text of 1 to 255 characters",
        9: "4 values for 6 columns",
        10: "gender",
        11: "test_account",
    }
    assert {line: part for line, part in expected.items() if part not in reasons[line]} == {}


def test_refused_json_lines_are_named(folder: Path) -> None:
    """What is not JSON, not an object, of a wrong type, not UTF-8, too deep or too long is refused alone."""
    lines = [
        b'{"external_id":"ok-1"}',
        b'{"external_id":',
        b"[]",
        b'{"external_id":7.5}',
        b'{"external_id":"\xff"}',
        b'{"external_id":"a\\u0000b"}',
        b'{"external_id":"deep","user_profile":{"a":' + b"[" * 100_000 + b"}}",
        b'{"external_id":"long","first_name":"' + b"x" * (1024 * 1024) + b'"}',
        b'{"external_id":"ok-2"}',
    ]
    done = bring_in(folder, b"\n".join(lines), "jsonl")
    assert done.code == 3
    assert counted(done) == (2, 0, 0, 7)
    assert [each["line"] for each in done.document["refusals"]] == [2, 3, 4, 5, 6, 7, 8]
    assert done.document["refusals"][-1]["reason"] == "The line is longer than 1048576 bytes."


def test_refusals_are_told_in_lines_without_json(folder: Path) -> None:
    """Without --json the refusals are messages and the summary is the output."""
    file = folder.parent / "c.csv"
    file.write_text("external_id,dob\nc-1,\nc-2,never\n")
    done = run("customers", "import", file, "--data-dir", folder)
    assert done == (
        3,
        "1 created, 0 updated, 0 unchanged, 1 refused\n",
        'line 3: dob must be a date that exists, as YYYY-MM-DD (the value is "never").\n',
    )


def test_only_the_first_hundred_refusals_are_told(folder: Path) -> None:
    """A file of nothing but bad rows does not flood the screen."""
    file = folder.parent / "c.csv"
    file.write_text("external_id,dob\n" + "".join(f"c-{n},never\n" for n in range(150)))
    done = run("customers", "import", file, "--data-dir", folder)
    assert done.out == "0 created, 0 updated, 0 unchanged, 150 refused\n"
    assert len(done.err.splitlines()) == 101
    assert done.err.endswith("... and 50 more refused rows.\n")


def test_a_byte_order_mark_is_no_part_of_the_first_column(folder: Path) -> None:
    """Files saved by spreadsheets begin with one."""
    assert counted(bring_in(folder, b"\xef\xbb\xbfexternal_id\nb-1\n")) == (1, 0, 0, 0)
    assert counted(bring_in(folder, b'\xef\xbb\xbf{"external_id":"b-1"}\n', "jsonl")) == (0, 0, 1, 0)


def test_lines_are_counted_as_an_editor_counts_them(folder: Path) -> None:
    """A quoted cell may span lines: the row is named by its first."""
    done = bring_in(folder, 'external_id,first_name\nc-1,"two\nli\x07nes"\nc-2,Bo\nc-3,"B"o\nc-4,"open')
    assert [each["line"] for each in done.document["refusals"]] == [2, 5, 6]
    assert counted(done) == (1, 0, 0, 3)


def test_one_customer_in_many_rows_ends_as_the_last_says(folder: Path) -> None:
    """Rows about the same customer take effect in their order, however many are in flight."""
    rows = "".join(f"same,first {n}\n" for n in range(40))
    assert counted(bring_in(folder, f"external_id,first_name\n{rows}")) == (1, 39, 0, 0)
    assert profile(folder, "same")["first_name"] == "first 39"


def test_an_email_of_somebody_else_is_refused(folder: Path) -> None:
    """Neither a new nor a known customer takes another's email address."""
    bring_in(folder, "external_id,email\na,a@example.com\nb,b@example.com\n")
    done = bring_in(folder, "external_id,email\nnew,A@example.com\nb,a@example.com\n")
    taken = [fault for each in done.document["refusals"] for fault in each["faults"]]
    assert taken == [
        {"column": "email", "value": value, "reason": "email belongs to another customer."}
        for value in ("A@example.com", "a@example.com")
    ]
    assert profile(folder, "b")["email"] == "b@example.com"


def test_addresses_that_change_hands_within_a_file_are_decided_in_order(folder: Path) -> None:
    """When rows of one chunk depend on each other, each of them ends as if it came alone, in its turn."""
    bring_in(folder, "external_id,email\na,a@example.com\nb,b@example.com\n")
    done = bring_in(
        folder, "external_id,email\na,free@example.com\nb,c@example.com\nc,a@example.com\nd,d@example.com\n"
    )
    assert counted(done) == (2, 2, 0, 0)
    assert profile(folder, "a")["email"] == "free@example.com"
    assert counted(bring_in(folder, "external_id,phone_number\na,+1 555\nb,+1 556\n")) == (0, 2, 0, 0)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("", "a column is missing"),
        ("external_id,nickname\n", "nickname is no column"),
        ("first_name\n", "a column is missing"),
        ("email,email\n", "stands twice"),
        ("nickname,external_id,shoe size\n", "nickname is no column; shoe size is no column"),
    ],
)
def test_a_file_that_names_no_usable_columns_is_refused_whole(folder: Path, content: str, part: str) -> None:
    """A header that cannot be right is one sentence, and nothing is brought in."""
    assert part in one_sentence(bring_in(folder, content))


def test_the_format_must_be_known(folder: Path) -> None:
    """A file with another ending needs --format."""
    file = folder.parent / "customers.txt"
    file.write_text("external_id\nc-1\n")
    assert run("customers", "import", file, "--data-dir", folder).code == 2
    assert run("customers", "import", file, "--format", "csv", "--data-dir", folder).code == 0


class Rivalled:
    """A store before whose first commit somebody else commits."""

    def __init__(self, store: Store, *rival: Change) -> None:
        self._store = store
        self._rival = rival

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        """Commit, when the rival has."""
        rival, self._rival = self._rival, ()
        await self._store.commit(*rival)
        return await self._store.commit(*changes)


def test_a_row_that_loses_a_race_is_decided_anew(folder: Path) -> None:
    """A customer that a server creates at the same moment is updated, and the rows around it are brought in."""

    async def race() -> bulk_import.Tally:
        async with wiring.open_context(load(data_dir=folder)) as context:
            program = await context.directory.programs.get(1)
            assert program is not None
            rival = creation(
                context, 1, program, context.new_uuid(), NewCustomer(external_id="raced", first_name="Rival")
            )
            context.store = cast("Store", Rivalled(context.store, *rival))
            names = ("before", "raced", "after")
            rows = [
                Row(2, NewCustomer(external_id=name, city="Rome"), CustomerUpdate(external_id=name, city="Rome"))
                for name in names
            ]
            return await bulk_import.load(context, 1, rows, lambda _tally: None)

    tally = asyncio.run(race())
    assert (tally.created, tally.updated, tally.refused) == (2, 1, 0)
    raced = profile(folder, "raced")
    assert (raced["city"], raced["first_name"]) == ("Rome", "Rival")
    assert profile(folder, "after")["city"] == "Rome"


def test_a_file_of_many_chunks_is_brought_in_whole(folder: Path) -> None:
    """No row is lost where one lot of rows in flight ends and the next begins."""
    total = bulk_import.ROWS_IN_FLIGHT * 2 + 1
    rows = "".join(f"many-{n},many{n}@example.com\n" for n in range(total))
    assert counted(bring_in(folder, f"external_id,email\n{rows}")) == (total, 0, 0, 0)
    assert counted(bring_in(folder, f"external_id,email\n{rows}")) == (0, 0, total, 0)
