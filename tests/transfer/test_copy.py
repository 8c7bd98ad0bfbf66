"""A copy between any two engines is the same to the row, goes on where it stopped, and is never served half."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import product
from pathlib import Path

import pytest

from tessera.ports import Unusable
from tessera.store.migrate import SchemaState, Unfinished
from tessera.store.postgres.transfer import PostgresEnd
from tessera.store.transfer.copying import Wish, copy
from tessera.store.transfer.digest import digest
from tessera.store.transfer.endpoints import BATCH_ROWS, End
from tests.transfer.places import ENGINES, MANY, NOW, absent, copied, empty, execute, filled, quiet, rows, stopping

PAIRS = list(product(ENGINES, ENGINES))


def all_tables(end: End) -> set[str]:
    """Every table of the database, without asking what is copied."""
    names = (
        "select name from sqlite_master where type = 'table' and name not glob 'sqlite_*'"
        if end.text.endswith(".db")
        else "select tablename from pg_tables where schemaname = 'public'"
    )
    with end.moment(alone=False) as moment:
        return set(moment.values(names))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_everything_arrives(tmp_path: Path, one: str, other: str) -> None:
    """Every table that there is has rows, and each row is in the copy; only singleton tasks stay behind."""
    source, target = filled(one, tmp_path), absent(other, tmp_path)

    done = copied(source, target)

    was = rows(source)
    assert rows(target) == was
    assert was.keys() == all_tables(source) - {"alembic_version", "lease"}
    assert min(len(each) for each in was.values()) >= 3
    assert {name: len(each) for name, each in was.items()} == done.digest.tables
    assert all_tables(target) == all_tables(source)
    assert target.state() is SchemaState.CURRENT
    with target.moment(alone=False) as moment:
        assert moment.values("select name from lease") == []
        assert digest(moment) == done.digest


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_no_number_is_given_twice(tmp_path: Path, one: str, other: str) -> None:
    """Numbers go on above the highest that the source ever gave, also where the row is gone; there and back again."""
    source, target = filled(one, tmp_path), empty(other, tmp_path)
    copied(source, target)

    with target.moment(alone=False) as moment:
        last = {table.name: moment.last_number(table) for table in moment.tables if table.number}
    execute(
        target,
        "insert into audit_entry (id, at, actor, action, target, detail, hash) values ('new', 1, '', '', '', '', '')",
        "insert into organization (name, retailer_id, created_at) values ('new', 'new', 1)",
    )

    assert {name: number for name, number in last.items() if number < 3} == {}
    assert last["audit_entry"] == 9
    with target.moment(alone=False) as moment:
        assert moment.values("select number from audit_entry where id = 'new'") == [10]
        assert moment.values("select number from organization where name = 'new'") == [4]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stopped_copy_goes_on(tmp_path: Path, engine: str) -> None:
    """After Ctrl-C the target is not to be served, and the same copy goes on where it was."""
    source, target = filled("sqlite", tmp_path), absent(engine, tmp_path)

    with pytest.raises(KeyboardInterrupt):
        copy(source, target, Wish(), stopping, NOW)
    with pytest.raises(Unfinished, match="is the beginning of a copy"):
        target.state()
    done = copied(source, target)

    assert BATCH_ROWS < done.resumed < done.digest.rows
    assert rows(target) == rows(source)


_DYING = """
import os, sys
from contextlib import contextmanager
from tessera.store.transfer import copying, places
@contextmanager
def bar(what, total):
    def told(done):
        if done > 5000:
            os.kill(os.getpid(), 9)
    yield told
copying.copy(places.end(sys.argv[1]), places.end(sys.argv[2]), copying.Wish(), bar, int(sys.argv[3]))
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_killed_copy_goes_on(tmp_path: Path, engine: str) -> None:
    """After kill -9 in the middle no row is missing and none is there twice."""
    source, target = filled(engine, tmp_path), absent("sqlite" if engine == "postgres" else "postgres", tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", _DYING, named(source), named(target), str(NOW)], check=False, timeout=60, env=os.environ
    )

    done = copied(source, target)

    assert ended.returncode == -signal.SIGKILL
    assert BATCH_ROWS < done.resumed < done.digest.rows
    assert rows(target) == rows(source)


