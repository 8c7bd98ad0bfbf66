"""Transactions on a SQLite file, each of many callers' changes, and what can become of them.

Each caller's changes run under a savepoint of their own, so that one caller's conflict undoes nothing of the others'.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from tessera.core.changes import Change, Notice
from tessera.ports import Conflict, StoreUnavailable, Unknown
from tessera.store import compiled, sql

BUSY_TIMEOUT_MILLISECONDS = 2000
"""How long another process may hold the write lock until callers are told."""

_POLL_SECONDS = 0.001
"""Between two tries for the lock. SQLite's own waiting sleeps up to 100 milliseconds, and so would hardly ever meet the
moment between two transactions of a busy process."""

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

Outcome = list[Notice] | BaseException
"""What a caller is answered: the notices of its changes, or why they were not made."""


class Transactions:
    """One transaction after the other, through one connection. Two threads may use it, never both at once.

    `wait_to_begin`, `commit` and `close` may take long. `opener` makes the connection, when it is first waited for, and
    again when it could not or the one there was had to be given up.
    """

    def __init__(self, opener: Callable[[], sqlite3.Connection]) -> None:
        self._opener = opener
        self._connection: sqlite3.Connection | None = None

    def begin(self) -> bool:
        """Begin one at once; False when that has to be waited for."""
        return self._connection is not None and _begun(self._connection)

    def wait_to_begin(self) -> None:
        """Begin one when other processes let us. Raises when they do not, or when there can be no connection."""
        if self._connection is None:
            self._connection = self._opener()
        latest = time.monotonic() + BUSY_TIMEOUT_MILLISECONDS / 1000
        while not _begun(self._connection):
            if time.monotonic() > latest:
                raise StoreUnavailable("the database is locked by another process")
            time.sleep(_POLL_SECONDS)

    def apply(self, batch: Sequence[Sequence[Change]]) -> list[Outcome]:
        """Many callers' changes. When it raises, all of it is undone."""
        connection = self._begun_on()
        try:
            return [_apply_one_caller(connection, changes) for changes in batch]
        except BaseException:
            self.undo()
            raise

    def commit(self) -> None:
        """Make it durable. Raises StoreUnavailable when none of it was written, Unknown when that cannot be told."""
        try:
            self._begun_on().execute("commit")
        except sqlite3.Error as error:
            self.undo()
            if (error.sqlite_errorcode & 0xFF) in _ROLLED_BACK:
                raise StoreUnavailable(str(error)) from error
            raise Unknown(str(error)) from error

    def undo(self) -> None:
        """End the transaction without a trace. A connection that cannot even do that is given up, which does it too."""
        try:
            if self._begun_on().in_transaction:
                self._begun_on().execute("rollback")
        except sqlite3.Error:
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _begun_on(self) -> sqlite3.Connection:
        assert self._connection is not None  # noqa: S101  # a transaction was begun on it
        return self._connection


def _begun(connection: sqlite3.Connection) -> bool:
    """Take the write lock and begin; False when another process has it."""
    try:
        connection.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _apply_one_caller(connection: sqlite3.Connection, changes: Sequence[Change]) -> Outcome:
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
