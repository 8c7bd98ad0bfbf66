"""The writer: many callers' changes in one transaction, one transaction at a time, over all nodes.

    begin; limits, and the turn    one lock for all nodes: what is numbered is numbered in the order of commits
    each caller's statements       sent together
    commit                         once every fact is seen to hold

So a commit means here what it means in SQLite: all others are before it or after it. When a fact does not hold, all is
undone; the others are done again without that caller, who is then tried alone, so that what he is told is true.
Changes that nobody else relies on (`INDEPENDENT`) take no turn, and have a lane of their own.
"""

import asyncio
import random
from collections import deque
from collections.abc import Iterable, Sequence

from psycopg.pq.abc import PGresult

from tessera.core import changes as kinds
from tessera.core.changes import Change, Notice
from tessera.ports import Conflict, StoreUnavailable, Unknown
from tessera.store import sql
from tessera.store.postgres import failures
from tessera.store.postgres.pipeline import Link, LinkLostError, Message
from tessera.store.postgres.reconnecting import Line
from tessera.store.postgres.statements import (
    INTEGER4,
    TEXT,
    Value,
    Write,
    of_change,
    only_value,
    prepared,
    values_of,
    written,
)

BATCH_MAX = 64
"""Callers whose changes share a transaction."""

WAITING_MAX = 10_000
"""Commits that may wait; more are refused at once."""

TRIES = 3
"""How often a transaction is begun that the database undoes for the sake of another."""

CHANNEL = "tessera"
"""Where nodes are told that there are notices."""

TURN = 0x54455353
"""The advisory lock that a node holds while it writes."""

INDEPENDENT: frozenset[type[Change]] = frozenset(
    {
        kinds.SpendProof,
        kinds.RaiseProofMark,
        kinds.PurgeProofs,
        kinds.RaiseRevocationMark,
        kinds.PurgeRevocations,
        kinds.NoteTime,
        kinds.TakeLease,
        kinds.ReleaseLease,
        kinds.KeepRefusal,
        kinds.PurgeRefusals,
        kinds.CountTokens,
        kinds.CountHour,
        kinds.PurgeHours,
        kinds.MarkCredentialUsed,
        kinds.TellCounts,
        kinds.PurgeCounts,
    }
)
"""Changes of rows of their own, on which no other change relies."""

_LIMITS = (
    "set_config('statement_timeout', :limit, true), set_config('idle_in_transaction_session_timeout', :limit, true)"
)
_BEGIN = prepared("begin isolation level read committed read write")
_OWN = prepared(f"select {_LIMITS}, pg_advisory_xact_lock({TURN}, :lane)", {"limit": TEXT, "lane": INTEGER4})
"""One transaction at a time of this lane: where commits hang, because a standby is away, they do not pile up."""
_TURN = prepared(f"select {_LIMITS}, pg_advisory_xact_lock({TURN})", {"limit": TEXT})
_COMMIT = prepared("commit")
_ROLLBACK = prepared("rollback")
_TELL = prepared(f"select pg_notify('{CHANNEL}', '')")
_NOTICE = prepared(sql.NOTICE, {"kind": TEXT, "key": TEXT})

WRITES: dict[type[Change], tuple[Write, ...]] = {kind: of_change(kind) for kind in sql.WRITES}


Outcome = list[Notice] | Exception
_NONE: list[Value] = []


class _Job:
    """One caller's changes, the messages that make them, and what becomes of them.

    `given_up` says that the caller was told that nothing is written, which must then be so.
    """

    def __init__(self, changes: Sequence[Change], loop: asyncio.AbstractEventLoop) -> None:
        self.changes = changes
        self.began_at = loop.time()
        self.given_up = False
        self.committing = False
        self.answer: asyncio.Future[list[Notice]] = loop.create_future()
        self.outcome: Outcome = []
        self.notices = [notice for change in changes if (notice := change.notice()) is not None]
        self.messages: list[Message] = []
        self.facts: list[tuple[Change, str]] = []
        for change in changes:
            for write in WRITES[type(change)]:
                self.messages.append((write.statement, values_of(change, write.statement.names)))
                self.facts.append((change, write.fact))
        self.messages += [(_NOTICE, [written(kind), written(key)]) for kind, key in self.notices]

    def read(self, results: Sequence[PGresult]) -> Outcome:
        """What its statements came to: notices, or why they cannot stand."""
        for (change, fact), result in zip(self.facts, results, strict=False):
            if failures.failed(result):
                unique = fact and failures.state(result) == failures.UNIQUE
                return Conflict(change, fact) if unique else failures.error(result)
            if fact and result.command_tuples != 1:
                return Conflict(change, fact)
        numbers = [only_value(result) for result in results[len(self.facts) :]]
        return [Notice(number, *notice) for number, notice in zip(numbers, self.notices, strict=True)]

    def tell(self, outcome: Outcome) -> None:
        """Answer the caller, if there is one still who waits."""
        if self.answer.done():
            return
        if isinstance(outcome, Exception):
            self.answer.set_exception(outcome)
        else:
            self.answer.set_result(outcome)


