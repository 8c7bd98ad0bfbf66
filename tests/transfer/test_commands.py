"""`tessera copy`, `backup` and `restore` as an operator types them."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.cli.command import CLEAN, folder_with_application, one_sentence, run, spawn
from tests.cli.test_terminal import terminal
from tests.support.postgres import cluster
from tests.transfer.places import empty, filled_folder

PATIENCE_SECONDS = 60


def url() -> str:
    """A database without a table."""
    return cluster().url(cluster().create_database())


def test_there_and_back_again(tmp_path: Path) -> None:
    """A folder is copied to PostgreSQL and back; each summary tells of the same rows, and the application is there."""
    folder, made = folder_with_application(tmp_path)
    database = url()

    there = run("copy", "--from", f"sqlite:{folder}", "--to", database, "--json")
    back = run("copy", "--from", database, "--to", f"sqlite:{tmp_path}/back", "--json")

    assert there.code == back.code == 0, (there, back)
    assert there.document["hash"] == back.document["hash"]
    assert there.document["tables"]["application"] == 1
    assert there.document["rows"] == sum(there.document["tables"].values())
    (tmp_path / "back" / "master.key").write_text((folder / "master.key").read_text())
    assert made["client_id"] in run("apps", "list", "--data-dir", tmp_path / "back").out
    assert (tmp_path / "back" / "tessera.db").stat().st_mode & 0o777 == 0o600
    said = run("copy", "--from", database, "--to", f"sqlite:{tmp_path}/more/").err
    assert "every row was read back and is the same" in said


def test_there_is_a_bar_at_a_terminal(tmp_path: Path) -> None:
    """Rows copied and rows compared are counted where somebody looks."""
    folder = filled_folder(tmp_path)
    with terminal("copy", "--from", f"sqlite:{folder}", "--to", f"sqlite:{tmp_path}/copy") as shown:
        code, _ = shown.end()
        assert code == 0, shown.shown
        assert re.search(r"6,\d\d\d rows copied", shown.shown), shown.shown
        assert "rows compared" in shown.shown


@contextmanager
def held(database: str) -> Iterator[psycopg.Connection]:
    """While the block lasts nobody can write to one of the last tables."""
    with psycopg.connect(database) as connection:
        connection.execute(b"lock table warning in share mode")
        yield connection


def waits_for(connection: psycopg.Connection) -> bool:
    """Whether somebody waits for that table."""
    asked = b"select 1 from pg_locks where not granted and relation = 'warning'::regclass"
    return connection.execute(asked).fetchone() is not None


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_copy_that_was_stopped_goes_on(tmp_path: Path, sent: int, code: int) -> None:
    """Ctrl-C and kill -9 in the middle of a transaction: the same command goes on where it was."""
    source, target = filled_folder(tmp_path), empty("postgres", tmp_path)
    database: str = target.url  # type: ignore[attr-defined]
    command = ["copy", "--from", f"sqlite:{source}", "--to", database]
    with held(database) as connection:
        copying = subprocess.Popen([sys.executable, "-m", "tessera", *command], env=CLEAN, stderr=subprocess.PIPE)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not waits_for(connection):
            assert time.monotonic() < deadline, "it did not come so far"
            time.sleep(0.02)
        os.kill(copying.pid, sent)
        _, said = copying.communicate(timeout=PATIENCE_SECONDS)
    assert copying.returncode == code, said
    assert b"Traceback" not in said

    refused = spawn("apps", "list", "--data-dir", tmp_path / "data", "--database", database)
    again = run(*command, "--json")

    assert "is the beginning of a copy. Run the same `tessera copy`" in one_sentence(refused)
    assert 6000 < again.document["resumed_rows"] < again.document["rows"]


def test_a_backup_tells_what_it_is(tmp_path: Path) -> None:
    """What backup says when it makes a file, `restore --check` says of that file."""
    folder, _ = folder_with_application(tmp_path)
    file = tmp_path / "b.db"

    made = run("backup", file, "--data-dir", folder, "--json").document
    checked = run("restore", file, "--check", "--data-dir", folder, "--json").document
    elsewhere = run("restore", file, "--check", "--data-dir", tmp_path / "nowhere")

    assert {**made, "master_key_here_opens_it": True} == checked
    assert re.fullmatch(r"[0-9a-f]{16}", made["master_key"])
    assert elsewhere.code == 0
    assert made["hash"] in elsewhere.out
    assert not (tmp_path / "nowhere").exists()
    assert "master key is not in it" in run("backup", file, "--force", "--data-dir", folder).err


def test_a_restore_needs_the_right_master_key(tmp_path: Path) -> None:
    """Without it, or with another one, it says which key it needs, and makes nothing."""
    folder, _ = folder_with_application(tmp_path)
    file, place = tmp_path / "b.db", tmp_path / "restored"
    fingerprint = run("backup", file, "--data-dir", folder, "--json").document["master_key"]

    none = run("restore", file, "--data-dir", place)
    assert f"needs the master key with the fingerprint {fingerprint}. Put it into" in one_sentence(none)
    assert not place.exists()
    place.mkdir(mode=0o700)
    (place / "master.key").write_text("0" * 64 + "\n")
    other = run("restore", file, "--data-dir", place)
    assert re.search(rf"{fingerprint}, and the one here has the fingerprint [0-9a-f]{{16}}\.", one_sentence(other))
    assert not (place / "tessera.db").exists()
    (place / "master.key").write_text((folder / "master.key").read_text())
    done = run("restore", file, "--data-dir", place)
    assert done.code == 0, done
    assert re.search(r"Restored \d+ rows into .*: everything until 20", done.err)
    assert "All tokens are inactive." in done.err
    assert "There is a database already" in one_sentence(run("restore", file, "--data-dir", place))


def test_a_backup_that_nobody_could_open_is_not_made(tmp_path: Path) -> None:
    """A master key that does not open the database is noticed when the backup is made, not when it is needed."""
    folder, _ = folder_with_application(tmp_path)
    (folder / "master.key").write_text("0" * 64 + "\n")

    refused = one_sentence(run("backup", tmp_path / "b.db", "--data-dir", folder))

    assert "The master key here does not open" in refused
    assert not (tmp_path / "b.db").exists()


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_restore_is_recorded_and_gives_no_number_twice(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who restored what is in the audit, which is still a chain; a new application has a number that no token names."""
    folder, _ = folder_with_application(tmp_path)
    file, place = tmp_path / "b.db", tmp_path / "restored"
    run("backup", file, "--data-dir", folder)
    place.mkdir(mode=0o700)
    (place / "master.key").write_text((folder / "master.key").read_text())
    if engine == "postgres":
        monkeypatch.setenv("TESSERA_DATABASE", url())

    assert run("restore", file, "--data-dir", place).code == 0
    assert run("apps", "create", "Next", "--data-dir", place).code == 0

    told = run("audit", "list", "--action", "backup.restore", "--data-dir", place, "--json").document
    assert [each["target"] for each in (told if isinstance(told, list) else told["entries"])] == ["b.db"]
    assert run("audit", "verify", "--data-dir", place).code == 0
    from tessera.store.transfer import places

    end = places.end(os.environ.get("TESSERA_DATABASE") or f"sqlite:{place}/")
    with end.moment(alone=False) as moment:
        numbers = moment.values("select number from application order by number")
    assert len(numbers) == 2
    assert numbers[1] > 10_000


def test_names_that_are_none_are_refused(tmp_path: Path) -> None:
    """What names no database, and servers that do not answer, are one sentence each."""
    folder = filled_folder(tmp_path)
    for source, target, sentence in (
        ("mysql://x", f"sqlite:{folder}", "A database is named sqlite:PATH, or postgresql://USER@HOST/NAME."),
        ("sqlite:", f"sqlite:{folder}", "A database is named sqlite:PATH"),
        (f"sqlite:{folder}", f"postgresql://u@/x?host={tmp_path}", "See that it runs and can be reached from here."),
        (f"sqlite:{folder}", f"sqlite:{folder}/tessera.db", "Both ends are"),
    ):
        assert sentence in one_sentence(run("copy", "--from", source, "--to", target))
