"""Rotating secrets, warnings, and what an application did, from the command line."""

import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tessera.cli.apps.usage import sparkline
from tests.cli.command import folder_with_application, one_sentence, run

HOUR = 3600 * 10**9


def used(folder: Path, name: str, seconds_ago: int, source: str | None = "192.0.2.9") -> None:
    """Have a secret used so long ago."""
    at = time.time_ns() // 1000 - seconds_ago * 1_000_000
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute(
            "update credential set last_used_at = ?, last_used_from = ? where name = ?", (at, source, name)
        )
        connection.commit()


def test_a_rotation_shows_the_new_secret_once_and_says_what_to_do(tmp_path: Path) -> None:
    """The secret stands on standard output whole; the end of the old one and the next step on standard error."""
    folder, made = folder_with_application(tmp_path)
    done = run("apps", "rotate", "Partner", "--overlap", "7d", "--data-dir", folder)
    assert done.code == 0
    values = {name.strip(): value for name, value in (line.rsplit("  ", 1) for line in done.out.splitlines())}
    assert values["client id"] == made["client_id"]
    assert len(values["client secret"]) == 64
    assert values["secret name"] == "secret-2"
    assert "shown this once" in done.err
    assert "first works until" in done.err
    assert 'tessera apps finish "Partner"' in done.err
    listed = run("apps", "secrets", "list", "Partner", "--json", "--data-dir", folder)
    assert values["client secret"] not in listed.out
    first, second = listed.document
    assert (first["state"], second["state"], second["ends_at"]) == ("ending", "live", None)
    assert datetime.fromisoformat(first["ends_at"]) - datetime.fromisoformat(second["created_at"]) == timedelta(days=7)


def test_a_rotation_is_one_document(tmp_path: Path) -> None:
    """With --json there is one document, with a name of one's own and the older secrets."""
    folder, made = folder_with_application(tmp_path)
    used(folder, "first", 60)
    done = run("apps", "rotate", "Partner", "--name", "2030", "--overlap", "0", "--json", "--data-dir", folder)
    assert done.err == ""
    document = done.document
    assert (document["client_id"], document["secret_name"]) == (made["client_id"], "2030")
    ((former),) = document["former"]
    assert (former["name"], former["last_used_from"]) == ("first", "192.0.2.9")
    assert run("apps", "secrets", "list", "Partner", "--json", "--data-dir", folder).document[0]["state"] == "ended"
    again = run("apps", "rotate", "Partner", "--name", "2030", "--data-dir", folder)
    assert "already has a credential with this name" in one_sentence(again)