def named(end: End) -> str:
    """A database as the command line names it."""
    return end.url if isinstance(end, PostgresEnd) else f"sqlite:{end.text}"


def test_a_copy_begins_again_when_told(tmp_path: Path) -> None:
    """With --restart nothing is left of the first try; a running source always begins again, as its moment is gone."""
    for number, wish in enumerate((Wish(restart=True), Wish(online=True))):
        folder = tmp_path / str(number)
        folder.mkdir()
        source, target = filled("sqlite", folder), empty("postgres", folder)
        with pytest.raises(KeyboardInterrupt):
            copy(source, target, Wish(), stopping, NOW)
        execute(source, "delete from warning")

        done = copy(source, target, wish, quiet, NOW)

        assert done.resumed == 0
        assert rows(target) == rows(source)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_differs_is_never_served(tmp_path: Path, engine: str) -> None:
    """A row that changed in the target while it was copied is found, and the target stays unfinished."""
    source, target = filled("sqlite", tmp_path), empty(engine, tmp_path)

    @contextmanager
    def meddling(what: str, _total: int) -> Iterator[Callable[[int], None]]:
        if what == "rows compared":
            execute(target, "update refusal set explanation = '{ }' where at = 5500")
        yield lambda _done: None

    with pytest.raises(Unusable, match=r"differs from what it is a copy of: row \d+ of the table refusal\."):
        copy(source, target, Wish(), meddling, NOW)
    with pytest.raises(Unfinished):
        target.state()


@pytest.mark.parametrize("engine", ENGINES)
def test_nobody_writes_to_the_source_meanwhile(tmp_path: Path, engine: str) -> None:
    """What would be lost is not acknowledged: while it is copied the source takes no writes, and then it does again."""
    source, target = filled(engine, tmp_path), empty("sqlite", tmp_path)
    refused: list[str] = []

    @contextmanager
    def writing(what: str, _total: int) -> Iterator[Callable[[int], None]]:
        if what == "rows compared":
            with pytest.raises(Unusable, match="Somebody writes") as found, source.moment(alone=True):
                pass
            refused.append(str(found.value))
        yield lambda _done: None

    copy(source, target, Wish(), writing, NOW)

    assert len(refused) == 1
    with source.moment(alone=True) as moment:
        assert moment.tables


@pytest.mark.parametrize("engine", ENGINES)
def test_a_running_source_is_copied_as_it_was_at_one_moment(tmp_path: Path, engine: str) -> None:
    """With --online what is written meanwhile is written, and is not in the copy."""
    source, target = filled(engine, tmp_path), empty("sqlite", tmp_path)
    before = rows(source)

    @contextmanager
    def writing(_what: str, _total: int) -> Iterator[Callable[[int], None]]:
        execute(source, "delete from refusal where at > 100", "update organization set created_at = 77")
        yield lambda _done: None

    copy(source, target, Wish(online=True), writing, NOW)

    assert rows(target) == before
    assert rows(source) != before


def test_a_running_server_is_noticed(tmp_path: Path) -> None:
    """A singleton task that is held now is a server at work; one whose time is over is not."""
    source, target = filled("sqlite", tmp_path), empty("sqlite", tmp_path)
    execute(source, f"insert into lease values ('webhooks', 'somebody', {NOW})")
    assert copied(source, empty("sqlite", tmp_path, "first")).digest.rows > MANY

    execute(source, f"update lease set ends_at = {NOW + 1}")
    with pytest.raises(Unusable, match=r"Servers seem to run on .* or say --online to copy this moment"):
        copied(source, target)
    assert rows(target) == rows(empty("sqlite", tmp_path, "other"))
    assert copied(source, target, online=True).digest.rows > MANY


Case = Callable[[Path], tuple[End, End]]


def _same(folder: Path) -> tuple[End, End]:
    source = filled("sqlite", folder)
    return source, source


def _nothing(folder: Path) -> tuple[End, End]:
    return absent("sqlite", folder), empty("sqlite", folder)


