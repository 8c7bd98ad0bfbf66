"""What is particular to SQLite: group commit, its settings, and a file that somebody else holds."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from tessera.core.changes import AddCustomer, AddOrganization, DeleteApplication, ReplaceProfile
from tessera.ports import Conflict, Store, StoreUnavailable, Unusable
from tessera.store import sqlite, writer
from tessera.store.conformance.material import organization
from tessera.store.sqlite import SQLiteDriver
from tests.support.lock_holder import held_by_another_process
from tests.support.stores import empty_database, run_with_stores, sqlite_file, with_store

COMMITS = 128
"""Few enough that the log is not begun anew while they are counted."""


def transactions(path: Path) -> int:
    """Transactions in the write-ahead log: frames that end one carry the size of the database after it."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    page = int.from_bytes(log[8:12])
    frames = range(32, len(log), 24 + page)
    return sum(log[at + 8 : at + 16] == log[16:24] and log[at + 4 : at + 8] != bytes(4) for at in frames)


def test_commits_at_once_share_a_transaction(tmp_path: Path) -> None:
    """Commits of one turn of the event loop share full transactions, one at a time takes one each."""
    path = empty_database(tmp_path / "tessera.db")

    async def scenario(store: Store) -> None:
        for number in range(5):
            await store.commit(organization(f"alone {number}"))
        alone = transactions(path)
        assert alone == 5
        await asyncio.gather(*(store.commit(organization(f"org {number}")) for number in range(COMMITS)))
        together = transactions(path) - alone
        assert together == COMMITS // writer.BATCH_MAX
        assert len(await store.organizations()) == 5 + COMMITS

    with_store(path, scenario)


def test_a_conflict_undoes_nothing_of_the_others_in_its_transaction(tmp_path: Path) -> None:
    """Commits that share a transaction with one that conflicts are written and acknowledged."""
    path = empty_database(tmp_path / "tessera.db")

    async def scenario(store: Store) -> None:
        wanted = [
            store.commit(organization(f"org {n}"), *([DeleteApplication("unknown")] if n % 2 else []))
            for n in range(60)
        ]
        done = await asyncio.gather(*wanted, return_exceptions=True)

        assert [isinstance(outcome, Conflict) for outcome in done] == [n % 2 == 1 for n in range(60)]
        assert [each.name for each in await store.organizations()] == [f"org {n}" for n in range(0, 60, 2)]
        assert transactions(path) <= 3

    with_store(path, scenario)


def test_what_is_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    """The log is written ahead and synchronized in full, on every connection that a store makes."""
    made: list[dict[str, object]] = []

    def spying(path: Path, *, writes: bool = False) -> sqlite3.Connection:
        connection = sqlite.connect(path, writes=writes)
        settings = ("synchronous", "journal_mode", "foreign_keys")
        made.append({name: connection.execute(f"pragma {name}").fetchone()[0] for name in settings})
        return connection

    async def scenario(_stores: object) -> None:
        driver = SQLiteDriver(empty_database(tmp_path / "tessera.db"), opener=spying)
        await driver.commit([organization("Org")])
        await driver.close()

    run_with_stores(lambda: sqlite_file(tmp_path), scenario)

    in_force = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}
    assert made == [in_force, in_force]


def test_what_is_deleted_is_gone_from_the_file(tmp_path: Path) -> None:
    """The write connection overwrites what is deleted, whatever SQLite was compiled with."""
    path = empty_database(tmp_path / "tessera.db")
    was, now = "lived at " + "x" * 300, "moved away"

    async def scenario(store: Store) -> None:
        await store.commit(organization("Org"), AddCustomer("id", 1, None, was, "{}", 0, "[]", None, 0))
        await store.close()
        assert was.encode() in path.read_bytes()

    async def and_later(store: Store) -> None:
        await store.commit(ReplaceProfile(1, None, now, was))

    with_store(path, scenario)
    with_store(path, and_later)
    assert now.encode() in path.read_bytes()
    assert was[-100:].encode() not in path.read_bytes()


