"""Group commit: the commits of many callers wait in a queue, and one transaction after the other takes a batch of them.

    commit -> queue -> _work (task) -> _commit_batch -> _commit_with_retries -> transaction.run -> the caller's answer

The commits that arrive while a transaction runs make up the next batch, so the busier the process is, the more callers
share a transaction and its wait for the disk. When one caller's fact does not hold, the others are committed without
that caller, who is then tried alone: the fact may have failed for the sake of another caller who was left out as well.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from tessera.core.changes import Change, Notice
from tessera.ports import StoreError, StoreUnavailable, Unknown
from tessera.store.postgres import transaction
from tessera.store.postgres.pending_commit import PendingCommit
from tessera.store.postgres.pipeline import ConnectionLostError
from tessera.store.postgres.reconnecting import OnOutage, ReconnectingConnection
from tessera.store.postgres.servers import Servers
from tessera.store.postgres.write_lock import Beginning

BATCH_MAX = 64
"""Callers whose changes share a transaction."""

WAITING_MAX = 10_000
"""Commits that may wait; more are refused at once."""

TRIES = 3
"""How often a transaction is attempted that the server rolls back, or whose connection is lost before the COMMIT."""


class CommitQueue:
    """Commits over one connection, one transaction after the other, each begun as `beginning` says.

    No caller waits longer than `timeout_seconds`, for whatever it is: the queue, a connection, the lock, the disk.
    """

    def __init__(
        self, name: str, servers: Servers, beginning: Beginning, timeout_seconds: float, on_outage: OnOutage
    ) -> None:
        self.connection = ReconnectingConnection(name, servers, timeout_seconds, on_outage)
        self._beginning = beginning
        self._timeout = timeout_seconds
        self._queue: deque[PendingCommit] = deque()
        self._unanswered: deque[PendingCommit] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        """As `store.driver.Driver.commit`. Raises Conflict, StoreUnavailable, Unknown, DefectError.

        For values that no database has it raises what `statements.encode` does.
        """
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if len(self._queue) >= WAITING_MAX:
            raise StoreUnavailable(f"{WAITING_MAX} commits are waiting")
        loop = asyncio.get_running_loop()
        pending = PendingCommit(changes, loop)
        self._queue.append(pending)
        self._unanswered.append(pending)
        if self._timer is None:
            self._timer = loop.call_later(self._timeout, self._check_deadlines)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await pending.answer

    async def close(self) -> None:
        """Finish what was accepted, then close the connection."""
        self._closed = True
        if self._working is not None:
            await self._working
        if self._timer is not None:
            self._timer.cancel()
        await self.connection.close()

    def _check_deadlines(self) -> None:
        """Answer the callers whose deadline has passed. They stand in the order in which they came, so of deadlines.

        Once the COMMIT of a caller's transaction was sent nobody can know its outcome before the server's answer.
        Before that, `given_up` keeps the promise that nothing is written: no transaction with it is committed.
        """
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._unanswered:
            pending = self._unanswered[0]
            seconds_left = pending.began_at + self._timeout - loop.time()
            if not pending.answer.done() and seconds_left > 0:
                self._timer = loop.call_later(seconds_left, self._check_deadlines)
                return
            self._unanswered.popleft()
            if pending.answer.done():
                continue
            reason = f"not done within {self._timeout:g} seconds"
            if pending.committing:
                pending.resolve(Unknown(reason))
            else:
                pending.given_up = True
                pending.resolve(StoreUnavailable(reason))

    async def _work(self) -> None:
        """Commit batches until nobody waits."""
        try:
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(BATCH_MAX, len(self._queue)))]
                await self._commit_batch([pending for pending in batch if not pending.answer.done()])
        finally:
            self._working = None

    async def _commit_batch(self, batch: list[PendingCommit]) -> None:
        """Answer every caller of a batch."""
        alone: list[PendingCommit] = []
        try:
            while len(batch) > 1:
                at_fault = await self._commit_with_retries(batch)
                alone += at_fault
                batch = [pending for pending in batch if pending not in at_fault] if at_fault else []
            for pending in (*batch, *alone):
                if not pending.given_up and await self._commit_with_retries([pending]):
                    pending.resolve(pending.outcome)
        except (StoreUnavailable, Unknown) as error:
            _refuse((*batch, *alone), error)
            # Those who wait in the queue would wait as long for the same answer. Nothing of theirs was sent.
            _refuse(self._queue, StoreUnavailable(str(error)))
            self._queue.clear()
        except Exception as error:  # noqa: BLE001  # a defect of ours: no caller may wait for ever
            _refuse((*batch, *alone), error)

    async def _commit_with_retries(self, batch: list[PendingCommit]) -> list[PendingCommit]:
        """As `transaction.run`, attempted TRIES times. Raises StoreUnavailable when nothing was written, or Unknown.

        Only what has certainly written nothing is attempted again, so no change is ever made twice.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                connection = await self.connection.connected()
                return await transaction.run(connection, self._beginning, batch)
            except transaction.TryAgainError as error:
                if not tries_left:
                    raise StoreUnavailable(str(error)) from error
            except ConnectionLostError as error:
                if error.timed_out or not tries_left:
                    raise StoreUnavailable(str(error)) from error
        return []


def _refuse(commits: Iterable[PendingCommit], error: Exception) -> None:
    for pending in commits:
        pending.resolve(error.for_each_caller() if isinstance(error, StoreError) else error)