def test_finishing_is_refused_while_the_old_one_is_used(tmp_path: Path) -> None:
    """The refusal names secret, time and address; --force goes on all the same, and nothing is left to finish."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    run("apps", "rotate", "Partner", *at)
    used(folder, "first", 3600)
    used(folder, "secret-2", 10, None)
    refused = one_sentence(run("apps", "finish", "Partner", *at))
    assert "first was last used at 20" in refused
    assert "from 192.0.2.9" in refused
    assert "--force" in refused
    ended = run("apps", "finish", "Partner", "--force", "--json", *at).document
    assert [each["name"] for each in ended] == ["first"]
    assert "no old secret to end" in one_sentence(run("apps", "finish", "Partner", *at))
    states = [each["state"] for each in run("apps", "secrets", "list", "Partner", "--json", *at).document]
    assert states == ["ended", "live"]


def test_finishing_is_done_after_a_day_without_a_use(tmp_path: Path) -> None:
    """A day after the last use of the old secret it is ended without being asked twice."""
    folder, _ = folder_with_application(tmp_path)
    run("apps", "rotate", "Partner", "--data-dir", folder)
    used(folder, "first", 86_401)
    used(folder, "secret-2", 10)
    done = run("apps", "finish", "Partner", "--data-dir", folder)
    assert (done.code, done.out) == (0, "")
    assert "first ended" in done.err


def test_the_last_use_is_listed_with_its_address(tmp_path: Path) -> None:
    """Time and source address stand in the table and in the document."""
    folder, _ = folder_with_application(tmp_path)
    used(folder, "first", 60, "2001:db8::7")
    table = run("apps", "secrets", "list", "Partner", "--data-dir", folder).out
    assert "2001:db8::7" in table
    (shown,) = run("apps", "secrets", "list", "Partner", "--json", "--data-dir", folder).document
    assert shown["last_used_from"] == "2001:db8::7"


def test_warnings_are_listed(tmp_path: Path) -> None:
    """What is to be done is one line each, with the command that does it; nothing is said of what is in order."""
    folder, made = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    nothing = run("apps", "warnings", *at)
    assert (nothing.out, nothing.code) == ("", 0)
    run("apps", "secrets", "expire", "Partner", "first", "--in", "6d", "--yes", *at)
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute("insert into usage_hour values (1, ?, 230, 30, 100, 0)", (time.time_ns() // HOUR - 2,))
        connection.commit()
    ending, asking = run("apps", "warnings", *at).out.splitlines()
    assert "first of Partner ends within 7 days" in ending
    assert 'tessera apps rotate "Partner"' in ending
    assert "200 tokens" in asking
    first, second = run("apps", "warnings", "--json", *at).document
    assert (first["reason"], first["days"], first["client_id"]) == ("last_credential", 7, made["client_id"])
    assert first["ends_at"].endswith("Z")
    assert (second["reason"], second["tokens"], second["calls"]) == ("token_per_call", 200, 100)


def test_token_reuse_is_switched(tmp_path: Path) -> None:
    """It is off at first, and shown; `set` changes what is named and nothing else, and wants something to change."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    assert run("apps", "show", "Partner", "--json", *at).document["token_reuse"] is False
    changed = run("apps", "set", "Partner", "--token-reuse", "on", "--json", *at).document
    assert (changed["token_reuse"], changed["query_credentials"]) == (True, "allow")
    assert "token reuse" in run("apps", "show", "Partner", *at).out
    both = run("apps", "set", "Partner", "--token-reuse", "off", "--query-credentials", "deny", "--json", *at).document
    assert (both["token_reuse"], both["query_credentials"]) == (False, "deny")
    assert run("apps", "set", "Partner", *at).code == 2


def furnished(folder: Path) -> int:
    """Count some hours of the application; the hour that is now."""
    hour = time.time_ns() // HOUR
    rows = [(1, hour, 10, 0, 5, 1), (1, hour - 1, 230, 30, 100, 2), (1, hour - 24 * 20, 1000, 0, 9000, 0)]
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.executemany("insert into usage_hour values (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    return hour


def test_usage_tells_tokens_against_calls(tmp_path: Path) -> None:
    """Sums, hours and days of the application, and what to do about one that asks for a token for every call."""
    folder, _ = folder_with_application(tmp_path)
    at = ("--data-dir", folder)
    furnished(folder)
    found = run("apps", "usage", "Partner", "--days", "3", "--json", *at).document
    assert (found["tokens"], found["calls"], found["refused"], found["calls_per_token"]) == (240, 105, 3, 0.5)
    assert (found["tokens_in_life"], found["elsewhere"]) == (240, 30)
    assert (len(found["by_hour"]), len(found["by_day"])) == (48, 3)
    assert [each["tokens"] for each in found["by_hour"][-2:]] == [230, 10]
    assert sum(each["calls"] for each in found["by_day"]) == 105
    assert "In 1 of the last 48 hours" in found["advice"]
    done = run("apps", "usage", "Partner", *at)
    assert "--token-reuse on" in done.err
    assert "▁" in done.out
    assert run("apps", "usage", "Partner", "--days", "30", "--json", *at).document["tokens"] == 1240
    run("apps", "set", "Partner", "--token-reuse", "on", *at)
    assert "is handed the same one" in run("apps", "usage", "Partner", *at).err


def test_usage_of_an_application_that_did_nothing(tmp_path: Path) -> None:
    """Nothing is divided by nothing, and nothing is advised."""
    folder, _ = folder_with_application(tmp_path)
    found = run("apps", "usage", "Partner", "--json", "--data-dir", folder).document
    assert (found["tokens"], found["calls_per_token"], found["advice"]) == (0, None, None)
    assert run("apps", "usage", "Partner", "--data-dir", folder).err == ""


@pytest.mark.parametrize(
    ("counts", "line"), [([], ""), ([0, 0], ".."), ([1], "█"), ([0, 1, 4, 8], ".▁▄█"), ([1, 10**12], "▁█")]
)
def test_a_sparkline_has_a_bar_for_each_count(counts: list[int], line: str) -> None:
    """The highest count has the whole bar, any other than none the lowest at least."""
    assert sparkline(counts) == line
