"""Group commit for SQLite: many callers' changes share a transaction, one transaction after the other.

Statements run on the event loop: each takes a few microseconds, and in a thread would take many more, waiting for the
interpreter. Only the waits are in a thread: for the write lock while another process holds it, and for the disk.

| on the loop | in the thread |
|---|---|
| `commit`: a caller's changes join the queue | |
| `_begin`: takes the write lock, when it is free | `_wait_to_begin`, when it is not |
| `_write`: runs the statements of a batch | `_commit_batch`: waits for the disk |
| `_finish`: answers the callers; begins again if others wait | |

One of these steps hands over to the next, so the loop and the thread never use the connection at once.
"""

import asyncio
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from tessera.core.changes import Change, Notice
from tessera.ports import StoreUnavailable, Unknown
from tessera.store.transactions import Outcome, Transactions

BATCH_MAX = 64
"""Callers whose changes share one transaction."""

WAITING_MAX = 4096
"""Commits that may wait; more are refused at once."""


class _PendingCommit(NamedTuple):
    """One caller's changes, and the future that the caller waits for."""

    changes: Sequence[Change]
    answer: asyncio.Future[list[Notice]]


class Writer:
    """Commits to one SQLite file, for one event loop, which must run until `close` is done.

    `opener` makes the connection, in the thread, at the first commit.
    """

    def __init__(self, opener: Callable[[], sqlite3.Connection]) -> None:
        self._transactions = Transactions(opener)
        self._queue: deque[_PendingCommit] = deque()
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._for_thread: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        """Write all of the changes or none; durable when it returns. Raises Conflict, StoreUnavailable, Unknown."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= WAITING_MAX:
            raise StoreUnavailable(f"{WAITING_MAX} commits are waiting")
        if self._thread is None:
            self._thread = threading.Thread(target=self._run_thread, name="tessera-writer", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Notice]] = loop.create_future()
        self._queue.append(_PendingCommit(changes, answer))
        if not self._busy:
            self._busy = True
            # Not now, but in the next iteration of the loop: all commits of this one then share a transaction.
            loop.call_soon(self._begin, loop)
        return await answer

    async def close(self) -> None:
        """Finish what was accepted, then close the file and end the thread."""
        self._closed = True
        if self._thread is None:
            return
        if not self._busy:
            self._for_thread.put(None)
        await asyncio.to_thread(self._thread.join)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            begun = self._transactions.begin()
        except sqlite3.Error as error:
            self._refuse(loop, len(self._queue), error)
            return
        if begun:
            self._write(loop)
        else:
            self._for_thread.put(partial(self._wait_to_begin, loop, len(self._queue)))

    def _wait_to_begin(self, loop: asyncio.AbstractEventLoop, waiting: int) -> None:
        """In the thread: wait for the write lock. `waiting` commits have waited from the beginning."""
        try:
            self._transactions.wait_to_begin()
        except BaseException as error:  # noqa: BLE001  # the thread must outlive anything: every caller is answered
            _call_on_loop(loop, partial(self._refuse, loop, waiting, error))
        else:
            if not _call_on_loop(loop, partial(self._write, loop)):
                self._transactions.undo()

    def _refuse(self, loop: asyncio.AbstractEventLoop, count: int, error: BaseException) -> None:
        """Refuse the first `count` commits of the queue; those that came later get a wait of their own."""
        batch = [self._queue.popleft() for _ in range(count)]
        self._finish(loop, batch, [StoreUnavailable(str(error)) for _ in batch])

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run the statements of a batch. Whoever came while the lock was waited for is in it."""
        batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
        try:
            outcomes = self._transactions.apply([pending.changes for pending in batch])
        except BaseException as error:
            self._finish(loop, batch, [StoreUnavailable(str(error)) for _ in batch])
            if not isinstance(error, Exception):
                raise
        else:
            self._for_thread.put(partial(self._commit_batch, loop, batch, outcomes))

    def _commit_batch(
        self, loop: asyncio.AbstractEventLoop, batch: list[_PendingCommit], outcomes: Sequence[Outcome]
    ) -> None:
        """In the thread: commit. No caller is answered, not even with a conflict, before this is on the disk.

        A conflict may be with the changes of another caller in the batch; it is only true once those are durable.
        """
        try:
            self._transactions.commit()
        except BaseException as error:  # noqa: BLE001  # the thread must outlive anything: every caller is answered
            failure = error if isinstance(error, Unknown) else StoreUnavailable(str(error))
            outcomes = [failure.for_each_caller() for _ in batch]
        _call_on_loop(loop, partial(self._finish, loop, batch, outcomes))

    def _finish(
        self, loop: asyncio.AbstractEventLoop, batch: list[_PendingCommit], outcomes: Sequence[Outcome]
    ) -> None:
        """Answer the callers of a batch, and begin the next transaction if anybody waits."""
        for pending, outcome in zip(batch, outcomes, strict=True):
            if pending.answer.cancelled():
                continue
            if isinstance(outcome, BaseException):
                pending.answer.set_exception(outcome)
            else:
                pending.answer.set_result(outcome)
        if self._queue:
            # After an iteration of the loop, so that callers who commit again at once share the transaction.
            loop.call_soon(self._begin, loop)
            return
        self._busy = False
        if self._closed:
            self._for_thread.put(None)

    def _run_thread(self) -> None:
        """Do what the loop hands over, one thing after the other, until it hands over None."""
        while (work := self._for_thread.get()) is not None:
            work()
        self._transactions.close()


def _call_on_loop(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> bool:
    """Call something on the loop; False when that is closed, and all callers with it."""
    try:
        loop.call_soon_threadsafe(callback)
    except RuntimeError:
        return False
    return True
