"""Transactions on a SQLite file, one after the other, each with the changes of many callers.

    begin, or wait_to_begin -> apply -> commit     undo, when any of it fails

Each caller's changes run under a savepoint of their own, so that one caller's conflict undoes nothing of the others'.
Who calls what in which thread, and who is told of the outcome, is decided in `writer.py`.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from tessera.core.changes import Change, Notice
from tessera.ports import Conflict, StoreUnavailable, Unknown
from tessera.store import compiled, sql

BUSY_TIMEOUT_MILLISECONDS = 2000
"""How long another process may hold the write lock before callers are refused."""

_POLL_SECONDS = 0.001
"""Between two tries for the lock. SQLite's own wait (`busy_timeout`) sleeps up to 100 milliseconds between tries, and
so would hardly ever meet the short moment between two transactions of a busy process."""

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
"""Exceptions of a change that no database can take: the fault of its own caller, and of nobody else in the batch."""

_NOT_COMMITTED = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CONSTRAINT}
"""Error codes of a `commit` that has certainly written nothing. After any other, an error of the disk above all, the
log may be on the disk whole, and the changes be there when the file is opened next."""

Outcome = list[Notice] | BaseException
"""The notices of a caller's changes, or why they were not made."""


class Transactions:
    """One transaction after the other, through one connection. Two threads may use it, never both at once.

    `wait_to_begin`, `commit` and `close` may take long. `opener` makes the connection, at the first `wait_to_begin` and
    at the next one after a connection that could not be made or was given up.
    """

    def __init__(self, opener: Callable[[], sqlite3.Connection]) -> None:
        self._opener = opener
        self._connection: sqlite3.Connection | None = None

    def begin(self) -> bool:
        """Begin one without waiting; False when that is not possible. Raises sqlite3.Error."""
        return self._connection is not None and _try_to_begin(self._connection)

    def wait_to_begin(self) -> None:
        """Begin one as soon as no other process holds the write lock.

        Raises StoreUnavailable when one holds it for BUSY_TIMEOUT_MILLISECONDS, sqlite3.Error, or what `opener` raises.
        """
        if self._connection is None:
            self._connection = self._opener()
        deadline = time.monotonic() + BUSY_TIMEOUT_MILLISECONDS / 1000
        while not _try_to_begin(self._connection):
            if time.monotonic() > deadline:
                raise StoreUnavailable("the database is locked by another process")
            time.sleep(_POLL_SECONDS)

    def apply(self, batch: Sequence[Sequence[Change]]) -> list[Outcome]:
        """Run the statements of many callers; each one's outcome, in order. When this raises, everything is undone."""
        connection = self._open_connection()
        try:
            return [_apply_one_caller(connection, changes) for changes in batch]
        except BaseException:
            self.undo()
            raise

    def commit(self) -> None:
        """Make it durable: it is on the disk when this returns.

        Raises StoreUnavailable when nothing was written, Unknown when that cannot be told.
        """
        try:
            self._open_connection().execute("commit")
        except sqlite3.Error as error:
            self.undo()
            if (error.sqlite_errorcode & 0xFF) in _NOT_COMMITTED:
                raise StoreUnavailable(str(error)) from error
            raise Unknown(str(error)) from error

    def undo(self) -> None:
        """Roll the transaction back. A connection that cannot even do that is closed, which rolls back as well."""
        try:
            if self._open_connection().in_transaction:
                self._open_connection().execute("rollback")
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _open_connection(self) -> sqlite3.Connection:
        assert self._connection is not None  # noqa: S101  # a transaction was begun on it
        return self._connection


def _try_to_begin(connection: sqlite3.Connection) -> bool:
    """Begin, with the write lock; False when another process holds it. Raises sqlite3.Error."""
    try:
        connection.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _apply_one_caller(connection: sqlite3.Connection, changes: Sequence[Change]) -> Outcome:
    """Run one caller's changes under a savepoint; a conflict or a defect undoes only these."""
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
    """Run one change, and append its notice to the feed. Raises Conflict when its fact does not hold."""
    for statement in compiled.WRITES[type(change)]:
        touched = connection.execute(statement.sql, statement.values(change)).rowcount
        if statement.fact and touched != 1:
            raise Conflict(change, statement.fact)
    notice = change.notice()
    if notice is None:
        return []
    kind, key = notice
    (sequence,) = connection.execute(sql.NOTICE, {"kind": kind, "key": key}).fetchone()
    return [Notice(sequence, kind, key)]