def test_the_log_is_cut_after_a_reader_held_it(tmp_path: Path) -> None:
    """While a reader of another process stays, the log grows; when it has gone the log comes back to its bound."""
    path = empty_database(tmp_path / "tessera.db")
    log = tmp_path / "tessera.db-wal"
    reader = sqlite3.connect(path, isolation_level=None)

    async def scenario(store: Store) -> None:
        await store.commit(organization("first"))
        reader.execute("begin")
        reader.execute("select count(*) from organization").fetchone()
        number = 0
        while log.stat().st_size < sqlite.LOG_SIZE_MAX + 2**20:
            await store.commit(AddOrganization(f"org {number}", f"{number}/{'x' * 500_000}", 0))
            number += 1
        reader.execute("rollback")
        for last in ("empties the log", "begins it anew"):
            await store.commit(organization(last))
        assert log.stat().st_size <= sqlite.LOG_SIZE_MAX

    with_store(path, scenario)
    reader.close()


def test_a_locked_database_is_unavailable_in_time(tmp_path: Path) -> None:
    """While another process holds the file, a commit fails after the busy timeout, and reads and the loop go on."""
    path = empty_database(tmp_path / "tessera.db")

    async def scenario(store: Store) -> None:
        await store.commit(organization("before"))
        with held_by_another_process(path) as holder:
            commit = asyncio.create_task(store.commit(organization("held up")))
            begun = time.monotonic()
            ticks = 0
            while not commit.done():
                assert len(await store.organizations()) == 1
                await asyncio.sleep(0.01)
                ticks += 1
            waited = time.monotonic() - begun
            with pytest.raises(StoreUnavailable, match="locked"):
                commit.result()
            assert 1.5 < waited < 60
            assert ticks > 10, "the event loop stood still"
            holder.communicate("\n")
        await store.commit(organization("after"))
        assert [each.name for each in await store.organizations()] == ["before", "after"]

    with_store(path, scenario)


def test_a_short_lock_is_waited_for(tmp_path: Path) -> None:
    """A commit waits for another process that lets go in time, and is then done."""
    path = empty_database(tmp_path / "tessera.db")

    async def scenario(store: Store) -> None:
        with held_by_another_process(path) as holder:
            commit = asyncio.create_task(store.commit(organization("patient")))
            await asyncio.sleep(0.2)
            assert not commit.done()
            holder.communicate("\n")
            await commit
        assert [each.name for each in await store.organizations()] == ["patient"]

    with_store(path, scenario)


def test_a_reader_of_a_closed_store_is_told(tmp_path: Path) -> None:
    """Reading from a store that was closed is answered like a database that does not answer."""
    path = empty_database(tmp_path / "tessera.db")

    async def scenario(store: Store) -> None:
        await store.close()
        with pytest.raises(StoreUnavailable):
            await store.organizations()

    with_store(path, scenario)


def test_a_damaged_page_is_unavailable(tmp_path: Path) -> None:
    """A read that meets a damaged page is answered like a database that does not answer; other reads go on."""
    path = empty_database(tmp_path / "tessera.db")
    connection = sqlite3.connect(path)
    root = connection.execute("select rootpage from sqlite_master where name = 'organization'").fetchone()[0]
    page = connection.execute("pragma page_size").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * page)
        file.write(b"\xff" * page)

    async def scenario(store: Store) -> None:
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="malformed"):
                await store.organizations()
            await asyncio.sleep(0)
            assert await store.keys() == []
            await asyncio.sleep(0)

    with_store(path, scenario)


def test_a_file_that_is_no_database_is_unusable(tmp_path: Path) -> None:
    """Opening something else than a database says so, and changes nothing."""
    path = tmp_path / "tessera.db"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(Unusable, match="cannot be opened"):
        sqlite_file(path)
    assert path.read_bytes() == b"not a database at all" * 100
