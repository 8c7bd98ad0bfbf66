"""Bad data folders: one sentence with what to do, exit code 1, not a byte changed."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import Done, folder_with_application, one_sentence, run, spawn
from tests.support.server import free_port

COMMANDS: list[list[str]] = [
    ["serve", "--port", str(free_port())],
    ["serve", "--demo", "--port", str(free_port())],
    ["orgs", "create", "X"],
    ["orgs", "list"],
    ["apps", "list"],
    ["apps", "create", "X"],
    ["token", "inspect", "00"],
]


def bytes_of(folder: Path) -> dict[str, str]:
    """Every file below a folder with a digest of its bytes; not the lock, nor SQLite's shared memory."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != "setup.lock" and not file.name.endswith("-shm")
    }


def corrupt(folder: Path) -> None:
    """Overwrite the head of the database."""
    with (folder / "tessera.db").open("r+b") as file:
        file.write(b"this is no database" * 10)


def foreign(folder: Path) -> None:
    """Put another program's database in its place."""
    (folder / "tessera.db").unlink()
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute("create table theirs (x)")


def wrong_key(folder: Path) -> None:
    """Another master key."""
    (folder / "master.key").write_text("00" * 32 + "\n")


def no_key(folder: Path) -> None:
    """No master key."""
    (folder / "master.key").unlink()


def broken_key(folder: Path) -> None:
    """Something that is no key."""
    (folder / "master.key").write_text("hunter2\n")


def older(folder: Path) -> None:
    """The schema of an earlier version."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute("update alembic_version set version_num = '0000'")
        connection.commit()


def newer(folder: Path) -> None:
    """The schema of a later version."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
        connection.commit()


def no_keys(folder: Path) -> None:
    """A database whose key ring is gone."""
    with closing(sqlite3.connect(folder / "tessera.db")) as connection:
        connection.execute("delete from wrapped_key")
        connection.commit()


def is_a_folder(folder: Path) -> None:
    """A folder where the database should be."""
    (folder / "tessera.db").unlink()
    (folder / "tessera.db").mkdir()


BAD: list[tuple[Callable[[Path], None], str]] = [
    (corrupt, "Restore it from a backup"),
    (foreign, "database of another program"),
    (wrong_key, "not the one this database was made with"),
    (no_key, "cannot be read"),
    (broken_key, "does not hold a master key"),
    (older, "run `tessera migrate --data-dir"),
    (newer, "made by a newer Tessera"),
    (no_keys, "holds no keys"),
    (is_a_folder, "Restore it from a backup"),
]


@pytest.mark.parametrize(("spoil", "part"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
def test_a_bad_folder_is_refused_with_the_remedy_and_left_alone(
    tmp_path: Path, spoil: Callable[[Path], None], part: str
) -> None:
    """Whatever is wrong, each command says so in one sentence, and the folder stays as it was."""
    folder, _ = folder_with_application(tmp_path)
    spoil(folder)
    before = bytes_of(folder)
    for command in COMMANDS:
        sentence = one_sentence(run(*command, "--data-dir", folder))
        assert part in sentence
        assert "hunter2" not in sentence
        assert bytes_of(folder) == before


def test_the_process_itself_ends_with_the_sentence(tmp_path: Path) -> None:
    """As a process of its own: no traceback, no log line, only the sentence."""
    folder, _ = folder_with_application(tmp_path)
    wrong_key(folder)
    one_sentence(spawn("serve", "--port", str(free_port()), "--data-dir", folder))
    corrupt(folder)
    one_sentence(spawn("apps", "list", "--data-dir", folder))


def test_damage_behind_an_intact_head_is_told_in_one_sentence(tmp_path: Path) -> None:
    """Pages that cannot be read end in a sentence too, not in a traceback."""
    folder, _ = folder_with_application(tmp_path)
    database = folder / "tessera.db"
    content = database.read_bytes()
    database.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    for command in (["apps", "list"], ["serve", "--port", str(free_port())]):
        done = run(*command, "--data-dir", folder)
        assert done.code == 1, done
        assert len(done.err.splitlines()) == 1, done


READ_ONLY = [
    ["apps", "list"],
    ["apps", "show", "x"],
    ["apps", "create", "x"],
    ["apps", "secrets", "list", "x"],
    ["orgs", "list"],
    ["properties", "list"],
    ["token", "inspect", "00"],
    ["token", "revoke", "00"],
    ["migrate"],
]


@pytest.mark.parametrize("command", READ_ONLY, ids=" ".join)
def test_a_missing_folder_is_not_made_by_looking_at_it(tmp_path: Path, command: list[str]) -> None:
    """A command that has nothing to read says how a folder is made, and makes none."""
    folder = tmp_path / "nothing"
    assert str(folder) in one_sentence(run(*command, "--data-dir", folder))
    assert not folder.exists()


def test_an_empty_folder_stays_empty(tmp_path: Path) -> None:
    """Looking at a folder without data puts nothing into it."""
    one_sentence(run("apps", "list", "--data-dir", tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/tessera-data", "/dev/null/data"])
def test_a_folder_that_cannot_be_made_is_told(place: str) -> None:
    """No permission, or no folder above: one sentence that names the folder."""
    for command in (["orgs", "create", "X"], ["serve", "--port", str(free_port())]):
        assert place in one_sentence(run(*command, "--data-dir", place))


def test_a_folder_whose_name_is_strange_works(tmp_path: Path) -> None:
    """A question mark, a percent sign and a space in the name are no trouble."""
    folder = tmp_path / "what? 50%23 #1"
    assert run("orgs", "create", "X", "--data-dir", folder).code == 0
    assert [each["name"] for each in run("orgs", "list", "--json", "--data-dir", folder).document] == ["X"]
    assert sorted(file.name for file in folder.iterdir()) == ["master.key", "setup.lock", "tessera.db"]


def test_migrate_says_when_nothing_is_to_do(tmp_path: Path) -> None:
    """A current schema is left alone."""
    folder, _ = folder_with_application(tmp_path)
    before = bytes_of(folder)
    done = run("migrate", "--data-dir", folder)
    assert (done.code, done.out) == (0, "")
    assert "nothing to do" in done.err
    assert run("migrate", "--json", "--data-dir", folder).document["migrated"] is False
    assert bytes_of(folder) == before


def test_migrate_brings_an_older_schema_up(tmp_path: Path) -> None:
    """A database from before the first revision is brought to this version, once."""
    folder, _ = folder_with_application(tmp_path)
    database = folder / "tessera.db"
    database.unlink()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma application_id = 0x54455353")
        connection.execute("create table alembic_version (version_num varchar(32) not null)")
        connection.commit()
    assert run("migrate", "--json", "--data-dir", folder).document["migrated"] is True
    assert run("migrate", "--json", "--data-dir", folder).document["migrated"] is False


def test_a_configuration_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """A setting of the environment that makes no sense ends in a sentence, too."""
    done = spawn("apps", "list", "--data-dir", tmp_path, environment={"TESSERA_WORKERS": "many"})
    assert "workers" in one_sentence(done)


def test_commands_leave_no_files_behind(tmp_path: Path) -> None:
    """Beside the database, the key and the lock nothing stays after a command."""
    folder, _ = folder_with_application(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for command in (["apps", "list"], ["doctor"], ["migrate"], ["orgs", "list"]):
        done: Done = run(*command, "--data-dir", copy)
        assert done.code == 0, done
    assert sorted(file.name for file in copy.iterdir()) == ["master.key", "setup.lock", "tessera.db"]
