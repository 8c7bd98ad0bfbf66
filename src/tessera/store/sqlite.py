"""SQLite as an engine of the store: reads on the event loop over one connection, commits over another.

    rows -> _fetched -> _begin_reads       here
    commit -> Writer -> Transactions       `writer.py`, `transactions.py`

Write-ahead log with `synchronous = full`: what is acknowledged is on the disk.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tessera.core.administration.audit_chain import chained
from tessera.core.changes import Change, Notice
from tessera.ports import StoreUnavailable, Unusable
from tessera.store.driver import R, Row
from tessera.store.sql.statement import Select, only_column
from tessera.store.transactions import BUSY_TIMEOUT_MILLISECONDS
from tessera.store.writer import Writer

APPLICATION_ID = 0x54455353
"""Marks a SQLite file as Tessera's (`pragma application_id`)."""

LOGS = ("-wal", "-shm", "-journal")
"""Suffixes of the files that SQLite keeps beside a database."""

LOG_PAGES = 2000
"""Pages of the log after which a commit makes a checkpoint (moves the log into the database), for which other commits
wait. More pages make checkpoints rarer, fewer make each shorter."""

LOG_SIZE_MAX = 16 * 1024 * 1024
"""Bytes to which the write-ahead log is cut when SQLite begins it anew, which it does after a checkpoint, unless a
reader of another process is still in it."""

CHAINED_ARGUMENTS = 9
"""Arguments of the function that hashes an entry of the audit: the hash before it, its number, its seven fields."""


class Opener(Protocol):
    """A function that makes connections: `connect`, or something around it."""

    def __call__(self, path: Path, *, writes: bool = False) -> sqlite3.Connection:
        """A connection to read with, or the one to write with."""


def connect(path: Path, *, writes: bool = False) -> sqlite3.Connection:
    """Open a connection. Raises Unusable for a file that is no database.

    Deleted data is overwritten (`secure_delete`): nobody's data may stay in the file. A connection that `writes` may be
    used by two threads in turn, and does not wait for locks by itself once it is open: it is used on the event loop.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(path, isolation_level=None, cached_statements=256, check_same_thread=not writes)
        connection.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma temp_store = memory")
        connection.execute("pragma secure_delete = on")
        if writes:
            connection.execute("pragma cache_size = -16384")  # kibibytes
            connection.execute(f"pragma journal_size_limit = {LOG_SIZE_MAX}")
            connection.execute(f"pragma wal_autocheckpoint = {LOG_PAGES}")
            connection.execute("pragma busy_timeout = 0")
            connection.create_function("chained", CHAINED_ARGUMENTS, chained, deterministic=True)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        raise Unusable(f"{path} cannot be opened as a SQLite database: {error}.") from error
    return connection


class SQLiteDriver:
    """One SQLite file. Made, read and closed in one thread.

    Reads of one iteration of the event loop share a read transaction, which saves two system calls each. It begins with
    the first read and ends before the next iteration. A caller who learns of a commit, of this or another process,
    learns it in a later iteration, and so reads what was committed.

    `opener` makes the connections: one to read now, one to write at the first commit.
    """

    def __init__(self, path: Path, opener: Opener = connect) -> None:
        self._reader = opener(path)
        self._execute = self._reader.execute
        self._writer = Writer(partial(opener, path, writes=True))
        self._data_version = -1
        self._reads_begun = False
        self._closed = False

    async def rows(self, select: Select[R], parameters: Mapping[str, object]) -> list[R]:
        return select.rows(self._fetched(select.sql, parameters))

    async def first(self, select: Select[R], parameters: Mapping[str, object]) -> R | None:
        return select.first(self._fetched(select.sql, parameters))

    async def values(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        return only_column(self._fetched(statement, parameters))

    def _fetched(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        try:
            if not self._reads_begun:
                self._begin_reads()
            return self._execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.ProgrammingError) and not self._closed:
                raise  # a defect of ours, not of the database
            raise StoreUnavailable(str(error)) from error

    def _begin_reads(self) -> None:
        """Begin the read transaction of this iteration of the event loop."""
        self._execute("begin")
        self._reads_begun = True
        asyncio.get_running_loop().call_soon(self._end_reads)

    def _end_reads(self) -> None:
        """End the read transaction, so that the next read sees the newest commit."""
        if self._reads_begun:
            self._reads_begun = False
            # After an error the transaction may be over already, or not end as it should: none may stay open.
            for ending in ("commit", "rollback"):
                if self._reader.in_transaction:
                    with suppress(sqlite3.DatabaseError):
                        self._execute(ending)

    async def changed(self) -> bool:
        self._end_reads()
        (version,) = await self.values("pragma data_version", {})
        if version == self._data_version:
            return False
        self._data_version = version
        return True

    async def time(self) -> int | None:
        return None

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        return await self._writer.commit(changes)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        self._end_reads()
        self._reader.close()
