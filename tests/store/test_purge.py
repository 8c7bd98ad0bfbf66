"""Purging: nothing of what was deleted stays in the files, whoever has it open, and it takes little memory."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tessera.ports import StoreUnavailable
from tessera.store import sqlite
from tessera.store.purge import Step, purge
from tests.support.stores import empty_database

MARK = "Zqx7"

MEASURED = """
import resource, sys
from pathlib import Path
from tessera.store.purge import purge
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
purge(Path(sys.argv[1]), lambda *_progress: None)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _written_and_deleted(path: Path) -> sqlite3.Connection:
    """A connection, still open, that has written much of a mark and deleted it again."""
    connection = sqlite.connect(empty_database(path))
    connection.execute("pragma secure_delete = off")
    rows = ((f"{MARK}-{n}", MARK * 20) for n in range(2_000))
    connection.execute("begin")
    connection.executemany("insert into lease (name, holder, ends_at) values (?, ?, 0)", rows)
    connection.execute("commit")
    connection.execute("delete from lease")
    return connection


def holding(path: Path) -> list[str]:
    """The files beside a database, and itself, in which the mark stands."""
    return [file.name for file in path.parent.iterdir() if MARK.encode() in file.read_bytes()]


def test_nothing_of_what_was_deleted_stays(tmp_path: Path) -> None:
    """Beside an open connection too, neither the database nor its log keeps a byte, and the file is smaller."""
    path = tmp_path / "tessera.db"
    reported: list[Step] = []
    with closing(_written_and_deleted(path)) as connection:
        assert holding(path) != []
        done = purge(path, lambda step, _done, _total: reported.append(step))
        assert holding(path) == []
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert list(dict.fromkeys(reported)) == [Step.LOG, Step.FREE, Step.PAGES]
    assert done.bytes_after == path.stat().st_size < done.bytes_before
    assert done.not_rewritten == []


def test_a_database_of_an_earlier_version_keeps_its_size(tmp_path: Path) -> None:
    """It cannot give back free pages: they are zeroed, and used again."""
    path = tmp_path / "tessera.db"
    empty_database(path)
    with closing(sqlite3.connect(path)) as older:
        older.execute("pragma auto_vacuum = none")
        older.execute("vacuum")
    with closing(sqlite.connect(path)) as connection:
        connection.execute("pragma secure_delete = off")
        connection.execute("create table note (text)")
        connection.execute("insert into note values (?)", (MARK * 10_000,))
        connection.execute("drop table note")
        assert holding(path) != []
        done = purge(path, lambda *_progress: None)
        assert holding(path) == []
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert done.bytes_after == path.stat().st_size > 200_000


def test_what_is_written_meanwhile_leaves_nothing_in_the_log(tmp_path: Path) -> None:
    """Pages that others write during a purge come into the log with what is left in them, until the purge ends."""
    path = tmp_path / "tessera.db"
    seen: list[bool] = []
    with closing(_written_and_deleted(path)) as connection:
        rows = ((f"{MARK}-{n}", "kept" if n % 10 == 0 else MARK * 20) for n in range(2_000))
        connection.execute("begin")
        connection.executemany("insert into lease (name, holder, ends_at) values (?, ?, 0)", rows)
        connection.execute("delete from lease where holder <> 'kept'")
        connection.execute("update lease set name = substr(name, 6)")
        connection.execute("commit")

        def report(step: Step, _done: int, _total: int) -> None:
            if step is Step.PAGES and not seen:
                connection.execute("update lease set ends_at = 1")
                seen.append(MARK.encode() in path.with_name("tessera.db-wal").read_bytes())

        purge(path, report)
        assert seen == [True]
        assert holding(path) == []
        assert connection.execute("select count(*) from lease where ends_at = 1").fetchone() == (200,)


@pytest.mark.parametrize("begin", ["begin immediate", "begin"])
def test_a_busy_database_is_told(tmp_path: Path, begin: str) -> None:
    """While another writes, or reads what the log has, purging gives up with a sentence; later it can be done."""
    path = tmp_path / "tessera.db"
    with closing(_written_and_deleted(path)) as other:
        other.execute(begin)
        other.execute("select count(*) from lease").fetchone()
        with pytest.raises(StoreUnavailable, match="run this again when that is over"):
            purge(path, lambda *_progress: None, wait_seconds=0.1)
        other.execute("rollback")
        purge(path, lambda *_progress: None)
    assert holding(path) == []


@pytest.mark.parametrize("last", range(1, 6))
def test_an_interrupted_purge_is_finished_by_another(tmp_path: Path, last: int) -> None:
    """Wherever it was: the database is whole, and nothing has to be put right first."""
    path = tmp_path / "tessera.db"
    reports = iter(range(last))

    def report(_step: Step, _done: int, _total: int) -> None:
        if next(reports, None) is None:
            raise KeyboardInterrupt

    with closing(_written_and_deleted(path)) as connection:
        with pytest.raises(KeyboardInterrupt):
            purge(path, report)
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        purge(path, lambda *_progress: None)
        assert holding(path) == []


def test_memory_does_not_grow_with_the_database(tmp_path: Path) -> None:
    """A file of a hundred megabytes takes a few."""
    path = tmp_path / "tessera.db"
    with closing(_written_and_deleted(path)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("create table note (number integer primary key, text)")
        connection.execute(
            "with recursive n(x) as (select 1 union all select x + 1 from n where x < 50000)"
            " insert into note select x, hex(randomblob(1000)) from n"
        )
        connection.execute("delete from note where number % 3 = 0")
    done = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True)
    assert path.stat().st_size > 60_000_000
    assert int(done.stdout) < 24 * 1024, "kibibytes"