class Lane:
    """Transactions over one line, one after the other; with `turn` one at a time over all nodes.

    Nobody waits longer than `timeout_seconds` for a commit, whatever it waits for.
    """

    def __init__(self, line: Line, limit_milliseconds: int, timeout_seconds: float, *, turn: bool) -> None:
        self.line = line
        limit = written(str(limit_milliseconds))
        own = (_OWN, [limit, written(random.getrandbits(31))])  # should two processes have the same, no harm is done
        self._turn = turn
        self._begin: tuple[Message, ...] = ((_BEGIN, _NONE), (_TURN, [limit]) if turn else own)
        self._timeout = timeout_seconds
        self._waiting: deque[_Job] = deque()
        self._open: deque[_Job] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._working: asyncio.Task[None] | None = None
        self._closed = False

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        """As `store.driver.Driver.commit`."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if len(self._waiting) >= WAITING_MAX:
            raise StoreUnavailable(f"{WAITING_MAX} commits are waiting")
        loop = asyncio.get_running_loop()
        job = _Job(changes, loop)
        self._waiting.append(job)
        self._open.append(job)
        if self._timer is None:
            self._timer = loop.call_later(self._timeout, self._look_at_time)
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await job.answer

    def _look_at_time(self) -> None:
        """Answer those who have waited long enough, in the order in which they came."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._open:
            job = self._open[0]
            left = job.began_at + self._timeout - loop.time()
            if not job.answer.done() and left > 0:
                self._timer = loop.call_later(left, self._look_at_time)
                return
            self._open.popleft()
            if job.answer.done():
                continue
            reason = f"not done within {self._timeout:g} seconds"
            if job.committing:
                job.tell(Unknown(reason))
            else:
                job.given_up = True
                job.tell(StoreUnavailable(reason))

    async def close(self) -> None:
        """Finish what was accepted, then let go."""
        self._closed = True
        if self._working is not None:
            await self._working
        if self._timer is not None:
            self._timer.cancel()
        await self.line.close()

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
                await self._batch([job for job in batch if not job.answer.done()])
        finally:
            self._working = None

    async def _batch(self, batch: list[_Job]) -> None:
        """Commit a batch; those at fault are left out, and done alone afterwards."""
        try:
            alone: list[_Job] = []
            while len(batch) > 1:
                at_fault = await self._together(batch)
                alone += at_fault
                batch = [job for job in batch if job not in at_fault] if at_fault else []
            for job in (*batch, *alone):
                if not job.given_up and await self._together([job]):
                    job.tell(job.outcome)
        except (StoreUnavailable, Unknown) as error:
            # Those who wait behind would wait as long for the same answer.
            _refuse((*batch, *alone), error)
            _refuse(self._waiting, StoreUnavailable(str(error)))
            self._waiting.clear()
        except Exception as error:  # noqa: BLE001  # a defect of ours: no caller may wait for ever
            _refuse((*batch, *alone), error)

    async def _together(self, batch: list[_Job]) -> list[_Job]:
        """Commit callers' changes in one transaction and tell them; or undo it, and answer those at fault.

        Raises StoreUnavailable when nothing was written, Unknown when that cannot be told.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._transaction(batch)
            except _TryAgainError as error:
                if not tries_left:
                    raise StoreUnavailable(str(error)) from error
            except LinkLostError as error:  # before the commit was asked for: nothing is written
                if error.timed_out or not tries_left:
                    raise StoreUnavailable(str(error)) from error
        return []

    async def _transaction(self, batch: list[_Job]) -> list[_Job]:
        link = await self.line.linked()
        tells = [(_TELL, _NONE)] if any(job.notices for job in batch) else []
        results = await link.exchange([*self._begin, *(each for job in batch for each in job.messages), *tells])
        try:
            failure = failures.first(results)
            if failure is not None and failures.passes(failure, turn=self._turn):
                raise _TryAgainError(failures.said(failure))
            at_fault = _read(batch, results, len(self._begin))
        except (StoreUnavailable, _TryAgainError):
            await link.exchange([(_ROLLBACK, _NONE)])
            if failures.read_only(results):
                link.end("the server takes no writes any more")
            raise
        at_fault += [job for job in batch if job.given_up and job not in at_fault]
        if at_fault:
            await link.exchange([(_ROLLBACK, _NONE)])
            return at_fault
        for job in batch:
            job.committing = True
        await _commit(link)
        for job in batch:
            job.tell(job.outcome)
        return []


class _TryAgainError(Exception):
    """The transaction was undone for the sake of another."""


async def _commit(link: Link) -> None:
    """Raises StoreUnavailable when nothing was written, Unknown when that cannot be told.

    A warning means that PostgreSQL says done to what it does not vouch for: somebody ended the wait for a standby
    (`pg_cancel_backend` does), or there was no transaction.
    """
    warned = link.warned
    try:
        results = await link.exchange([(_COMMIT, _NONE)])
    except LinkLostError as error:
        raise Unknown(str(error)) from error
    failure = failures.first(results)
    if failure is not None:
        # A server that ends while it waits for a standby says so of a commit that it has made.
        raise (StoreUnavailable if failures.undone(failure) else Unknown)(failures.said(failure))
    if results[-1].command_status != b"COMMIT":
        raise StoreUnavailable("the transaction was rolled back")
    if link.warned != warned:
        raise Unknown(link.warning)


def _read(batch: Sequence[_Job], results: Sequence[PGresult], start: int) -> list[_Job]:
    """Give each caller the outcome of its statements; those at fault.

    Raises StoreUnavailable for a failure that is nobody's fault.
    """
    failure = failures.first(results)
    if failure is not None and not failures.is_defect(failure):
        raise failures.error(failure)
    at_fault = []
    for job in batch:
        own = results[start : start + len(job.messages)]
        start += len(job.messages)
        job.outcome = job.read(own)
        if isinstance(job.outcome, Exception):
            at_fault.append(job)
            if failures.first(own) is not None:
                break  # what follows was not done
    if failure is not None and not at_fault:
        raise failures.error(failure)
    return at_fault


def _refuse(jobs: Iterable[_Job], error: Exception) -> None:
    for job in jobs:
        if not job.answer.done():
            job.tell(error)
