"""SQLite: reads on the event loop, writes in one thread that commits many callers' changes together.

Write-ahead log with `synchronous = full`: what is acknowledged is on the disk. Each caller's changes run under a
savepoint of their own, so that one caller's conflict undoes nothing of the others'.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from tessera.core.changes import Change, Notice
from tessera.ports import Conflict, StoreUnavailable, Unknown, Unusable
from tessera.store import sql
from tessera.store.driver import Row

APPLICATION_ID = 0x54455353
"""Marks a SQLite file as Tessera's (`pragma application_id`)."""

BATCH_MAX = 64
"""Callers whose changes share one transaction."""

WAITING_MAX = 4096
"""Commits that may wait; beyond it a commit is refused at once."""

BUSY_TIMEOUT_MILLISECONDS = 2000

_DEFECTS = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    ValueError,
    TypeError,
    KeyError,
    ArithmeticError,
)
"""What a change that no database can take raises: the fault of its own caller, and of nobody else in the batch."""

_ROLLED_BACK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CONSTRAINT}

_Outcome = list[Notice] | BaseException


class _Job(NamedTuple):
    changes: Sequence[Change]
    future: asyncio.Future[list[Notice]]


def connect(path: Path) -> sqlite3.Connection:
    """A connection with the settings that all of ours share. Raises Unusable for a file that is no database."""
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma temp_store = memory")
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise Unusable(f"{path} cannot be opened as a SQLite database: {error}.") from error
    return connection


class SQLiteDriver:
    """One SQLite file. To be made, read and closed in one thread; commits are handed to a thread of its own.

    Reads of one turn of the event loop share a read transaction, which saves two system calls each. It begins with
    the turn's first read and ends before the turn that follows: a caller who learned of a commit, here or from
    another process, learned it in a later turn, and so reads what was committed.

    `opener` makes the connections, one for each of the two threads.
    """

    def __init__(self, path: Path, opener: Callable[[Path], sqlite3.Connection] = connect) -> None:
        self._reader = opener(path)
        self._opener = opener
        self._execute = self._reader.execute
        self._path = path
        self._data_version = -1
        self._in_turn = False
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread: threading.Thread | None = None

    async def fetch(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        try:
            if not self._in_turn:
                self._begin_turn()
            return self._execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.ProgrammingError) and not self._closed:
                raise  # a defect of ours, not of the database
            raise StoreUnavailable(str(error)) from error

    def _begin_turn(self) -> None:
        self._execute("begin")
        self._in_turn = True
        asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        if self._in_turn:
            self._in_turn = False
            # After an error the transaction may be over already, or not end as it should: none may stay open.
            for ending in ("commit", "rollback"):
                if self._reader.in_transaction:
                    with suppress(sqlite3.DatabaseError):
                        self._execute(ending)

    async def changed(self) -> bool:
        self._end_turn()
        version = (await self.fetch("pragma data_version", {}))[0][0]
        if version == self._data_version:
            return False
        self._data_version = version
        return True

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._jobs.qsize() >= WAITING_MAX:
            raise StoreUnavailable(f"{WAITING_MAX} commits are waiting")
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="tessera-writer", daemon=True)
            self._thread.start()
        future: asyncio.Future[list[Notice]] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(changes, future))
        return await future

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._end_turn()
        self._reader.close()

    def _write_all(self) -> None:
        """The writer thread: take what waits, up to a batch, commit it, tell the callers."""
        connection: sqlite3.Connection | None = None
        more = True
        while more:
            batch, more = self._take()
            if not batch:
                continue
            try:
                if connection is None:
                    connection = self._opener(self._path)
                outcomes = _commit_batch(connection, [job.changes for job in batch])
            except BaseException as error:  # noqa: BLE001  # the thread must outlive anything: every caller is told
                outcomes = [error if isinstance(error, Unknown) else StoreUnavailable(str(error))] * len(batch)
            batch[0].future.get_loop().call_soon_threadsafe(_tell, batch, outcomes)
        if connection is not None:
            connection.close()

    def _take(self) -> tuple[list[_Job], bool]:
        """Wait for one job, then take those already there; False when the end was among them."""
        job = self._jobs.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) >= BATCH_MAX or self._jobs.empty():
                return batch, True
            job = self._jobs.get()
        return batch, False


def _tell(batch: list[_Job], outcomes: Sequence[_Outcome]) -> None:
    for job, outcome in zip(batch, outcomes, strict=True):
        if job.future.cancelled():
            continue
        if isinstance(outcome, BaseException):
            job.future.set_exception(outcome)
        else:
            job.future.set_result(outcome)


def _commit_batch(connection: sqlite3.Connection, batch: Sequence[Sequence[Change]]) -> list[_Outcome]:
    """One transaction for all; raises when none of it was written."""
    try:
        connection.execute("begin immediate")
        outcomes = [_apply_one_caller(connection, changes) for changes in batch]
    except BaseException as error:
        _roll_back(connection)
        raise StoreUnavailable(str(error)) from error
    try:
        connection.execute("commit")
    except sqlite3.Error as error:
        _roll_back(connection)
        if (error.sqlite_errorcode & 0xFF) in _ROLLED_BACK:
            raise StoreUnavailable(str(error)) from error
        raise Unknown(str(error)) from error
    return outcomes


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("rollback")


def _apply_one_caller(connection: sqlite3.Connection, changes: Sequence[Change]) -> _Outcome:
    """One caller's changes under a savepoint; a conflict or a defect undoes only these."""
    connection.execute("savepoint caller")
    try:
        notices = [notice for change in changes for notice in _apply(connection, change)]
    except (Conflict, *_DEFECTS) as error:
        connection.execute("rollback to caller")
        connection.execute("release caller")
        return error
    connection.execute("release caller")
    return notices


def _apply(connection: sqlite3.Connection, change: Change) -> list[Notice]:
    parameters = msgspec.structs.asdict(change)
    for statement in sql.WRITES[type(change)]:
        touched = connection.execute(statement.sql, parameters).rowcount
        if statement.fact and touched != 1:
            raise Conflict(change, statement.fact)
    notice = change.notice()
    if notice is None:
        return []
    kind, key = notice
    row = connection.execute(sql.NOTICE, {"kind": kind, "key": key}).fetchone()
    return [Notice(row[0], kind, key)]
