"""`tessera loyalty`: a file shown as a difference, applied, written down again; and files that are turned down."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tessera.app.loyalty import program_files
from tests.cli.command import Done, one_sentence, run
from tests.support import prepared
from tests.support.invariants import contents
from tests.support.operator_session import make_partner
from tests.support.server import running

PROGRAM = """\
organization: Aurora Coffee
retailer_id: 0190f1de-0000-7000-8000-000000000001
point_accounts:
  - {name: Beans, group: Spend, lifetime_days: 365}
  - {name: Status points, group: Tier}
point_sources:
  - {name: Till}
tier_systems:
  - name: Aurora Club
    maintenance_days: 365
    levels:
      - {name: Bronze}
      - {name: Silver, points: 500.5, accounts: [Status points], keep: 400}
events:
  - lookup: survey
    awards: [{account: Beans, points: 25, source: Till}]
purchases:
  - {name: Beans for purchases, account: Beans, points: 1.5, excluded_items: [gift-card]}
"""

PLAN = """\
+ organization Aurora Coffee (retailer_id 0190f1de-0000-7000-8000-000000000001)
+ point account Beans (group Spend, lifetime_days 365, overdraw no)
+ point account Status points (group Tier, overdraw no)
+ point source Till
+ tier system Aurora Club (maintenance_days 365)
+ tier level Bronze of Aurora Club (rank 0)
+ tier level Silver of Aurora Club (rank 1, points 500.5, accounts Status points, keep 400)
+ event survey (name survey, awards 25 Beans from Till)
+ purchase rule Beans for purchases (earns 1.5 Beans for each 1, rounding down, excluded_items gift-card)
"""

Loyalty = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one organization, which has no program."""
    folder = tmp_path / "data"
    prepared.copied(folder, _with_bakery)
    return folder


def _with_bakery(folder: Path) -> None:
    assert run("orgs", "create", "Bakery", "--data-dir", folder).code == 0


@pytest.fixture
def loyalty(folder: Path) -> Loyalty:
    """Runs `tessera loyalty` on the folder."""
    return lambda *arguments: run("loyalty", *arguments, "--data-dir", folder)


