"""A backup is one private file; whatever becomes of it shows, and it comes back on either engine."""

import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path
from random import Random

import pytest

from tessera import files
from tessera.ports import Unusable
from tessera.store.migrate import SchemaState
from tessera.store.transfer import backup, restoring
from tessera.store.transfer.backup import Manifest, Taken
from tessera.store.transfer.endpoints import End
from tessera.store.transfer.sqlite_endpoint import SQLiteEnd
from tests.cli.command import folder_with_application, run
from tests.transfer.places import ENGINES, NOW, absent, execute, filled, quiet, rows, stopping

TAKEN = Taken(NOW, "1.2.3", "sqlite", "00" * 8, "5" * 32)
FLIPS = 150


def made(source: End, file: Path, *, force: bool = False) -> Manifest:
    """Make a backup."""
    return backup.write(source, file, TAKEN, quiet, force=force)


def put_back(file: Path, target: End) -> None:
    """Restore everything as it is."""
    restoring.restore(file, backup.check(file, quiet), target, quiet, NOW, None)


@pytest.mark.parametrize(("one", "other"), list(product(ENGINES, ENGINES)))
def test_everything_comes_back(tmp_path: Path, one: str, other: str) -> None:
    """Every row is in the file and comes back on either engine; the file is private, and alone."""
    source, target, file = filled(one, tmp_path), absent(other, tmp_path), tmp_path / "backups" / "b.db"
    file.parent.mkdir()
    execute(source, f"insert into lease values ('webhooks', 'somebody', {NOW + 1})")  # a server runs
    (tmp_path / "absent").mkdir(exist_ok=True)

    manifest = made(source, file)
    put_back(file, target)

    assert rows(target) == rows(source)
    assert target.state() is SchemaState.CURRENT
    assert (manifest.taken_at, manifest.version, manifest.source) == (NOW, "1.2.3", source.text)
    assert backup.manifest_of(file) == manifest
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["b.db"]
    with target.moment(alone=False) as moment:
        assert moment.values("select name from lease") == []


def test_a_restore_goes_on(tmp_path: Path) -> None:
    """Interrupted on its way into PostgreSQL, the database is not served, and the same restore goes on."""
    source, target, file = filled("sqlite", tmp_path), absent("postgres", tmp_path), tmp_path / "b.db"
    manifest = made(source, file)

    with pytest.raises(KeyboardInterrupt):
        restoring.restore(file, manifest, target, stopping, NOW, None)
    with pytest.raises(Unusable, match=r"`tessera copy` or `tessera restore` again: it goes on"):
        target.state()
    put_back(file, target)

    assert rows(target) == rows(source)


def test_a_backup_is_no_database(tmp_path: Path) -> None:
    """Put in the place of a database it is refused, with the command that brings it back."""
    file = tmp_path / "tessera.db"
    made(filled("sqlite", tmp_path), file)

    with pytest.raises(Unusable, match=r"is a backup\. Put it back with `tessera restore`"):
        SQLiteEnd(file).state()


