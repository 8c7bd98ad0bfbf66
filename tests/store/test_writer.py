"""How commits go between the event loop and the thread, and what becomes of them when something is in the way."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from tessera.core.changes import Change
from tessera.ports import Store, StoreUnavailable
from tessera.store import sqlite, writer
from tessera.store.conformance.material import organization
from tessera.store.sqlite import SQLiteDriver
from tests.support.lock_holder import held_by_another_process
from tests.support.stores import empty_database, organization_names, with_store

COUNT = 2 * writer.BATCH_MAX + 1
"""Commits that take more than two transactions."""


def test_the_loop_runs_the_statements_and_the_thread_waits_for_the_disk(tmp_path: Path) -> None:
    """Once there is a connection, everything but `commit` runs on the event loop, and `commit` never does."""
    ran: list[tuple[str, bool]] = []

    def traced(path: Path, *, writes: bool = False) -> sqlite3.Connection:
        connection = sqlite.connect(path, writes=writes)
        if writes:
            loop = threading.main_thread()
            connection.set_trace_callback(
                lambda sql: ran.append((sql.split()[0].lower(), threading.current_thread() is loop))
            )
        return connection

    async def scenario(store: Store) -> None:
        await store.commit(organization("first"))
        ran.clear()
        await store.commit(organization("second"))

    with_store(empty_database(tmp_path / "tessera.db"), scenario, traced)

    statements = ["begin", "savepoint", "insert", "release"]
    assert ran == [*((each, True) for each in statements), ("commit", False)]


def test_who_came_late_waits_its_own_time(tmp_path: Path) -> None:
    """When a lock was waited for in vain, only those are told who waited all the time; others may still be lucky."""

    async def scenario(store: Store) -> None:
        with held_by_another_process(path) as holder:
            early = asyncio.create_task(store.commit(organization("early")))
            await asyncio.sleep(1)
            late = asyncio.create_task(store.commit(organization("late")))
            with pytest.raises(StoreUnavailable, match="locked"):
                await early
            assert not late.done()
            holder.communicate("\n")
            await late

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario)
    assert organization_names(path) == {"late"}


def test_closing_finishes_what_waits_for_a_lock(tmp_path: Path) -> None:
    """A store closed while another process holds the file waits for it, and everything accepted is written."""

    async def scenario(store: Store) -> None:
        with held_by_another_process(path) as holder:
            commits = [asyncio.create_task(store.commit(organization(f"org {n}"))) for n in range(COUNT)]
            await asyncio.sleep(0.1)
            closing = asyncio.create_task(store.close())
            await asyncio.sleep(0.1)
            with pytest.raises(StoreUnavailable, match="closed"):
                await store.commit(organization("too late"))
            holder.communicate("\n")
            await closing
            await asyncio.gather(*commits)

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario)
    assert organization_names(path) == {f"org {n}" for n in range(COUNT)}


def test_too_many_waiting_are_refused_at_once(tmp_path: Path) -> None:
    """Beyond the bound a commit is refused without waiting, and those before it are done."""

    async def scenario(store: Store) -> None:
        with held_by_another_process(path) as holder:
            commits = [asyncio.create_task(store.commit()) for _ in range(writer.WAITING_MAX)]
            await asyncio.sleep(0)
            with pytest.raises(StoreUnavailable, match="are waiting"):
                await store.commit()
            holder.communicate("\n")
            await asyncio.gather(*commits)
            await store.commit()

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario)


def test_a_connection_that_cannot_be_had_is_tried_again(tmp_path: Path) -> None:
    """While the file cannot be opened for writing commits are refused; as soon as it can they are done."""
    path = empty_database(tmp_path / "tessera.db")
    nonsense = tmp_path / "nonsense.db"
    nonsense.write_bytes(b"not a database at all" * 100)
    leads_to = nonsense

    def opener(path: Path, *, writes: bool = False) -> sqlite3.Connection:
        return sqlite.connect(leads_to if writes else path, writes=writes)

    async def scenario(store: Store) -> None:
        nonlocal leads_to
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="cannot be opened"):
                await store.commit(organization("early"))
        leads_to = path
        await store.commit(organization("late"))

    with_store(path, scenario, opener)
    assert organization_names(path) == {"late"}


def interrupted() -> Iterator[Change]:
    """Changes during which the process is told to stop."""
    yield organization("half")
    raise KeyboardInterrupt


def test_an_interrupt_amid_statements_leaves_nothing_half(tmp_path: Path) -> None:
    """An interrupt while statements run undoes them, gets through to the top, and closing does not wait for ever."""

    async def scenario() -> None:
        driver = SQLiteDriver(path)
        try:
            await driver.commit([organization("before")])
            await driver.commit(cast("Sequence[Change]", interrupted()))
        finally:
            await driver.close()

    path = empty_database(tmp_path / "tessera.db")
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(scenario())
    assert organization_names(path) == {"before"}


def test_a_loop_that_is_gone_leaves_no_lock(tmp_path: Path) -> None:
    """When the loop ended while a commit waited for the lock, the lock that then comes is let go again."""
    path = empty_database(tmp_path / "tessera.db")

    async def leave() -> None:
        driver = SQLiteDriver(path)
        commit = asyncio.create_task(driver.commit([organization("nobody waits for it")]))
        await asyncio.sleep(0.1)
        commit.cancel()
        driver._reader.close()

    with held_by_another_process(path) as holder:
        asyncio.run(leave())
        holder.communicate("\n")
    time.sleep(0.2)  # by now the thread has had the lock
    other = sqlite3.connect(path, timeout=0)
    other.execute("begin immediate")
    other.close()


def test_no_two_callers_get_one_error(tmp_path: Path) -> None:
    """A batch that fails is refused by an error for each caller: each goes on to name whose request it ended."""

    async def scenario(store: Store) -> None:
        await store.commit(organization("first"))
        with held_by_another_process(path):
            refused = await asyncio.gather(
                *(store.commit(organization(f"o{number}")) for number in range(3)), return_exceptions=True
            )
        assert [type(error) for error in refused] == [StoreUnavailable] * 3
        assert len({id(error) for error in refused}) == 3

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario)
