"""The server with a fault armed at a seam: `python -m tests.faults.armed serve ...`, with the fault in `FAULTS_ARMED`.

| `FAULTS_ARMED` | |
|---|---|
| `before-commit:N` | kill -9 once the statements of the N-th commit of a caller's are made, before it is committed |
| `after-commit:N` | kill -9 once the N-th commit of a caller's is durable, before anybody is told |
| `early-answer` | a control: callers are told before anything is committed, 0.3 s later |
| `no-sync` | a control: SQLite does not wait for the disk |
| `newer` | not a fault: a version whose schema has one column more |
| `clock:FILE` | the wall clock is ahead by the seconds in a file, read at each look; purges come all the time |

Commits that count are those of deposits, transactions, merges, revocations and applications; upkeep does not.
Workers are armed as well, and so is any other command.
"""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tessera import bootstrap, cli, wiring
from tessera.app.management import housekeeping, purges
from tessera.app.runtime import purge_clock
from tessera.core.changes import (
    AddApplication,
    AddEntry,
    AddPurchase,
    Change,
    MergeCustomer,
    Notice,
    RevokeToken,
)
from tessera.ops import clock
from tessera.settings import Settings
from tessera.store import migrate, sqlite
from tessera.store.database import Database, OnOutage, SQLiteDatabase
from tessera.store.driver import Driver, R
from tessera.store.postgres import transaction
from tessera.store.sql.statement import Select
from tessera.store.sqlite import SQLiteDriver

if TYPE_CHECKING:
    from sqlalchemy import Connection

COUNTED = (AddApplication, AddEntry, AddPurchase, MergeCustomer, RevokeToken)

EARLY_SECONDS = 0.3

ROUND_SECONDS = 0.2
"""Between two purges of a server whose clock may be wrong."""

NEWER_HEAD = "9000"
NEWER_COLUMN = "of_a_newer_version"


def counts(changes: Sequence[Change]) -> bool:
    """Whether a caller waits for a commit of these."""
    return any(isinstance(change, COUNTED) for change in changes)


class Point:
    """The moment at which this process dies."""

    def __init__(self, text: str) -> None:
        self.name, _, rest = text.partition(":")
        self.rest = rest
        self._left = int(rest) if rest.isdigit() else 0
        self._counted = False

    def expect(self, changes: Sequence[Change]) -> None:
        """A commit of these changes begins."""
        self._counted = self._counted or counts(changes)

    def reached(self, name: str) -> None:
        """The named moment of a commit that counts is there: the last one, perhaps."""
        if name != self.name or not self._counted:
            return
        self._counted = False
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


POINT = Point(os.environ.get("FAULTS_ARMED", ""))

_wiring_database = bootstrap.database
_commit = transaction._commit
_upgrade = migrate.upgrade


class ArmedConnection:
    """A connection to SQLite that reaches the point before it commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """As sqlite3 does."""
        if sql == "commit":
            POINT.reached("before-commit")
        return self._connection.execute(sql, *parameters)


def connect(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """As `tessera.store.sqlite.connect`."""
    connection = sqlite.connect(path, writes=writes)
    if POINT.name == "no-sync":
        connection.execute("pragma synchronous = off")
    return cast("sqlite3.Connection", ArmedConnection(connection)) if writes else connection


class ArmedDriver:
    """A driver that reaches the point around its commits."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._late: set[asyncio.Task[None]] = set()

    async def rows(self, select: Select[R], parameters: Mapping[str, object]) -> list[R]:
        """As `store.driver.Driver`."""
        return await self._driver.rows(select, parameters)

    async def first(self, select: Select[R], parameters: Mapping[str, object]) -> R | None:
        """As `store.driver.Driver`."""
        return await self._driver.first(select, parameters)

    async def values(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        """As `store.driver.Driver`."""
        return await self._driver.values(statement, parameters)

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        """As `store.driver.Driver`, and the point after it."""
        if POINT.name == "early-answer" and counts(changes):
            task = asyncio.create_task(self._later(changes))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return []
        POINT.expect(changes)
        notices = await self._driver.commit(changes)
        if counts(changes):
            POINT.reached("after-commit")
        return notices

    async def _later(self, changes: Sequence[Change]) -> None:
        await asyncio.sleep(EARLY_SECONDS)
        await self._driver.commit(changes)

    async def time(self) -> int | None:
        """As `store.driver.Driver`."""
        return await self._driver.time()

    async def changed(self) -> bool:
        """As `store.driver.Driver`."""
        return await self._driver.changed()

    async def close(self) -> None:
        """As `store.driver.Driver`."""
        await self._driver.close()


class ArmedDatabase:
    """A database whose driver is armed."""

    def __init__(self, found: Database) -> None:
        self._found = found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)

    def driver(self, on_outage: OnOutage) -> Driver:
        """As `store.database.Database`."""
        if isinstance(self._found, SQLiteDatabase):
            return ArmedDriver(SQLiteDriver(self._found.path, connect))
        return ArmedDriver(self._found.driver(on_outage))


class AheadClock(clock.SystemClock):
    """The machine's clock, ahead by what a file says."""

    def now(self) -> int:
        """As `ports.Clock`."""
        return super().now() + int(float(Path(POINT.rest).read_text()) * 1_000_000)


def _armed_database(settings: Settings) -> Database:
    return cast("Database", ArmedDatabase(_wiring_database(settings)))


async def _armed_commit(connection: Any) -> None:
    POINT.reached("before-commit")
    await _commit(connection)


def _newer_upgrade(connection: "Connection") -> None:
    _upgrade(connection)
    connection.exec_driver_sql(f"alter table customer add column {NEWER_COLUMN} integer")
    connection.exec_driver_sql(f"update alembic_version set version_num = '{NEWER_HEAD}'")


def _become_newer() -> None:
    setattr(migrate, "HEAD", NEWER_HEAD)  # noqa: B010  # a name that it only uses
    migrate.upgrade = _newer_upgrade


if POINT.name == "newer":
    _become_newer()
elif POINT.name == "clock":
    setattr(wiring, "SystemClock", AheadClock)  # noqa: B010  # a name that it only uses
    purges.ROUND_SECONDS = purge_clock.POLL_SECONDS = ROUND_SECONDS
    housekeeping.DROP_SECONDS = ROUND_SECONDS
elif POINT.name:
    bootstrap.database = _armed_database
    transaction._commit = _armed_commit


if __name__ == "__main__":
    cli.main()
