"""How files of customers are written: names of columns, separators, encodings, words for yes and no."""

import json
from pathlib import Path
from typing import Any

import pytest

from tessera.app.customers.files.columns import MEMBERS
from tessera.app.customers.files.lines import LINE_BYTES_MAX
from tessera.core.flags import WORDS
from tests.cli.command import one_sentence, run
from tests.cli.customers.importing import bring_in, counted, faults, folder, profile

__all__ = ["folder"]

FLAGS = ("opted_in", "suspended", "test_account")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("word", [*WORDS, "TRUE", "Yes", " no ", "FALSE", "oN"])
def test_flags_are_taken_in_the_usual_words(folder: Path, word: str, ending: str) -> None:
    """Each flag in every format, in any case."""
    meant = WORDS[word.strip().lower()]
    row = {"external_id": "c-1", **dict.fromkeys(FLAGS, word)}
    text = json.dumps(row) if ending == "jsonl" else f"{','.join(row)}\n{','.join(row.values())}\n"
    assert counted(bring_in(folder, text, ending)) == (1, 0, 0, 0)
    assert {name: profile(folder, "c-1")[name] for name in FLAGS} == dict.fromkeys(FLAGS, meant)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_that_is_none_is_refused_with_its_choices(folder: Path, flag: str, ending: str) -> None:
    """The row, the column, the value and the choices are named."""
    text = json.dumps({"external_id": "c", flag: "ja"}) if ending == "jsonl" else f"external_id,{flag}\nc,ja\n"
    done = bring_in(folder, text, ending)
    assert counted(done) == (0, 0, 0, 1)
    refusal = done.document["refusals"][0]
    assert refusal["line"] == (1 if ending == "jsonl" else 2)
    assert refusal["faults"][0]["value"] == "ja"
    assert refusal["reason"] == (
        f'{flag} must be true or false, yes or no, y or n, t or f, on or off, 1 or 0, in any case (the value is "ja").'
    )


@pytest.mark.parametrize(
    "header", ["External ID,EMAIL", "external-id, e mail ", "ExternalId,e_mail", "EXTERNAL_ID,E-Mail"]
)
def test_case_blanks_and_hyphens_in_a_header_make_no_difference(folder: Path, header: str) -> None:
    """As people and their spreadsheets write it."""
    assert counted(bring_in(folder, f"{header}\nc-1,a@example.com\n")) == (1, 0, 0, 0)
    assert profile(folder, "c-1")["email"] == "a@example.com"


def test_names_in_json_lines_are_recognized_as_those_of_columns_are(folder: Path) -> None:
    """The same spellings; two names of one member are refused, so that neither is dropped in silence."""
    rows = [{"EXTERNAL_ID": "c-1", "First Name": "Ann"}, {"external_id": "c-2", "firstname": "A", "First_Name": "B"}]
    done = bring_in(folder, "\n".join(map(json.dumps, rows)), "jsonl")
    assert counted(done) == (1, 0, 0, 1)
    assert profile(folder, "c-1")["first_name"] == "Ann"
    assert done.document["refusals"][0]["reason"] == "Two members mean first_name. Leave one of them out."


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "pipe")])
def test_a_separator_is_recognized_and_told(folder: Path, separator: str, name: str) -> None:
    """From the header; --separator says it too, by its name or as it is."""
    text = 'external_id,first_name,city\nc-1,Ann,"Rome, Italy"\n'.replace(",f", f"{separator}f").replace(
        ",c", f"{separator}c"
    ).replace(",A", f"{separator}A").replace(',"', f'{separator}"')  # fmt: skip
    done = bring_in(folder, text)
    assert counted(done) == (1, 0, 0, 0)
    assert f"The columns are separated by {name}" in done.err
    assert profile(folder, "c-1")["city"] == "Rome, Italy"
    for said in (name, name.upper(), separator):
        done = bring_in(folder, text, "csv", "--separator", said)
        assert counted(done) == (0, 0, 1, 0)
        assert done.err == ""


def test_a_line_that_says_the_separator_is_no_header(folder: Path) -> None:
    """Spreadsheets write `sep=;` before it; lines are still counted from the top."""
    done = bring_in(folder, "sep=;\r\nexternal_id;dob\r\nc-1;\r\nc-2;never\r\n")
    assert counted(done) == (1, 0, 0, 1)
    assert list(faults(done)) == [4]


@pytest.mark.parametrize("separator", ["", "ab", "a", '"', " "])
def test_a_separator_that_cannot_be_is_refused(folder: Path, separator: str) -> None:
    """With those that there are."""
    assert "comma, semicolon, tab, pipe" in one_sentence(
        bring_in(folder, "external_id\n", "csv", "--separator", separator)
    )