def _older(folder: Path) -> tuple[End, End]:
    source = filled("sqlite", folder)
    execute(source, "update alembic_version set version_num = '0001'")
    return source, empty("sqlite", folder)


def _newer(folder: Path) -> tuple[End, End]:
    source = filled("postgres", folder)
    execute(source, "update alembic_version set version_num = '9999'")
    return source, empty("sqlite", folder)


def _full(folder: Path) -> tuple[End, End]:
    return filled("sqlite", folder), filled_again(folder, "sqlite")


def _full_postgres(folder: Path) -> tuple[End, End]:
    return filled("sqlite", folder), filled_again(folder, "postgres")


def filled_again(folder: Path, engine: str) -> End:
    """An otherwise empty database with one row in it."""
    target = empty(engine, folder, "full")
    execute(target, "insert into warning values ('x', 1)")
    return target


def _older_target(folder: Path) -> tuple[End, End]:
    target = empty("postgres", folder)
    execute(target, "update alembic_version set version_num = '0001'")
    return filled("sqlite", folder), target


def _of_another(folder: Path) -> tuple[End, End]:
    target = empty("sqlite", folder)
    with pytest.raises(KeyboardInterrupt):
        copy(filled("sqlite", folder), target, Wish(), stopping, NOW)
    return filled_again(folder, "sqlite"), target


def _changed(folder: Path) -> tuple[End, End]:
    source, target = filled("sqlite", folder), empty("sqlite", folder)
    with pytest.raises(KeyboardInterrupt):
        copy(source, target, Wish(), stopping, NOW)
    execute(source, "delete from warning")
    return source, target


def _strange(folder: Path) -> tuple[End, End]:
    target = empty("sqlite", folder)
    execute(target, "alter table warning add column more integer")
    return filled("sqlite", folder), target


def _nul(folder: Path) -> tuple[End, End]:
    source = filled("sqlite", folder)
    execute(source, "update warning set name = 'a' || char(0) || 'b' where at = 0")
    return source, empty("postgres", folder)


def _broken(folder: Path) -> tuple[End, End]:
    source = filled("sqlite", folder)
    with closing(sqlite3.connect(folder / "filled" / "tessera.db")) as connection:
        connection.execute("pragma journal_mode = delete")
    with (folder / "filled" / "tessera.db").open("r+b") as file:
        file.seek(40_960)
        file.write(b"\xff" * 400_000)
    return source, empty("sqlite", folder)


REFUSED: dict[str, tuple[Case, str]] = {
    "both ends are one": (_same, r"Both ends are .*\. Name another database to copy to\."),
    "nothing there": (_nothing, r"There is no data in .*, so there is nothing to copy\."),
    "an older source": (
        _older,
        r"has an older schema\. Back it up with the version that made it, then run `tessera migrate",
    ),
    "a newer source": (_newer, r"has schema 9999, made by a newer Tessera"),
    "a full target": (_full, r"holds data already\. Name an empty database"),
    "a full target on a server": (_full_postgres, r"holds data already\. Name an empty database"),
    "an older target": (
        _older_target,
        r"has an older schema\. Back it up with the version that made it, then run `tessera migrate` on it\.",
    ),
    "a copy of another": (_of_another, r"is the beginning of a copy of .*\. Go on with that, or say --restart\."),
    "a source that changed": (_changed, r"has changed since the copy was begun\. Begin it again with --restart\."),
    "other columns": (_strange, r"are not those of this version \(warning differ\)\."),
    "what the other engine cannot hold": (_nul, r"does not do what was asked \(.*NUL.*\)\. Put that right"),
    "a damaged source": (
        _broken,
        r"filled/tessera\.db (is damaged|cannot be read as a SQLite database) \(.*\)\. Restore it from",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_copied_is_one_sentence(tmp_path: Path, name: str) -> None:
    """Each is refused with what to do, and the source stays as it is."""
    case, sentence = REFUSED[name]
    source, target = case(tmp_path)

    with pytest.raises(Unusable, match=sentence) as found:
        copied(source, target)

    assert "\n" not in str(found.value)
