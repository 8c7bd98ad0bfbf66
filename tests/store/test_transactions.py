"""What becomes of a transaction when the database refuses: to begin, amid its statements, at the commit, at the end."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tessera.core.changes import AddProperty, DeleteApplication
from tessera.ports import Conflict, Store, StoreUnavailable, Unknown
from tessera.store import sqlite
from tessera.store.conformance.material import organization
from tests.support.stores import empty_database, organization_names, with_store


class Denied:
    """An opener whose write connection refuses to do these things with transactions and savepoints."""

    def __init__(self, *denied: str) -> None:
        self._denied = {each.upper() for each in denied}
        self.made: list[sqlite3.Connection] = []

    def __call__(self, path: Path, *, writes: bool = False) -> sqlite3.Connection:
        """A connection; only the first one to write with is denied anything."""
        connection = sqlite.connect(path, writes=writes)
        if writes:
            if not self.made:
                connection.set_authorizer(self._authorize)
            self.made.append(connection)
        return connection

    def _authorize(self, action: int, what: str | None, *_: object) -> int:
        refused = action in {sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT} and what in self._denied
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    def allow(self) -> None:
        """Deny nothing any more."""
        self._denied.clear()
        self.made[0].set_authorizer(None)


def test_a_transaction_that_cannot_begin_is_unavailable(tmp_path: Path) -> None:
    """Callers are told when no transaction can be begun, first in the thread and then on the loop; then it goes on."""
    denied = Denied("begin")

    async def scenario(store: Store) -> None:
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="not authorized"):
                await asyncio.wait_for(store.commit(organization("early")), 60)
        denied.allow()
        await store.commit(organization("late"))

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario, denied)
    assert organization_names(path) == {"late"}
    assert len(denied.made) == 1


def test_a_connection_that_is_no_use_is_not_taken_for_a_lock(tmp_path: Path) -> None:
    """What is wrong with a transaction is told as it is, and at once."""

    def opener(path: Path, *, writes: bool = False) -> sqlite3.Connection:
        connection = sqlite.connect(path, writes=writes)
        connection.execute("begin")
        return connection

    async def scenario(store: Store) -> None:
        with pytest.raises(StoreUnavailable, match="within a transaction"):
            await store.commit(organization("a"))

    with_store(empty_database(tmp_path / "tessera.db"), scenario, opener)


def test_statements_that_fail_are_undone_for_all(tmp_path: Path) -> None:
    """When the database fails amid statements nobody's changes are made, and the next transaction is a new one."""
    denied = Denied("release")

    async def scenario(store: Store) -> None:
        commits = (store.commit(organization("a")), store.commit(organization("b")))
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert [type(each) for each in outcomes] == [StoreUnavailable, StoreUnavailable]
        denied.allow()
        await store.commit(organization("c"))

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario, denied)
    assert organization_names(path) == {"c"}
    assert len(denied.made) == 1


def test_a_commit_that_certainly_failed_is_unavailable(tmp_path: Path) -> None:
    """When `commit` is refused for what it holds, callers are told that nothing was written."""

    def deferring(path: Path, *, writes: bool = False) -> sqlite3.Connection:
        connection = sqlite.connect(path, writes=writes)
        connection.execute("pragma defer_foreign_keys = on")
        return connection

    async def scenario(store: Store) -> None:
        with pytest.raises(StoreUnavailable, match="FOREIGN KEY"):
            await store.commit(organization("a"), AddProperty(999, "of nobody", "key", 0))
        await store.commit(organization("b"))

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario, deferring)
    assert organization_names(path) == {"b"}


def test_a_failed_commit_is_unknown_and_undone(tmp_path: Path) -> None:
    """When `commit` fails for a reason that leaves doubt, callers are told, and the next transaction is a new one."""
    denied = Denied("commit")

    async def scenario(store: Store) -> None:
        commits = (store.commit(organization("a")), store.commit(DeleteApplication("unknown")))
        outcomes = await asyncio.gather(*commits, return_exceptions=True)
        assert [type(each) for each in outcomes] == [Unknown, Unknown]
        denied.allow()
        await store.commit(organization("b"))
        with pytest.raises(Conflict):
            await store.commit(DeleteApplication("unknown"))

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario, denied)
    assert organization_names(path) == {"b"}
    assert len(denied.made) == 1


def test_a_connection_that_cannot_undo_is_given_up(tmp_path: Path) -> None:
    """When `rollback` fails too, another connection is made, and nothing of the transaction is left."""
    denied = Denied("commit", "rollback")

    async def scenario(store: Store) -> None:
        with pytest.raises(Unknown):
            await store.commit(organization("a"))
        await asyncio.wait_for(store.commit(organization("b")), 60)

    path = empty_database(tmp_path / "tessera.db")
    with_store(path, scenario, denied)
    assert organization_names(path) == {"b"}
    assert len(denied.made) == 2
