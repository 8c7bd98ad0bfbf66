"""The connections by which erasure takes part in a SQLite database that others are writing to."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec

from tessera.ports import StoreUnavailable
from tessera.store import sqlite
from tessera.store.sql.statement import Select, only_column

POLL_SECONDS = 0.001
"""Between two tries for the write lock, as the servers' writers do it."""

TRUNCATE_MILLISECONDS = 50
"""How long emptying the log may wait for readers at a time: it holds the write lock meanwhile."""

TRUNCATE_PAUSE_SECONDS = 0.05

FRAMES_FEW = 200
"""Frames that the truncation may have left to copy: more are copied beforehand, while others write."""


class Busy(StoreUnavailable):
    """Another process kept the database busy for too long."""

    def __init__(self) -> None:
        super().__init__(
            "another process has been reading or writing it all the time (a backup, a copy, an import?); run this"
            " again when that is over. Nothing is harmed, and what was done need not be done again"
        )


class Patience:
    """How long others may keep the database busy, from the last time that something could be done."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._until = monotonic() + seconds

    def renew(self) -> None:
        """Begin anew: something was done."""
        self._until = self._monotonic() + self._seconds

    def wait(self, seconds: float) -> None:
        """Sleep. Raises Busy when patience has ended."""
        if self._monotonic() > self._until:
            raise Busy
        time.sleep(seconds)


class CheckpointRow(msgspec.Struct, frozen=True):
    """A row of `pragma wal_checkpoint`: 1 for `busy` when it could not end, the frames of the log, and those copied."""

    busy: int
    log: int
    checkpointed: int


PASSIVE = Select("pragma wal_checkpoint(passive)", CheckpointRow)
TRUNCATE = Select("pragma wal_checkpoint(truncate)", CheckpointRow)


class Connections:
    """One connection to hold the write lock, one to checkpoint, one to keep the log from beginning anew."""

    def __init__(self, path: Path, patience: Patience) -> None:
        self._patience = patience
        with ExitStack() as opened:
            self._writer, self._checkpointer, self._reader = (
                opened.enter_context(closing(sqlite.connect(path))) for _ in range(3)
            )
            self._opened = opened.pop_all()
        for connection in (self._writer, self._checkpointer, self._reader):
            connection.execute("pragma busy_timeout = 0")
        self._writer.execute("pragma wal_autocheckpoint = 0")
        # Nobody waits for the disk under the lock: what is committed here changes no row, and can be lost in a power
        # cut. A checkpoint has the log on the disk before it copies from it.
        self._writer.execute("pragma synchronous = off")

    def close(self) -> None:
        """Close them."""
        self._opened.close()

    def number(self, pragma: str) -> int:
        """The value of a pragma that is a number."""
        (value,) = only_column(self._writer.execute(f"pragma {pragma}"))
        return int(value)

    @contextmanager
    def write_lock(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for the length of a block; undo what is not committed in it."""
        while not _tried(self._writer, "begin immediate"):
            self._patience.wait(POLL_SECONDS)
        try:
            yield self._writer
        finally:
            if self._writer.in_transaction:
                self._writer.execute("rollback")

    def checkpoint(self) -> tuple[int, int]:
        """Copy what can be copied from the log into the file; the frames of the log, and those that are copied."""
        while True:
            (done,) = PASSIVE.rows(self._checkpointer.execute(PASSIVE.sql))
            if done.log >= 0:
                return done.log, done.checkpointed
            self._patience.wait(POLL_SECONDS)  # somebody else is doing it

    def checkpoint_whole(self, seconds: float) -> bool:
        """Copy the whole log under a write lock; False when readers did not let go of it within this time."""
        until = time.monotonic() + seconds
        while True:
            frames, copied = self.checkpoint()
            if frames == copied:
                return True
            if time.monotonic() > until:
                return False
            time.sleep(POLL_SECONDS)

    def hold_log(self) -> None:
        """Have every frame that is written from now on stay in the log, until `let_go_of_log`."""
        self._reader.execute("begin")
        self._reader.execute("select count(*) from sqlite_master").fetchone()

    def let_go_of_log(self) -> None:
        """Undo `hold_log`."""
        if self._reader.in_transaction:
            self._reader.execute("rollback")

    def empty_log(self) -> None:
        """Copy the log into the file and cut it to nothing, while others write. Raises Busy."""
        self._checkpointer.execute(f"pragma busy_timeout = {TRUNCATE_MILLISECONDS}")
        while not self._emptied():
            self._patience.wait(TRUNCATE_PAUSE_SECONDS)
        self._checkpointer.execute("pragma busy_timeout = 0")

    def _emptied(self) -> bool:
        frames, copied = self.checkpoint()
        if frames - copied > FRAMES_FEW:
            return False
        (done,) = TRUNCATE.rows(self._checkpointer.execute(TRUNCATE.sql))
        return not done.busy


def _tried(connection: sqlite3.Connection, statement: str) -> bool:
    """Run a statement; False when the database is locked."""
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