def test_columns_can_be_mapped_and_ignored(folder: Path) -> None:
    """By the names that the file has, in any case; refusals name the column as the file does."""
    content = "Kundennr,Vorname,Geburt,Notes,Branch\nc-1,Ann,1980-01-31,x,y\nc-2,Bo,never,,\n"
    flags = ("--map", "kundennr=external_id", "--map", "Vorname=First Name", "--map", "Geburt=dob")
    done = bring_in(folder, content, "csv", *flags, "--ignore-columns", "notes,BRANCH")
    assert counted(done) == (1, 0, 0, 1)
    assert profile(folder, "c-1")["first_name"] == "Ann"
    assert done.document["refusals"] == [
        {
            "line": 3,
            "reason": 'Geburt: dob must be a date that exists, as YYYY-MM-DD (the value is "never").',
            "faults": [
                {"column": "Geburt", "value": "never", "reason": "dob must be a date that exists, as YYYY-MM-DD."}
            ],
        }
    ]


def test_members_of_json_lines_can_be_mapped_and_ignored(folder: Path) -> None:
    """As columns can."""
    row = {"Kundennr": "c-1", "city": "Rome", "vorname": "Ann"}
    flags = ("--map", "Kundennr=external_id", "--map", "Vorname=first_name", "--ignore-columns", "city")
    assert counted(bring_in(folder, json.dumps(row), "jsonl", *flags)) == (1, 0, 0, 0)
    assert profile(folder, "c-1")["first_name"] == "Ann"
    assert "city" not in profile(folder, "c-1")
    assert "--separator is only for CSV" in one_sentence(
        bring_in(folder, json.dumps(row), "jsonl", "--separator", "tab")
    )


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (("--map", "external_id"), "is not of the form COLUMN=member"),
        (("--map", "x=nickname"), "The members are: external_id,"),
        (("--map", "absent=city"), "absent is not in the file"),
        (("--ignore-columns", "Absent"), "absent is not in the file"),
        (("--map", "city=first_name"), "first_name stands twice"),
        (("--ignore-columns", "external_id"), "a column is missing"),
        (("--encoding", "klingon"), "Choose one of: utf-8, utf-16,"),
        (("--encoding", "idna"), "Choose one of: utf-8, utf-16,"),
    ],
)
def test_flags_that_fit_no_file_are_refused_whole(folder: Path, flags: tuple[str, ...], part: str) -> None:
    """Nothing is brought in by half a mapping."""
    content = "external_id,first_name,city\nc-1,Ann,Rome\n"
    assert part in one_sentence(bring_in(folder, content, "csv", *flags))
    assert bring_in(folder, content, "csv", "--dry-run").document["created"] == 1


ENCODED = [
    ("utf-16", ()),
    ("utf-16-le", ()),
    ("utf-16-be", ()),
    ("utf-32", ()),
    ("utf-8-sig", ()),
    ("utf-16-le", ("--encoding", "UTF-16LE")),
    ("utf-8-sig", ("--encoding", "utf8")),
    ("windows-1252", ("--encoding", "cp1252")),
    ("iso-8859-15", ("--encoding", "latin9")),
    ("mac-roman", ("--encoding", "mac-roman")),
]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@pytest.mark.parametrize(("encoding", "flags"), ENCODED)
def test_files_are_read_in_their_encoding(folder: Path, encoding: str, flags: tuple[str, ...], ending: str) -> None:
    """Unicode is recognized by its mark or its first bytes, which is told; others are said by --encoding."""
    text = "external_id,first_name\nc-1,Zoë\nc-2,Bjørn\n"
    if ending == "jsonl":
        text = '{"external_id":"c-1","first_name":"Zoë"}\n{"external_id":"c-2","first_name":"Bjørn"}'
    done = bring_in(folder, text.encode(encoding), ending, *flags)
    assert counted(done) == (2, 0, 0, 0)
    assert [profile(folder, name)["first_name"] for name in ("c-1", "c-2")] == ["Zoë", "Bjørn"]
    assert ("is read so" in done.err) == (not flags and encoding != "utf-8-sig")


@pytest.mark.parametrize(
    ("encoding", "said", "part"),
    [
        ("utf-8-sig", "utf-16", "The file is not in utf-16"),
        ("utf-8", "utf-16", "The file is not in utf-16"),
        ("utf-8", "utf-32", "The file is not in utf-32"),
        ("utf-16", "utf-8", "The file is in utf-16. Leave --encoding out"),
        ("utf-32", "utf-8", "The file is in utf-32. Leave --encoding out"),
    ],
)
def test_a_file_in_another_encoding_than_was_said_is_one_sentence(
    folder: Path, encoding: str, said: str, part: str
) -> None:
    """Nothing is brought in, and no bytes are printed as letters."""
    content = "external_id,first_name\nc-1,Ann\n".encode(encoding)
    assert part in one_sentence(bring_in(folder, content, "csv", "--encoding", said))


