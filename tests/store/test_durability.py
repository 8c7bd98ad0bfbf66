"""What was acknowledged is there: after kill -9, and when the disk is full."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tessera.core.changes import AddOrganization, PurgeNotices, PurgeRevocations, RaiseRevocationMark, RevokeToken
from tessera.core.times import PurgeTime
from tessera.ports import StoreUnavailable
from tessera.store import sqlite
from tessera.store.conformance.material import organization
from tessera.store.sqlite import SQLiteDriver
from tessera.store.store import SQLStore
from tests.support.stores import empty_database, run_with_stores

ROUNDS = 10


def committer(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process that commits to this file."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.committer", str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def halves(path: Path, turn: str) -> dict[int, int]:
    """How many of the two organizations of each commit of a round are there; the file must be sound."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        names = [name.split("/") for (name,) in connection.execute("select name from organization")]
    finally:
        connection.close()
    found: dict[int, int] = {}
    for begun, number, _half in names:
        if begun == turn:
            found[int(number)] = found.get(int(number), 0) + 1
    return found


def test_kill_nine_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Ten times killed while committing: every acknowledged commit is there, and every commit is whole."""
    path = empty_database(tmp_path / "tessera.db")
    total = 0
    for turn in range(ROUNDS):
        process = committer(path, str(turn))
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(20 + turn * 37)]
        process.kill()
        said += process.stdout.readlines()
        process.communicate()
        acknowledged = {int(line) for line in said if line.endswith("\n")}
        found = halves(path, str(turn))

        assert acknowledged <= found.keys()
        assert set(found.values()) == {2}
        total += len(acknowledged)
    assert total > ROUNDS * 100


def test_a_file_that_cannot_grow_loses_nothing(tmp_path: Path) -> None:
    """When a file may not grow further, commits fail, reads go on, nothing acknowledged is lost, and room heals it."""
    path = empty_database(tmp_path / "tessera.db")
    process = committer(path, "full", str(2 * path.stat().st_size))
    assert process.stdout is not None
    said: list[str] = []
    while not said or not said[-1].startswith("read"):
        said.append(process.stdout.readline().strip())
        assert said[-1], f"the process ended early: {said[-5:]}"
    acknowledged = [int(word) for word in said if word.isdigit()]
    before = halves(path, "full")
    rest, _ = process.communicate("\n", timeout=60)

    assert process.returncode == 0
    assert said[-2] in {"StoreUnavailable", "Unknown"}
    assert len(acknowledged) > 5
    assert said[-1] == f"read {2 * len(acknowledged)}"
    assert before == dict.fromkeys(acknowledged, 2)
    assert rest.split() == [str(len(acknowledged))]
    assert halves(path, "full") == dict.fromkeys([*acknowledged, len(acknowledged)], 2)


def small(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """A connection to a database that may grow by a few pages only."""
    connection = sqlite.connect(path, writes=writes)
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages + 4}")
    return connection


def test_a_full_database_refuses_and_recovers(tmp_path: Path) -> None:
    """A full database refuses and undoes that commit alone, is read, and takes commits again when there is room."""
    path = empty_database(tmp_path / "tessera.db")
    made: list[bool] = []

    def opener(path: Path, *, writes: bool = False) -> sqlite3.Connection:
        made.append(writes)
        return small(path, writes=writes)

    async def scenario(_stores: object) -> None:
        store = SQLStore(SQLiteDriver(path, opener))
        done = 0

        async def fill() -> None:
            nonlocal done
            while True:
                await store.commit(organization(f"a{done}"), *(RevokeToken(done * 100 + n, 1) for n in range(100)))
                done += 1

        with pytest.raises(StoreUnavailable, match="full"):
            await fill()
        assert done > 0
        assert [each.name for each in await store.organizations()] == [f"a{n}" for n in range(done)]
        assert len(await store.revocations(limit=10**6)) == done * 100
        with pytest.raises(StoreUnavailable):
            await store.commit(AddOrganization("b", "x" * 100_000, 0))
        await store.commit(RaiseRevocationMark(PurgeTime(1)), PurgeRevocations(PurgeTime(1), 10**6))
        await store.commit(PurgeNotices(await store.last_sequence(), 10**6))
        await store.commit(organization("there is room again"))
        assert len(await store.organizations()) == done + 1
        assert made == [False, True]
        await store.close()

    run_with_stores(lambda: SQLStore(SQLiteDriver(path)), scenario)
