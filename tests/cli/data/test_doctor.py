"""The doctor: looks at anything, changes nothing, says what to do."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tessera.app.administration import findings
from tessera.app.administration.findings import KeyFacts
from tessera.core.administration.finding import Level
from tessera.core.clients.expiry_warnings import Ending, Owner
from tessera.core.keys.wrapping import MasterKey
from tessera.core.times import DAY, SECOND
from tessera.store.checkup import DatabaseFacts, FileFacts, FolderFacts
from tessera.store.migrate import SchemaState
from tests.cli.command import folder_with_application, run
from tests.cli.test_folders import BAD, bytes_of
from tests.support import pki

NOW = 1_900_000_000 * SECOND
CERTIFICATES = "client certificates"


def lines(folder: Path) -> dict[str, tuple[str, str]]:
    """The findings by what they are about."""
    done = run("doctor", "--json", "--data-dir", folder)
    found = done.document
    assert found["healthy"] is (done.code == 0)
    assert found["healthy"] is all(each["level"] != "fail" for each in found["findings"])
    return {each["about"]: (each["level"], each["text"]) for each in found["findings"]}


def test_a_good_folder_is_found_good(tmp_path: Path) -> None:
    """Everything is looked at, and all of it is in order."""
    folder, _ = folder_with_application(tmp_path)
    found = lines(folder)
    assert {level for level, _ in found.values()} == {"ok"}
    assert set(found) == {
        "data folder",
        "database file",
        "master key",
        "key ring",
        "SQLite",
        "database",
        "disk",
        "clock",
        "secrets",
        "audit",
    }
    done = run("doctor", "--data-dir", folder)
    assert done.code == 0
    assert all(line.startswith("ok ") for line in done.out.splitlines())


@pytest.mark.parametrize("spoil", [spoil for spoil, _ in BAD], ids=lambda spoil: spoil.__name__)
def test_a_bad_folder_is_diagnosed_and_left_alone(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    """Whatever is wrong, there is a failing line, exit code 1, no traceback, and no byte or file changed."""
    folder, _ = folder_with_application(tmp_path)
    spoil(folder)
    before = bytes_of(folder), sorted(folder.iterdir())
    done = run("doctor", "--data-dir", folder)
    assert done.code == 1
    assert done.err == ""
    assert any(line.startswith("fail ") for line in done.out.splitlines())
    assert (bytes_of(folder), sorted(folder.iterdir())) == before


def test_a_missing_folder_is_diagnosed_and_not_made(tmp_path: Path) -> None:
    """There is one thing to say, and nothing is made."""
    folder = tmp_path / "nothing"
    assert list(lines(folder)) == ["data folder"]
    assert not folder.exists()


def test_damage_in_the_middle_is_found(tmp_path: Path) -> None:
    """A page that was overwritten is found, though nothing that the other checks read stands in it."""
    folder, _ = folder_with_application(tmp_path)
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        page = connection.execute("select rootpage from sqlite_master where name = 'membership'").fetchone()[0]
    with (folder / "tessera.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)
    level, text = lines(folder)["database"]
    assert level == "fail"
    assert "Restore it from a backup" in text


def test_open_permissions_are_warned_of(tmp_path: Path) -> None:
    """What others can read is named with the command that closes it."""
    folder, _ = folder_with_application(tmp_path)
    folder.chmod(0o755)
    (folder / "tessera.db").chmod(0o644)
    (folder / "master.key").chmod(0o640)
    found = lines(folder)
    for about, command in (("data folder", "chmod 700"), ("database file", "chmod 600"), ("master key", "chmod 600")):
        assert found[about][0] == "warn"
        assert command in found[about][1]


def test_secrets_that_end_and_secrets_in_urls_are_warned_of(tmp_path: Path) -> None:
    """An operator hears in time of secrets about to end, and of applications that send theirs in a URL."""
    folder, _ = folder_with_application(tmp_path)
    run("apps", "secrets", "add", "Partner", "--expires", "6d", "--data-dir", folder)
    run("apps", "secrets", "expire", "Partner", "first", "--in", "5d", "--data-dir", folder)
    run("apps", "set", "Partner", "--query-credentials", "warn", "--data-dir", folder)
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute("insert into application_usage values (1, 5, 3, 0)")
        connection.commit()
    found = lines(folder)
    assert "secret-2 of Partner ends within 7 days" in found["secret"][1]
    assert "3 times" in found["URL credentials"][1]
    assert found["secret"][0] == found["URL credentials"][0] == "warn"
    assert "first of Partner first" in found["secrets"][1]
    assert found["secrets"][0] == "ok"


def test_callers_without_a_memory_are_warned_of(tmp_path: Path) -> None:
    """An application that asked for a token for every call in a finished hour is named once, with what to do."""
    folder, _ = folder_with_application(tmp_path)
    hour = time.time_ns() // (3600 * 10**9)
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        rows = [(1, hour - back, 500, 0, 3, 0) for back in (2, 3, 4)]
        connection.executemany("insert into usage_hour values (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    level, text = lines(folder)["tokens"]
    assert level == "warn"
    assert "Partner got 500 tokens" in text
    assert "--token-reuse on" in text


def test_certificates_that_nobody_may_hand_over_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who counts on them is named, with the setting that is missing; an ended credential counts on nothing."""
    folder, _ = folder_with_application(tmp_path)
    (tmp_path / "ca.pem").write_bytes(pki.authority().pem)
    with monkeypatch.context() as only_authorities:
        only_authorities.setenv("TESSERA_MTLS_CA_FILE", str(tmp_path / "ca.pem"))
        assert "mtls_ca_file is set, but the setting client_certificate_proxies" in lines(folder)[CERTIFICATES][1]
    run("apps", "create", "Other", "--data-dir", folder)
    subject = ("--subject", "san_dns:app.example")
    run("apps", "certificates", "add", "Partner", *subject, "--name", "name", "--data-dir", folder)
    monkeypatch.setenv("TESSERA_TRUSTED_PROXIES", "127.0.0.1")
    level, text = lines(folder)[CERTIFICATES]
    assert level == "warn"
    assert text.startswith("Partner cannot use certificates: the setting client_certificate_proxies names no proxy")
    assert "trusted_proxies is not enough" in text
    run("apps", "set", "Other", "--token-binding", "tls", "--data-dir", folder)
    assert lines(folder)[CERTIFICATES][1].startswith("Partner and 1 more")
    run("apps", "certificates", "expire", "Partner", "name", "--yes", "--data-dir", folder)
    assert lines(folder)[CERTIFICATES][1].startswith("Other cannot")
    monkeypatch.setenv("TESSERA_CLIENT_CERTIFICATE_PROXIES", "127.0.0.1")
    assert CERTIFICATES not in lines(folder)