def test_nothing_deleted_is_in_it(tmp_path: Path) -> None:
    """Who was forgotten before the backup is not in the file, not even where nothing is kept any more."""
    source, file = filled("sqlite", tmp_path), tmp_path / "b.db"
    with closing(sqlite3.connect(source.text, isolation_level=None)) as connection:
        connection.execute("pragma secure_delete = off")
        connection.execute("insert into refusal values ('forgotten-somebody', 1, '{}')")
        connection.execute("delete from refusal where request_id = 'forgotten-somebody'")

    made(source, file)

    assert b"forgotten-somebody" in Path(source.text).read_bytes()
    assert b"forgotten-somebody" not in file.read_bytes()


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Without --force a backup replaces nothing; with it the old one is there until the new one is whole."""
    source, file = filled("sqlite", tmp_path), tmp_path / "b.db"
    file.write_text("precious")

    with pytest.raises(Unusable, match=r"is there already\. Name another file, or say --force"):
        made(source, file)
    assert file.read_text() == "precious"
    made(source, file, force=True)
    assert backup.check(file, quiet).taken_at == NOW


def stale_log(path: Path) -> None:
    """The file and the log of a command that was killed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table of_another (x)")
        left = {suffix: path.with_name(path.name + suffix).read_bytes() for suffix in ("", "-wal")}
    for suffix, content in left.items():
        path.with_name(path.name + suffix).write_bytes(content)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_killed_command_left_is_not_taken_in(tmp_path: Path, engine: str) -> None:
    """Neither the half file nor its log is part of the next backup, or of the next restore; they are removed."""
    source, file, place = filled(engine, tmp_path), tmp_path / "backups" / "b.db", tmp_path / "restored"
    for folder, name in ((file.parent, "b.db"), (place, "tessera.db")):
        left = folder / f"{files.PREFIX}{'0' * 32}{files.SUFFIX}"
        left.mkdir(parents=True, mode=0o700)
        stale_log(left / name)

    made(source, file)
    put_back(file, SQLiteEnd(place / "tessera.db"))

    assert rows(SQLiteEnd(place / "tessera.db")) == rows(source)
    assert [path.name for path in file.parent.iterdir()] == ["b.db"]
    assert [path.name for path in place.iterdir()] == ["tessera.db"]


def test_two_backups_do_not_write_one_file(tmp_path: Path) -> None:
    """While one is written another of the same name is refused."""
    source, file = filled("postgres", tmp_path), tmp_path / "b.db"

    @contextmanager
    def second(_what: str, _total: int) -> Iterator[Callable[[int], None]]:
        with pytest.raises(Unusable, match="Another command is writing"):
            made(source, file)
        yield lambda _done: None

    backup.write(source, file, TAKEN, second, force=False)
    assert backup.check(file, quiet).taken_at == NOW


def test_every_flipped_bit_shows(tmp_path: Path) -> None:
    """Wherever a bit of the file is another one, in a row, an index or a page that nothing is in, it is damaged."""
    file, random = tmp_path / "b.db", Random(3)
    made(filled("sqlite", tmp_path), file)
    whole = file.read_bytes()
    seal = whole.index(b"sealed:")
    places = [random.randrange(len(whole)) for _ in range(FLIPS)]

    for place in [0, 18, 19, 24, 27, 40, 60, 96, seal, seal + 10, seal + 50, len(whole) - 1, *places]:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << random.randrange(8)
        file.write_bytes(flipped)
        with pytest.raises(Unusable, match=r"is damaged|is no backup|made by a newer Tessera"):
            backup.manifest_of(file)
    file.write_bytes(whole)
    assert backup.manifest_of(file).taken_at == NOW


