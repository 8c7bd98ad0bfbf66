"""Tables fit the terminal, times have one form, and `-q` prints the id alone."""

import re
from pathlib import Path

import pytest

from tests.cli.command import folder_with_application, run, spawn

LONG = "A partner with quite a long name"
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s│]*")


def furnished(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with some of everything, and how the application was created."""
    folder, made = folder_with_application(tmp_path)
    here = ("--data-dir", folder)
    run("apps", "set", "Partner", "--name", LONG, "--scope", "profiles:read profiles:write loyalty:read", *here)
    run("properties", "create", "Web shop", *here)
    run("resources", "create", "https://stock.example/api/of/a/long/path", "--name", "Stock", "--scope", "a b c", *here)
    run("apps", "grant", LONG, "Stock", "--scope", "a", *here)
    url = "https://93.184.216.34/hook/with/a/rather/long/path"
    run("webhooks", "create", "hook", "--url", url, *here)
    return folder, made


LISTS = [
    "apps list",
    "audit list",
    "orgs list",
    "properties list",
    "resources list",
    "resources who a",
    "webhooks list",
    "keys list",
    "events list",
]


def test_tables_fit_the_terminal(tmp_path: Path) -> None:
    """No list is wider than the terminal; what is left out is said, and `--wide` and a pipe show all of it."""
    folder, made = furnished(tmp_path)
    for line in LISTS:
        done = run(*line.split(), "--data-dir", folder, columns=100)
        assert done.code == 0, done
        assert max(map(len, done.out.splitlines()), default=0) <= 100, line
    narrow = spawn("apps", "list", "--data-dir", folder)
    assert LONG in narrow.out
    assert f"{made['client_id'][:6]}…{made['client_id'][-6:]}" in narrow.out
    assert made["client_id"] not in narrow.out
    assert "--wide" in narrow.err
    for wide in (
        spawn("apps", "list", "--wide", "--data-dir", folder),
        spawn("apps", "list", "--data-dir", folder, environment={"COLUMNS": ""}),
    ):
        assert made["client_id"] in wide.out
        assert "URL credentials" in wide.out
        assert wide.err == ""
    tiny = spawn("apps", "list", "--data-dir", folder, environment={"COLUMNS": "30"})
    assert max(map(len, tiny.out.splitlines())) <= 30


def test_the_audit_names_applications_beside_their_ids(tmp_path: Path) -> None:
    """A client id in the audit has the application's name before it."""
    folder, made = furnished(tmp_path)
    assert f"{LONG} ({made['client_id']})" in run("audit", "list", "--wide", "--data-dir", folder).out


def test_times_have_one_form(tmp_path: Path) -> None:
    """Every time that is printed is ISO 8601 in UTC, to the second."""
    folder, _ = furnished(tmp_path)
    for line in [
        *LISTS,
        "orgs show Aurora",
        f"apps show '{LONG}'",
        f"apps secrets list '{LONG}'",
        "doctor",
        "webhooks show hook",
    ]:
        words = [each.strip("'") for each in re.findall(r"'[^']*'|\S+", line)]
        out = run(*words, "--data-dir", folder).out
        times = ISO.findall(out)
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ[.,]?", each) for each in times), (line, times)
        assert times or line in {"apps list", "resources list", "resources who a", "webhooks list", "events list"}


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet_prints_the_id_alone(tmp_path: Path, flag: str) -> None:
    """One id a line and nothing else, for whatever creates, changes or lists; a secret made with it is told of."""
    folder, made = furnished(tmp_path)
    here = (flag, "--data-dir", folder)
    listed = run("apps", "list", *here)
    assert (listed.out, listed.err) == (f"{made['client_id']}\n", "")
    created = run("apps", "create", "Other", *here)
    assert re.fullmatch(r"[0-9a-f]{64}\n", created.out)
    assert "is not shown" in created.err
    assert run("apps", "set", "Other", "--token-reuse", "on", *here).out == created.out
    assert run("apps", "list", *here).out.splitlines() == [made["client_id"], created.out.strip()]
    assert re.fullmatch(r"[0-9a-f-]{36}\n", run("orgs", "create", "Borealis", *here).out)
    assert run("apps", "secrets", "add", "Other", "--name", "2030", *here).out == "2030\n"
    assert run("apps", "secrets", "list", "Other", *here).out == "first\n2030\n"
    assert run("apps", "delete", "Other", "--yes", *here).out == created.out
    assert run("properties", "create", "till", "--org", "Aurora", *here).code == 0
    assert run("properties", "secrets", "add", "till", "--name", "2030", *here).out == "2030\n"
    assert run("properties", "secrets", "list", "till", *here).out == "first\n2030\n"
    assert run("customers", "list", "--org", "Aurora", *here).out == ""
    assert run("webhooks", "list", *here).out == "hook\n"
    assert run("apps", "list", "--json", *here).code == 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", each) for each in run("audit", "list", *here).out.splitlines())


def test_quiet_takes_nothing_into_the_next_command(tmp_path: Path) -> None:
    """The flag ends with its command, also with one that failed."""
    folder, _ = furnished(tmp_path)
    assert run("apps", "show", "nobody", "-q", "--data-dir", folder).code == 1
    assert len(run("apps", "list", "--json", "--data-dir", folder).document) == 1
