"""Stores over real SQLite files, set up by copying one that was migrated once."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from tessera.core.changes import Change, Notice
from tessera.ports import Store
from tessera.store.driver import R
from tessera.store.migrate import migrate_sqlite
from tessera.store.sql.statement import Select
from tessera.store.sqlite import Opener, SQLiteDriver, connect
from tessera.store.store import SQLStore

T = TypeVar("T")


@lru_cache(maxsize=1)
def _migrated() -> bytes:
    """The bytes of an empty database of the current schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tessera.db"
        migrate_sqlite(path)
        return path.read_bytes()


def empty_database(path: Path) -> Path:
    """Write an empty database of the current schema to this path, which is answered."""
    path.write_bytes(_migrated())
    return path


class TwoProcesses:
    """A driver that writes through one connection and reads through another, as a second process would."""

    def __init__(self, path: Path) -> None:
        self._writer = SQLiteDriver(path)
        self._reader = SQLiteDriver(path)

    async def rows(self, select: Select[R], parameters: Mapping[str, object]) -> list[R]:
        return await self._reader.rows(select, parameters)

    async def first(self, select: Select[R], parameters: Mapping[str, object]) -> R | None:
        return await self._reader.first(select, parameters)

    async def values(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        return await self._reader.values(statement, parameters)

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        return await self._writer.commit(changes)

    async def time(self) -> int | None:
        return await self._reader.time()

    async def changed(self) -> bool:
        return await self._reader.changed()

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()


def sqlite_file(path: Path) -> Store:
    """A store over a file."""
    return SQLStore(SQLiteDriver(path))


def second_process_view(path: Path) -> Store:
    """A store that reads a file through another connection than the one it writes through."""
    return SQLStore(TwoProcesses(path))


def run_with_stores(
    open_store: Callable[[], Store], run: Callable[[Callable[[], Awaitable[Store]]], Awaitable[T]]
) -> T:
    """Run a scenario that opens stores as it needs them; all are closed at the end."""

    async def whole() -> T:
        opened: list[Store] = []

        async def another() -> Store:
            opened.append(open_store())
            return opened[-1]

        try:
            return await run(another)
        finally:
            for store in opened:
                await store.close()

    return asyncio.run(whole())


def with_store(path: Path, scenario: Callable[[Store], Awaitable[None]], opener: Opener = connect) -> None:
    """Run a scenario with one store on this file."""

    async def run(stores: Callable[[], Awaitable[Store]]) -> None:
        await scenario(await stores())

    run_with_stores(lambda: SQLStore(SQLiteDriver(path, opener)), run)


def organization_names(path: Path) -> set[str]:
    """The organizations in a file, as another process sees them."""
    connection = sqlite3.connect(path)
    try:
        return {name for (name,) in connection.execute("select name from organization")}
    finally:
        connection.close()