def written(tmp_path: Path, text: str | bytes, name: str = "program.yaml") -> Path:
    """A file with this text."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_retailer_is_set_up_by_a_file(tmp_path: Path, loyalty: Loyalty, folder: Path) -> None:
    """The plan is shown first and done with --yes; the organization is created with the retailer id of the file."""
    file = written(tmp_path, PROGRAM)
    before = contents(folder / "tessera.db")

    assert loyalty("apply", file, "--dry-run") == Done(0, PLAN, "")
    refused = loyalty("apply", file)
    assert (refused.code, refused.out) == (1, PLAN)
    assert refused.err == "tessera: Say --yes to change the program without being asked.\n"
    assert contents(folder / "tessera.db") == before
    done = loyalty("apply", file, "--yes")
    assert (done.code, done.out) == (0, PLAN)
    assert done.err == "Done: the program of Aurora Coffee is as the file declares it.\n"
    again = loyalty("apply", file)
    assert (again.code, again.out) == (0, "")
    assert again.err == "Nothing to change: the program of Aurora Coffee is as the file declares it.\n"
    assert "0190f1de-0000-7000-8000-000000000001" in run("orgs", "list", "--data-dir", folder).out


def test_words_of_yaml_may_be_in_another_case(tmp_path: Path, loyalty: Loyalty) -> None:
    """Booleans and nulls are those of YAML 1.2, and nothing else is one."""
    accounts = (
        "  - {name: A, group: X, overdraw: True, lifetime_days: NULL}\n  - {name: B, group: X, overdraw: FALSE}\n"
    )
    file = written(tmp_path, f"organization: Aurora Coffee\npoint_accounts:\n{accounts}")
    assert loyalty("apply", file, "--dry-run").out.splitlines()[1:] == [
        "+ point account A (group X, overdraw yes)",
        "+ point account B (group X, overdraw no)",
    ]
    wrong = written(tmp_path, f"organization: Aurora Coffee\npoint_accounts:\n{accounts.replace('True', 'yes')}")
    assert "Line 3: The field point_accounts[0].overdraw cannot be used" in loyalty("apply", wrong, "--dry-run").err


def test_a_difference_is_told_as_json(tmp_path: Path, loyalty: Loyalty) -> None:
    """--json tells the plan, whether it was done, what is left alone and what is in the way."""
    loyalty("apply", written(tmp_path, PROGRAM), "--yes")
    file = written(tmp_path, '{"organization": "Aurora Coffee", "events": []}', "events.json")

    told = {
        "organization": "Aurora Coffee",
        "retailer_id": "0190f1de-0000-7000-8000-000000000001",
        "applied": False,
        "plan": [{"action": "retire", "what": "event", "text": "survey"}],
        "left_alone": ["point_accounts", "point_sources", "tier_systems", "purchases"],
        "obstacles": [],
    }
    assert loyalty("apply", file, "--dry-run", "--json").document == told
    assert loyalty("apply", file, "--yes", "--json").document == {**told, "applied": True}
    assert loyalty("apply", file, "--json").document == {**told, "plan": []}


def test_what_is_exported_changes_nothing(tmp_path: Path, loyalty: Loyalty) -> None:
    """An export is applied without a change, in both forms, to a file and to standard output."""
    loyalty("apply", written(tmp_path, PROGRAM), "--yes")
    org = ("--org", "Aurora Coffee")
    to_file = loyalty("export", *org, "--output", tmp_path / "out.yaml")
    assert (to_file.code, to_file.out) == (0, "")
    shown = loyalty("export", *org, "--format", "json").out
    assert loyalty("export", *org, "--json").out == shown
    assert loyalty("export", *org).out == (tmp_path / "out.yaml").read_text()
    for file in (tmp_path / "out.yaml", written(tmp_path, shown, "out.json")):
        assert loyalty("apply", file).err.startswith("Nothing to change")
    assert json.loads(shown)["tier_systems"][0]["levels"][1]["points"] == 500.5


def test_a_program_is_shown(tmp_path: Path, loyalty: Loyalty) -> None:
    """Accounts, tiers with what they take, sources and events are told, and what is retired is marked."""
    loyalty("apply", written(tmp_path, PROGRAM), "--yes")
    loyalty("apply", written(tmp_path, "organization: Aurora Coffee\npoint_sources: []\nevents: []\n"), "--yes")
    shown = loyalty("show", "--org", "Aurora Coffee").out

    for words in (("Beans", "Spend", "365 days", "no", "in use"), ("Silver", "500.5", "400"), ("Till", "retired")):
        assert any(all(word in line for word in words) for line in shown.splitlines()), words
    assert "survey" not in shown
    assert loyalty("show", "--org", "Aurora Coffee", "--json").document["events"] == []


def test_colours_are_for_terminals(tmp_path: Path, loyalty: Loyalty) -> None:
    """Nothing of a terminal's codes is in the plan of a pipe."""
    assert "\x1b" not in loyalty("apply", written(tmp_path, PROGRAM), "--dry-run").out


def test_organizations_are_not_mixed_up(tmp_path: Path, loyalty: Loyalty, folder: Path) -> None:
    """--org and the file must not name two; an organization that --org names must be there; ids must agree."""
    before = contents(folder / "tessera.db")
    file = written(tmp_path, PROGRAM)
    assert "another organization than --org" in one_sentence(loyalty("apply", file, "--yes", "--org", "Bakery"))
    nameless = written(tmp_path, "events: []\n", "events.yaml")
    assert "no organization named Nobody" in one_sentence(loyalty("apply", nameless, "--yes", "--org", "Nobody"))
    other = written(tmp_path, "organization: Bakery\nretailer_id: another\n", "other.yaml")
    assert "not that of Bakery" in one_sentence(loyalty("apply", other, "--yes"))
    new = written(tmp_path, "organization: New\nretailer_id: NEW\n", "new.yaml")
    assert "must be a UUID" in one_sentence(loyalty("apply", new, "--yes"))
    assert contents(folder / "tessera.db") == before
    assert loyalty("apply", nameless, "--yes").code == 0


