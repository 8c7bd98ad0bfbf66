"""Many callers' commits through one transaction after the other: statements on the event loop, waiting in a thread.

A statement takes a few microseconds; in a thread it would take many more, waiting for the interpreter. Only what can
take long is done there: waiting for the write lock while another process holds it, and for the disk.

| on the loop | in the thread |
|---|---|
| `commit`: a caller's changes join those that wait | |
| `_begin`: the write lock, when it is free | `_wait_to_begin`, when it is not |
| `_write`: everybody's statements | `_synchronize` |
| `_finish`: callers are told; once more if others wait | |
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
"""Commits that may wait; beyond it a commit is refused at once."""


class _Job(NamedTuple):
    changes: Sequence[Change]
    future: asyncio.Future[list[Notice]]


class Writer:
    """Commits to one SQLite file, for one event loop, which must run until `close` is done.

    `opener` makes the connection, in the thread, at the first commit.
    """

    def __init__(self, opener: Callable[[], sqlite3.Connection]) -> None:
        self._transactions = Transactions(opener)
        self._waiting: deque[_Job] = deque()
        self._under_way = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._handed_over: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        """Write all of the changes or none; durable when it returns."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if len(self._waiting) >= WAITING_MAX:
            raise StoreUnavailable(f"{WAITING_MAX} commits are waiting")
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tessera-writer", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Notice]] = loop.create_future()
        self._waiting.append(_Job(changes, future))
        if not self._under_way:
            self._under_way = True
            loop.call_soon(self._begin, loop)  # after this turn, whose commits then share a transaction
        return await future

    async def close(self) -> None:
        """Finish what was accepted, then let go of the file and end the thread."""
        self._closed = True
        if self._thread is None:
            return
        if not self._under_way:
            self._handed_over.put(None)
        await asyncio.to_thread(self._thread.join)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            begun = self._transactions.begin()
        except sqlite3.Error as error:
            self._cannot_begin(loop, len(self._waiting), error)
            return
        if begun:
            self._write(loop)
        else:
            self._handed_over.put(partial(self._wait_to_begin, loop, len(self._waiting)))

    def _wait_to_begin(self, loop: asyncio.AbstractEventLoop, held_up: int) -> None:
        try:
            self._transactions.wait_to_begin()
        except BaseException as error:  # noqa: BLE001  # the thread must outlive anything: every caller is told
            _go_on(loop, partial(self._cannot_begin, loop, held_up, error))
        else:
            if not _go_on(loop, partial(self._write, loop)):
                self._transactions.undo()

    def _cannot_begin(self, loop: asyncio.AbstractEventLoop, held_up: int, error: BaseException) -> None:
        """Tell those who have waited all the time; for those who came meanwhile it is tried anew."""
        batch = [self._waiting.popleft() for _ in range(held_up)]
        self._finish(loop, batch, [StoreUnavailable(str(error))] * held_up)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
        try:
            outcomes = self._transactions.apply([job.changes for job in batch])
        except BaseException as error:
            self._finish(loop, batch, [StoreUnavailable(str(error))] * len(batch))
            if not isinstance(error, Exception):
                raise
        else:
            self._handed_over.put(partial(self._synchronize, loop, batch, outcomes))

    def _synchronize(self, loop: asyncio.AbstractEventLoop, batch: list[_Job], outcomes: Sequence[Outcome]) -> None:
        """Commit. Nobody has been told anything before this has returned from the disk."""
        try:
            self._transactions.commit()
        except BaseException as error:  # noqa: BLE001  # the thread must outlive anything: every caller is told
            failure = error if isinstance(error, Unknown) else StoreUnavailable(str(error))
            outcomes = [failure] * len(batch)
        _go_on(loop, partial(self._finish, loop, batch, outcomes))

    def _finish(self, loop: asyncio.AbstractEventLoop, batch: list[_Job], outcomes: Sequence[Outcome]) -> None:
        for job, outcome in zip(batch, outcomes, strict=True):
            if job.future.cancelled():
                continue
            if isinstance(outcome, BaseException):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)
        if self._waiting:
            loop.call_soon(self._begin, loop)
            return
        self._under_way = False
        if self._closed:
            self._handed_over.put(None)

    def _work(self) -> None:
        """The thread: what the loop hands over, one thing after the other."""
        while (work := self._handed_over.get()) is not None:
            work()
        self._transactions.close()


def _go_on(loop: asyncio.AbstractEventLoop, back: Callable[[], None]) -> bool:
    """Go on in the loop; False when that is gone, and all callers with it."""
    try:
        loop.call_soon_threadsafe(back)
    except RuntimeError:
        return False
    return True