def test_a_row_in_another_encoding_is_refused_by_its_cells(folder: Path) -> None:
    """With the bytes as they are, and what to say."""
    done = bring_in(folder, "external_id,first_name,city\nc-1,Zoë,Köln\nc-2,Bo,\n".encode("windows-1252"))
    assert counted(done) == (1, 0, 0, 1)
    assert faults(done)[2] == {
        name: f"{name} is not UTF-8. Say which encoding the file is in." for name in ("first_name", "city")
    }
    assert [each["value"] for each in done.document["refusals"][0]["faults"]] == [r"Zo\xeb", r"K\xf6ln"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_file_that_breaks_off_in_a_letter_loses_one_row(folder: Path, encoding: str) -> None:
    """A row that cannot be decoded is refused, and no other."""
    cut = "external_id,first_name\nc-1,Ann\nc-2,Bo".encode(encoding)[:-1]
    lone = "external_id,first_name\nc-1,\ud800\nc-2,Bo\n".encode(encoding, "surrogatepass")
    for content, line in ((cut, 3), (lone, 2)):
        done = bring_in(folder, content, "csv", "--dry-run")
        assert counted(done) == (1, 0, 0, 1)
        assert list(faults(done)) == [line]


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        ("external_id,first_name\rc-1,Ann\rc-2,Bea\r", "csv"),
        ("external_id,first_name\rc-1,Ann\r\nc-2,Bea\r\n", "csv"),
        ('\ufeff"external_id";"first_name"\r"c-1";"Ann"', "csv"),
        ('{"external_id": "c-1"}\r{"external_id": "c-2"}\r', "jsonl"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_lines_that_end_in_carriage_returns_alone_are_refused(
    folder: Path, content: str, ending: str, encoding: str
) -> None:
    """Such a file would be one line; a sentence says how it has to be saved, and nothing is imported."""
    done = bring_in(folder, content.encode(encoding), ending)
    assert "a carriage return alone" in one_sentence(done)
    assert run("customers", "list", "-q", "--data-dir", folder).out == ""


def test_carriage_returns_in_other_places_are_read(folder: Path) -> None:
    """Before a line feed, twice before it, and within quotation marks."""
    content = 'external_id,"first\rname",first_name\r\nc-1,,Ann\r\nc-2,,"Be\ra"\r\n'
    assert counted(bring_in(folder, content, "csv", "--ignore-columns", "first\rname"))[0] == 2
    assert counted(bring_in(folder, "external_id,first_name\r\r\nc-3,Ann\r\r\n"))[0] == 1


def test_what_holds_nothing_is_passed_over(folder: Path) -> None:
    """Rows of separators alone, columns without name and value, values of blanks alone."""
    done = bring_in(
        folder, "external_id,first_name,,\n,,,\nc-1,Ann,,\n , ,,\nc-2,  ,,\nc-3,Cy,,,,\nc-4,Di,x,\nc-5,Ed\n"
    )
    assert counted(done) == (3, 0, 0, 2)
    assert faults(done) == {
        7: {None: "Column 3 has a value and no name."},
        8: {None: "The row has 2 values for 4 columns."},
    }
    assert "first_name" not in profile(folder, "c-2")


def test_a_value_may_be_as_long_as_a_json_line(folder: Path) -> None:
    """Beyond that the row is refused in the words of a JSON line, and the rows after it are read."""
    deep = "x" * 200_000
    for ending, text in (
        ("csv", 'external_id,dob,city\nc-1,{0},"{0}"\nc-2,,{1}\nc-3,,"{1}\nc-5,,\n{1}{1}"\nc-4,,Rome\n'),
        ("jsonl", '\n{{"external_id":"c-1","city":"{0}"}}\n{{"external_id":"c-2","city":"{1}"}}\n'),
    ):
        done = bring_in(folder, text.format(deep, "y" * LINE_BYTES_MAX), ending)
        told = faults(done)
        assert "a text of 1 to 255 characters" in told[2]["city"], ending
        assert told[3] == {None: "The line is longer than 1048576 bytes."}, ending
        assert [counted(done)[0], *told] == ([1, 2, 3, 4] if ending == "csv" else [0, 2, 3]), ending


def test_one_number_and_a_list_of_them_are_not_both_taken(folder: Path) -> None:
    """Neither is dropped; a row that fills one of the columns is taken."""
    numbers = json.dumps([{"phone_number": "+2"}]).replace('"', '""')
    content = f'external_id,phone_number,phone_numbers\nc-1,+1,"{numbers}"\nc-2,+1,\nc-3,,"{numbers}"\n'
    done = bring_in(folder, content)
    assert faults(done) == {2: {None: "phone_number and phone_numbers are both given. Leave one of them empty."}}
    assert [profile(folder, name)["phone_numbers"][0]["phone_number"] for name in ("c-2", "c-3")] == ["+1", "+2"]
    rows: list[dict[str, Any]] = [
        {"external_id": "c-1", "phone_number": "+1", "phone_numbers": [{"phone_number": "+2"}]},
        {"external_id": "c-2", "phone_number": "+3", "phone_numbers": None},
        {"external_id": "c-3", "phone_number": "", "phone_numbers": [{"phone_number": "+4"}]},
    ]
    done = bring_in(folder, "\n".join(map(json.dumps, rows)), "jsonl")
    assert faults(done) == {1: {None: "phone_number and phone_numbers are both given. Leave one of them empty."}}
    assert [profile(folder, name)["phone_numbers"][0]["phone_number"] for name in ("c-2", "c-3")] == ["+3", "+4"]


FULL = {
    "email": "a@example.com", "gender": "f", "dob": "1980-01-31", "address": "1 Way", "address2": "b", "city": "Rome",
    "zip": "00100", "dma": "1", "state": "RM", "country": "ITA", "locale": "it", "last_name": "A", "first_name": "Ann",
    "profile_photo_url": "/ann.png", "referrer_code": "ANN", "referral": '{"referral_code": "BO"}',
    "phone_numbers": '[{"phone_number": "+1"}]', "phone_number": "+1", "user_profile": '{"roast": "dark"}',
    "opted_in": "false", "suspended": "true", "test_account": "true", "external_id_type": "card",
    "identifiers": '[{"external_id": "c-1"}]',
}  # fmt: skip
"""Every column with a value, external_id left out."""

KEPT = {"opted_in", "suspended", "test_account", "external_id_type", "identifiers"}
"""Columns of which an empty cell clears nothing."""


def cell(value: str) -> str:
    """A value as a cell."""
    return '"' + value.replace('"', '""') + '"'


def test_every_column_is_tried() -> None:
    """A new one has to be added here."""
    assert {*FULL, "external_id"} == set(MEMBERS)


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("column", FULL)
def test_an_empty_cell_has_one_meaning(folder: Path, column: str, empty: str) -> None:
    """Not given of a new customer, cleared of a known one: as a member that is null in JSON lines."""
    header = f"external_id,{column}\n"
    other = FULL[column].replace("c-1", "c-2").replace("a@", "b@").replace("ANN", "BEA")
    bring_in(folder, f"{header}new,{empty}\nc-1,{cell(FULL[column])}\nc-2,{cell(other)}\n")
    bring_in(folder, '{"external_id":"bare"}\n', "jsonl")
    at = {"created_at", "updated_at", "registered_at", "id", "identifiers", "referrer_code"}
    bare = {name: value for name, value in profile(folder, "bare").items() if name not in at}
    assert {name: value for name, value in profile(folder, "new").items() if name not in at} == bare
    before = profile(folder, "c-1")
    member = "phone_numbers" if column == "phone_number" else column
    done = bring_in(folder, f"{header}c-1,{empty}\n")
    assert counted(done) == ((0, 0, 1, 0) if column in KEPT else (0, 1, 0, 0))
    bring_in(folder, json.dumps({"external_id": "c-2", member: None}), "jsonl")
    after = profile(folder, "c-1")
    assert (after == before) == (column in KEPT)
    assert {name: value for name, value in after.items() if name not in at | {"email"}} == {
        name: value for name, value in profile(folder, "c-2").items() if name not in at | {"email"}
    }
    assert ("email" in after) == ("email" in profile(folder, "c-2"))


def test_what_a_file_says_does_nothing_to_the_terminal(folder: Path) -> None:
    """Names of columns and values are shown escaped."""
    attack = "\x1b[2J\u202e"
    file = folder.parent / "c.csv"
    for content in (
        f"external_id,{attack}\n",
        f"external_id,dob\nc-1,{attack}\n",
        f"external_id,zip\nc-1,1E+5{attack}\n",
    ):
        file.write_text(content)
        done = run("customers", "import", file, "--data-dir", folder)
        assert "\\x1b[2J\\u202e" in done.err
        assert "\x1b" not in done.out + done.err