HEAD = "organization: Bakery\n"
LEVELS = f"{HEAD}tier_systems:\n  - name: Club\n    levels:\n      - name: Low\n"
DEEP = "[" * 100_000

HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "a key that is not known": (f"{HEAD}point_account: []\n", "Line 2: point_account is no key of a declaration."),
    "a key that is not known, below": (
        f"{HEAD}point_sources:\n  - name: Till\n    nam: x\n", "Line 4: nam is no key of point_sources[0].",
    ),
    "a key twice": (f"{HEAD}events: []\nevents: []\n", "Line 3: the key occurs twice."),
    "a key twice in JSON": ('{"events": [], "events": []}', "An object in the file has the same key twice."),
    "no list": (
        f"{HEAD}events:\n",
        "Line 2: The field events cannot be used: it must be a list of at most 1000 elements. The value is null.",
    ),
    "no whole number": (
        f"{HEAD}point_accounts:\n  - {{name: A, group: B,\n     lifetime_days: 1.5}}\n",
        ("Line 4: The field point_accounts[0].lifetime_days cannot be used: it must be a whole number from 1 to 36500."
         " The value is 1.5."),
    ),
    "a name that is a number": (
        f"{HEAD}point_sources: [{{name: 12}}]\n",
        ("Line 2: The field point_sources[0].name cannot be used: it must be a text of 1 to 255 characters."
         " The value is 12."),
    ),
    "a name with a control character": (
        f'{HEAD}point_sources: [{{name: "a\\tb"}}]\n',
        "Line 2: The field point_sources[0].name cannot be used: it has a control character. The value is \"a\\tb\".",
    ),
    "nothing under the name": (f"{HEAD}point_accounts:\n  - name: A\n",
                               "Line 3: The field point_accounts[0].group is missing."),
    "an account that is not there": (
        f"{LEVELS}      - name: High\n        points: 5\n        accounts:\n          - Nothing\n",
        "Line 9: tier_systems[0].levels[1].accounts[0] names no point account. The value is \"Nothing\".",
    ),
    "points that do not grow": (
        f"{LEVELS}      - {{name: High, points: 0.0, accounts: [A]}}\n",
        "Line 6: tier_systems[0].levels[1].points must be more than 0. The value is 0.0.",
    ),
    "five decimals": (
        f"{LEVELS}      - {{name: High, points: 0.00001, accounts: [A]}}\n",
        "Line 6: tier_systems[0].levels[1].points has more than four decimals. The value is 0.00001.",
    ),
    "points that are a text": (
        f"{LEVELS}      - {{name: High, points: 1_000, accounts: [A]}}\n",
        "Line 6: tier_systems[0].levels[1].points must be a number. The value is \"1_000\".",
    ),
    "an endless number": (
        f"{LEVELS}      - {{name: High, points: {'9' * 5000}, accounts: [A]}}\n",
        "Line 6: a number of more than 40 digits.",
    ),
    "an enormous number": (
        f"{LEVELS}      - {{name: High, points: 1e999999999, accounts: [A]}}\n",
        ("Line 6: tier_systems[0].levels[1].points must be from -100000000000 to 100000000000."
         " The value is 1E+999999999."),
    ),
    "no number": (
        '{"events": [{"lookup": "a", "awards": [{"account": "b", "points": NaN}]}]}',
        "events[0].awards[0].points must be a number. The value is \"NaN\".",
    ),
    "an anchor": (f"{HEAD}events: &all []\n", "Line 2: anchors and aliases are not allowed. Write the value out."),
    "many aliases": (
        "a: &a [1]\n" + "".join(f"{b}: &{b} [*{a},*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
        "Line 1: anchors and aliases are not allowed. Write the value out.",
    ),
    "a tag": ("events: !!python/object/apply:os.system ['true']\n", "Line 1: tags are not allowed."),
    "a merge key": (f"{HEAD}<<: {{events: []}}\n", "Line 2: << is no key of a declaration."),
    "a key that is no text": (f"{HEAD}? [a]\n: b\n", "Line 2: a key is not a string."),
    "two documents": ("---\na: 1\n---\nb: 1\n", "Line 3: a second document begins. A file declares one program."),
    "depth in YAML": (f"- {DEEP}", "Line 1: the file is nested too deeply."),
    "depth in JSON": (f'{{"a":{DEEP}', "The file is nested too deeply, or contains a lone surrogate."),
    "many values": ("events: [" + "1," * 300_000 + "]", "Line 1: the file has more than 20000 values."),
    "too much": (b"#" * (program_files.FILE_BYTES_MAX + 1), "The file is larger than 1024 KiB."),
    "no UTF-8": (b"events: []\n# \xff\n", "Line 2: the file is not UTF-8."),
    "UTF-16": ("events: []".encode("utf-16"), "Line 1: the file is not UTF-8."),
    "a lone surrogate": ('organization: "\\ud83d"\n', "Line 1: a lone surrogate, which is not a character."),
    "a lone surrogate in JSON": ('{"a": "\\ud83d"}', "The file is nested too deeply, or contains a lone surrogate."),
    "a null character": ("events: []\n# \0\n", "Line 2: a character that YAML does not allow."),
    "no YAML": ("events: [\n", "Line 2: the file is not YAML (expected the node content, but found '<stream end>')."),
    "no JSON": ('{"events": []\n,}', "Line 2: the file is not JSON, although it begins like JSON."),
    "nothing": ("", "The file cannot be used: it must be an object. The value is null."),
    "a list": ("- a\n", "The file cannot be used: it must be an object. The value is a list of 1."),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_cannot_be_is_told_with_its_place(
    name: str, tmp_path: Path, loyalty: Loyalty, folder: Path
) -> None:
    """A file that is not a declaration ends in one sentence that names the place; nothing is changed."""
    text, expected = HOSTILE[name]
    before = contents(folder / "tessera.db")
    begun = time.process_time()

    assert one_sentence(loyalty("apply", written(tmp_path, text), "--yes")) == expected
    assert time.process_time() - begun < 10
    assert contents(folder / "tessera.db") == before


def test_words_and_numbers_are_read_as_they_look() -> None:
    """Only true, false, null and plain decimal numbers are more than texts; a byte order mark is let pass."""
    text = "\ufeffpoint_sources: [{name: no}, {name: 2030-01-01}, {name: 010}, {name: 1_0}, {name: '12'}, {name: .5}]\n"
    sources = program_files.read(text.encode()).declaration.point_sources

    assert [each.name for each in sources or []] == ["no", "2030-01-01", "010", "1_0", "12", ".5"]


def test_a_running_server_has_it_at_once(tmp_path: Path) -> None:
    """What a command applies beside a running server is in its answers a moment later, and so is a held level."""
    with running(tmp_path / "data") as server:
        reader = make_partner(server.folder, "Reader", scope="loyalty:read")
        form = {
            "grant_type": "client_credentials",
            "client_id": reader.client_id,
            "client_secret": reader.client_secret,
        }
        token = httpx.post(f"{server.url}/oauth/token", data=form, timeout=60).json()["access_token"]

        def sources() -> list[str]:
            answer = httpx.post(
                f"{server.url}/api/1.0/point_sources/fetch",
                json={"retailer_id": server.demo["retailer_id"]},
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
            return [each["name"] for each in answer.json()["payload"]["results"] if not each["retired"]]

        assert sources() == ["Till", "Web shop"]
        file = written(tmp_path, "point_sources: [{name: Till}, {name: App}]\n")
        assert run("loyalty", "apply", file, "--yes", "--data-dir", server.folder).code == 0
        deadline = time.monotonic() + 60
        while sources() != ["Till", "App"] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sources() == ["Till", "App"]
        levels = written(tmp_path, "tier_systems: [{name: Aurora Club, levels: [{name: Bronze}]}]\n")
        held = run("loyalty", "apply", levels, "--yes", "--data-dir", server.folder)
        assert held.code == 1
        assert "71 customers hold the tier level Silver of Aurora Club, which is left out." in held.err