def test_every_cut_shows(tmp_path: Path) -> None:
    """Cut off anywhere, or with something behind it, the file is damaged."""
    file = tmp_path / "b.db"
    made(filled("sqlite", tmp_path), file)
    whole = file.read_bytes()

    for length in (0, 1, 15, 16, 99, 100, 4096, 5000, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(Unusable, match=r"is damaged|is no backup"):
            backup.manifest_of(file)
    file.write_bytes(whole + b"\0")
    with pytest.raises(Unusable, match="is damaged"):
        backup.manifest_of(file)


def test_rows_that_do_not_agree_with_the_manifest_show(tmp_path: Path) -> None:
    """A file that was changed and sealed again by hand is found by its rows."""
    file = tmp_path / "b.db"
    made(filled("sqlite", tmp_path), file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("update refusal set explanation = '[]' where at = 7")
        connection.execute("update backup set seal = ?", (f"sealed:{TAKEN.nonce}:{'0' * 64}",))
    backup.seal(file, TAKEN.nonce)

    assert backup.manifest_of(file).taken_at == NOW
    with pytest.raises(Unusable, match="is damaged"):
        backup.check(file, quiet)


def _nothing(folder: Path) -> Path:
    return folder / "nothing.db"


def _text(folder: Path) -> Path:
    (folder / "text.db").write_text("this is not a backup, " * 50)
    return folder / "text.db"


def _database(folder: Path) -> Path:
    return Path(filled("sqlite", folder).text)


def _newer(folder: Path) -> Path:
    file = folder / "newer.db"
    made(filled("sqlite", folder), file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        ((text,),) = connection.execute("select manifest from backup")
        changed = json.dumps({**json.loads(text), "schema": "9999"})
        connection.execute("update backup set manifest = ?, seal = ?", (changed, f"sealed:{TAKEN.nonce}:{'0' * 64}"))
    backup.seal(file, TAKEN.nonce)
    return file


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nothing there": (_nothing, r"cannot be read \(No such file or directory\)"),
    "a folder": (lambda folder: folder, r"cannot be read \(Is a directory\)"),
    "a text": (_text, r"is no backup of Tessera, or is damaged"),
    "a database": (_database, r"is no backup of Tessera\. Name a file that `tessera backup` made"),
    "a newer schema": (_newer, r"has schema 9999, made by a newer Tessera than this one"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_backup_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Each is refused with what to do."""
    case, sentence = WRONG[name]
    with pytest.raises(Unusable, match=sentence):
        backup.check(case(tmp_path), quiet)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_older_backup_is_brought_up_to_date(tmp_path: Path, engine: str) -> None:
    """A backup of an earlier schema is migrated as it is restored; the file itself stays as it is."""
    older, target = tmp_path / "older.db", absent(engine, tmp_path)
    (tmp_path / "absent").mkdir(exist_ok=True)
    older.write_bytes(stores_at("0003", tmp_path))
    manifest = backup.sealed(older, "elsewhere", TAKEN, quiet)
    before = older.read_bytes()

    put_back(older, target)

    assert manifest.schema == "0003"
    assert target.state() is SchemaState.CURRENT
    assert [row[1:] for row in rows(target)["warning"]] == []
    assert len(rows(target)["organization"]) == 1
    assert older.read_bytes() == before


def stores_at(revision: str, folder: Path) -> bytes:
    """The bytes of a database of an earlier schema, with an organization in it."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from tessera.store import migrate, sqlite

    path = folder / "before.db"
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"pragma application_id = {sqlite.APPLICATION_ID}")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql("insert into organization (name, retailer_id, created_at) values ('A', 'a', 1)")
    engine.dispose()
    return path.read_bytes()


def on_a_full_disk(*arguments: str | Path) -> str:
    """What a command says that may not write a file of more than a few pages: one sentence."""
    ended = subprocess.run(
        [sys.executable, "-m", "tessera", *arguments],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended
    assert len(ended.stderr.splitlines()) == 1, ended
    return ended.stderr


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    """Where files cannot grow, neither the old backup nor the target of a restore nor anything else changes."""
    folder, _ = folder_with_application(tmp_path)
    place, good, file = tmp_path / "restored", tmp_path / "good.db", tmp_path / "backups" / "b.db"
    assert run("backup", good, "--data-dir", folder).code == 0
    for each in (file.parent, place):
        each.mkdir()
    file.write_text("precious")
    (place / "master.key").write_text((folder / "master.key").read_text())

    assert "cannot be read or written" in on_a_full_disk("backup", file, "--force", "--data-dir", folder)
    assert [(path.name, path.read_text()) for path in file.parent.iterdir()] == [("b.db", "precious")]
    assert "cannot be written (File too large)" in on_a_full_disk("restore", good, "--data-dir", place)
    assert {path.name for path in place.iterdir()} <= {"master.key", "setup.lock"}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_target_that_holds_something_is_left_alone(tmp_path: Path, engine: str) -> None:
    """Nothing is restored over anything, nor beside the log of another moment."""
    file = tmp_path / "b.db"
    source = filled(engine, tmp_path)
    made(source, file)
    before = rows(source)

    with pytest.raises(Unusable, match=r"There is a database already|holds data already"):
        put_back(file, source)
    assert rows(source) == before
    left = tmp_path / "left"
    left.mkdir()
    (left / "tessera.db-wal").write_bytes(b"old")
    with pytest.raises(Unusable, match="There is a database already"):
        put_back(file, SQLiteEnd(left / "tessera.db"))
    assert [path.name for path in left.iterdir()] == ["tessera.db-wal"]
