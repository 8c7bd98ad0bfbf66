"""Purging: nothing of what was deleted stays in the files, and a database that is busy is left as it is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tessera.ports import StoreUnavailable
from tessera.store import sqlite
from tessera.store.purge import Step, purge
from tests.support.stores import empty_database

MARK = "Zqx7"


def _written_and_deleted(path: Path) -> sqlite3.Connection:
    """A connection, still open, that has written much of a mark and deleted it again."""
    connection = sqlite.connect(empty_database(path))
    connection.execute("pragma secure_delete = off")
    for n in range(2_000):
        connection.execute("insert into lease (name, holder, ends_at) values (?, ?, 0)", (f"{MARK}-{n}", MARK * 20))
    connection.execute("delete from lease")
    return connection


def holding(path: Path) -> list[str]:
    """The files beside a database, and itself, in which the mark stands."""
    return [file.name for file in path.parent.iterdir() if MARK.encode() in file.read_bytes()]


def test_nothing_of_what_was_deleted_stays(tmp_path: Path) -> None:
    """Beside an open connection too, neither the database nor its log keeps a byte, and the file is smaller."""
    path = tmp_path / "tessera.db"
    steps: list[Step] = []
    with closing(_written_and_deleted(path)) as connection:
        assert holding(path) != []
        done = purge(path, steps.append)
        assert holding(path) == []
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    assert steps == [Step.LOG, Step.REWRITE, Step.LOG]
    assert done.bytes_after == path.stat().st_size


@pytest.mark.parametrize("begin", ["begin immediate", "begin"])
def test_a_busy_database_is_told(tmp_path: Path, begin: str) -> None:
    """While another writes, or reads what the log has, purging gives up with a sentence; later it can be done."""
    path = tmp_path / "tessera.db"
    with closing(_written_and_deleted(path)) as other:
        other.execute(begin)
        other.execute("select count(*) from lease").fetchone()
        with pytest.raises(StoreUnavailable, match=r"busy|locked"):
            purge(path, lambda _step: None, wait_milliseconds=50)
        other.execute("rollback")
        purge(path, lambda _step: None)
    assert holding(path) == []