def facts(**database: object) -> FolderFacts:
    """A good folder whose database says this."""
    file = FileFacts(Path("var"), exists=True, mode=0o700)
    return FolderFacts(file, file, file, 2**40, DatabaseFacts(state=SchemaState.CURRENT, **database), "3.45.1")  # type: ignore[arg-type]


def level_of(about: str, looked_at: FolderFacts) -> Level:
    """The worst finding about one thing."""
    master = KeyFacts(MasterKey("00" * 32), "", None)
    found = [each.level for each in findings.findings(looked_at, master, NOW) if each.about == about]
    return max(found, key=list(Level).index)


@pytest.mark.parametrize(
    ("newest", "level"),
    [(None, Level.OK), (NOW, Level.OK), (NOW + 4 * SECOND, Level.OK), (NOW + 6 * SECOND, Level.FAIL)],
)
def test_a_clock_behind_the_database_fails(newest: int | None, level: Level) -> None:
    """Something in the database that is yet to come means that the clock is wrong."""
    assert level_of("clock", facts(newest_at=newest)) is level
    assert level_of("clock", facts(newest_at=1, noted_at=newest)) is level


@pytest.mark.parametrize(("days", "words"), [(0.5, "1 day,"), (1.5, "7 days"), (7.5, "30 days"), (29.9, "30 days")])
def test_secrets_are_warned_of_in_three_steps(days: float, words: str) -> None:
    """The line says how soon a secret ends: within a day, a week, a month."""
    at = NOW + int(days * DAY)
    ending = [Ending(Owner("id", "Partner", 1, "Org", "r"), 1, "first", "keyed", at, at, None, None, None)]
    found = findings.findings(facts(ending=ending), KeyFacts(None, "no key", None), NOW)
    (text,) = [each.text for each in found if each.about == "secret"]
    assert f"within {words}" in text


@pytest.mark.parametrize(
    ("free", "level"), [(None, Level.WARN), (10 * 2**20, Level.FAIL), (2**29, Level.WARN), (2**31, Level.OK)]
)
def test_a_full_disk_is_told_in_time(free: int | None, level: Level) -> None:
    """Little room is a warning, hardly any a failure."""
    good = facts()
    looked_at = FolderFacts(good.folder, good.database_file, good.demo, free, good.database, good.sqlite_version)
    assert level_of("disk", looked_at) is level


def test_an_old_sqlite_fails() -> None:
    """The statements need what SQLite can do since 3.39."""
    good = facts()
    old = FolderFacts(good.folder, good.database_file, good.demo, 2**40, good.database, "3.37.2")
    assert level_of("SQLite", old) is Level.FAIL
