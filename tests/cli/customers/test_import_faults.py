"""What is told of rows that cannot be taken, and of values that a spreadsheet spoiled."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import run
from tests.cli.customers.importing import bring_in, counted, faults, folder

__all__ = ["folder"]

WRONG: dict[str, Any] = {
    "external_id": "\u200b",
    "email": "no address",
    "opted_in": "ja",
    "gender": "other",
    "dob": "31/01/1980",
    "zip": "x" * 256,
    "country": "Atlantis",
    "city": "nul\x00byte",
    "profile_photo_url": "ftp://example.com",
    "phone_numbers": [{"phone_type": "home"}],
    "identifiers": [{"external_id": " "}],
    "suspended": "maybe",
    "user_profile": {"a": {"b": "nul\x00byte"}},
}
"""Members of a row, each of which is wrong in its own way: of a type, or by a rule."""

SAID = {
    "external_id": "external_id must have a character that can be seen",
    "email": "email is not an email address",
    "opted_in": "opted_in must be true or false",
    "gender": "gender must be f, female, m or male",
    "dob": "dob must be a date that exists, as YYYY-MM-DD",
    "zip": "The field zip cannot be used",
    "country": "country must be a 3-letter code",
    "city": "The field city cannot be used",
    "profile_photo_url": "profile_photo_url must be an http or https address",
    "phone_numbers": "The field phone_numbers[0].phone_number is missing",
    "identifiers": "identifiers[0].external_id",
    "suspended": "suspended must be true or false",
    "user_profile": "user_profile",
}


def written(row: dict[str, Any], ending: str) -> str:
    """A row as a file of this kind."""
    if ending == "jsonl":
        return json.dumps(row)
    cells = [value if isinstance(value, str) else json.dumps(value) for value in row.values()]
    return ",".join(row) + "\n" + ",".join('"' + each.replace('"', '""') + '"' for each in cells) + "\n"


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_all_that_is_wrong_in_a_row_is_told(folder: Path, ending: str, flags: tuple[str, ...]) -> None:
    """Not the first alone, and nothing of the row is written."""
    done = bring_in(folder, written(WRONG, ending), ending, *flags)
    assert counted(done) == (0, 0, 0, 1)
    (told,) = faults(done).values()
    assert set(told) == set(WRONG)
    assert {name: reason for name, reason in told.items() if SAID[str(name)] not in reason} == {}
    values = {each["column"]: each["value"] for each in done.document["refusals"][0]["faults"]}
    assert (values["gender"], values["opted_in"], values["dob"]) == ("other", "ja", "31/01/1980")
    assert run("customers", "list", "--json", "--data-dir", folder).document["customers"] == []


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("pair", [("gender", "dob"), ("opted_in", "gender"), ("zip", "country")])
def test_two_wrong_cells_are_two_lines(folder: Path, pair: tuple[str, str], ending: str) -> None:
    """Each with the row, the column, the value and what is allowed; long values are cut short."""
    file = folder.parent / f"c.{ending}"
    file.write_text(written({"external_id": "c-1", **{name: WRONG[name] for name in pair}}, ending))
    done = run("customers", "import", file, "--data-dir", folder)
    lines = done.err.splitlines()
    assert sorted(line.partition(SAID[name])[1] for name, line in zip(pair, lines, strict=True)) == sorted(
        SAID[name] for name in pair
    )
    assert all(line.startswith("line 2: " if ending == "csv" else "line 1: ") for line in lines)
    for name, line in zip(pair, lines, strict=True):
        assert f'(the value is "{WRONG[name][:40]}' in line


def test_what_a_decision_finds_is_told_beside_the_rest(folder: Path) -> None:
    """An address of somebody else, and a row that names nobody."""
    bring_in(folder, "external_id,email\na,a@example.com\n")
    done = bring_in(folder, "external_id,email,gender\nb,A@example.com,x\n,,y\n")
    gender = "gender must be f, female, m or male."
    assert faults(done) == {
        2: {"email": "email belongs to another customer.", "gender": gender},
        3: {None: "Either external_id or email is required.", "gender": gender},
    }


SPOILED = [
    ("external_id", "4.11111E+15"),
    ("external_id", "1,23457E+11"),
    ("external_id", "12345.0"),
    ("external_id", "411111111111111000"),
    ("external_id", "#N/A"),
    ("external_id", "#NAME?"),
    ("external_id", "Mar-01"),
    ("external_id", "1-Sep"),
    ("phone_number", "1.20256E+10"),
    ("phone_number", "12025550100.0"),
    ("zip", "1.2E+4"),
    ("zip", "#REF!"),
    ("city", "########"),
    ("first_name", "#VALUE!"),
    ("identifiers", '[{"external_id": "1E+11"}]'),
]


@pytest.mark.parametrize(("column", "value"), SPOILED)
def test_spoiled_values_are_warned_of(folder: Path, column: str, value: str) -> None:
    """Each is named and counted, and taken all the same; --strict refuses the row."""
    row = {"external_id": "c-1", column: value}
    done = bring_in(folder, written(row, "csv"))
    assert (done.code, counted(done), done.document["warned"]) == (0, (1, 0, 0, 0), 1)
    fault = done.document["warnings"][0]["faults"][0]
    assert (done.document["warnings"][0]["line"], fault["column"], fault["value"]) == (2, column, value)
    done = bring_in(folder, written(row, "csv"), "csv", "--strict")
    assert (done.code, counted(done), done.document["warned"]) == (3, (0, 0, 0, 1), 0)
    assert "spreadsheet" in done.document["refusals"][0]["reason"] or ".0" in value
    if column != "phone_number" and not value.startswith("["):
        assert bring_in(folder, written(row, "jsonl"), "jsonl").document["warned"] == 1


SOUND = [
    "4111111111111111",
    "E5",
    "12E",
    "1e",
    "#1",
    "# 5 Way",
    "10.05",
    "Mar-011",
    "May-Ann",
    "100000000000000",
    "007",
]


@pytest.mark.parametrize("value", SOUND)
def test_sound_values_are_not_warned_of(folder: Path, value: str) -> None:
    """A warning for nothing is a warning that nobody reads."""
    row = {"external_id": value, "city": value, "first_name": "1.0"}
    assert bring_in(folder, written(row, "csv"), "csv", "--strict").document["refused"] == 0


def test_warnings_are_counted_at_the_end(folder: Path) -> None:
    """In words, each on its line, the first hundred of them."""
    file = folder.parent / "c.csv"
    file.write_text("external_id,zip\n" + "".join(f"c-{n},{n}E+05\n" for n in range(150)))
    done = run("customers", "import", file, "--data-dir", folder)
    assert done.out == "150 created, 0 updated, 0 unchanged, 0 refused, 150 with a warning\n"
    lines = done.err.splitlines()
    assert lines[0] == (
        'line 2: warning: zip looks like a long number that a spreadsheet shortened (the value is "0E+05").'
    )
    assert lines[-1] == "... and 50 more rows with a warning."
    assert len(lines) == 101


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_type_without_its_external_id_is_refused(folder: Path, ending: str) -> None:
    """It is named once, also beside other faults of the row; beside its external id it is taken."""
    alone = {"email": "type@customers.example", "external_id_type": "loyalty"}
    done = bring_in(folder, written(alone, ending), ending)
    (refused,) = done.document["refusals"]
    assert refused["reason"].startswith("external_id_type is given without external_id")
    whole = {**alone, "external_id": "typed", "gender": "other"}
    (refused,) = bring_in(folder, written(whole, ending), ending).document["refusals"]
    assert refused["reason"].startswith("gender must be")
    assert "external_id_type" not in refused["reason"]
