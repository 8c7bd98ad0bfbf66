"""Singleton tasks that one process at a time does for all of them: who does one, and how it passes to another.

A singleton task is held by a lease in the database, prolonged while the work goes on. A process that ends gracefully
lets go, and another begins at once; one that is killed is replaced when its lease has ended. A process that was frozen
may find on waking that another does its singleton task: the work must do no harm when it is done twice for a moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tessera.app.context import Context
from tessera.core.changes import ReleaseLease, TakeLease
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.ops.metrics import LEASES_HELD
from tessera.ops.outage_log import OutageLog
from tessera.ports import Conflict, StoreError

LEASE_SECONDS = 15
RENEWED_SECONDS = 5
"""How long after it was taken a lease is prolonged."""

STOPPED_BEFORE_SECONDS = 3
"""How long before its lease ends the work is stopped, when the lease cannot be prolonged."""

POLL_SECONDS = 0.25
"""How often a process looks whether the singleton task is free, or its own lease has to be prolonged."""

PAUSE_SECONDS = 2.0
"""How long a process waits after work that failed, or a database that did not answer."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""

Work = Callable[[], Awaitable[None]]
"""Goes on until it is cancelled, and then ends at once; it may return when nothing is left to do for good."""


async def run_with_lease(context: Context, name: str, holder: str, work: Work, sleep: Sleep = asyncio.sleep) -> None:
    """Do the work whenever no other process does, until cancelled or the work returns.

    `holder` names this process and no other. Work that fails is told in the log, and begun again, here or elsewhere.
    """
    lease = _Lease(context, name, holder, sleep)
    while True:
        try:
            await lease.take()
            context.metrics.set(LEASES_HELD, 1, name)
            if await lease.done(work):
                return
        except Exception:  # noqa: BLE001  # whatever fails, the task must go on: log it, and start again
            log.exception("singleton_task_failed", lease=name)
        finally:
            context.metrics.set(LEASES_HELD, 0, name)
            await lease.release()
        await sleep(PAUSE_SECONDS)


class _Lease:
    """One singleton task as one process sees it. `_ends_at` is when the lease ends that it is known to hold."""

    def __init__(self, context: Context, name: str, holder: str, sleep: Sleep) -> None:
        self._context = context
        self._sleep = sleep
        self._name = name
        self._holder = holder
        self._ends_at = 0
        self._asked = False
        self._outage_log = OutageLog("lease_unavailable", "lease_recovered", lease=name)

    async def take(self) -> None:
        """Wait until nobody else does the singleton task, and take it."""
        while True:
            pause = POLL_SECONDS
            try:
                if await self._is_free():
                    await self._prolong()
                    return
            except Conflict:
                pass  # another process was first
            except StoreError as error:
                self._outage_log.met(error)
                pause = PAUSE_SECONDS
            await self._sleep(pause)

    async def _is_free(self) -> bool:
        lease = await self._context.store.lease(self._name)
        self._outage_log.none()
        return lease is None or lease[0] == self._holder or lease[1] <= self._context.clock.now()

    async def _prolong(self) -> None:
        self._asked = True
        now = self._context.clock.now()
        ends_at = now + LEASE_SECONDS * SECOND
        await self._context.store.commit(TakeLease(self._name, self._holder, now, ends_at))
        self._ends_at = ends_at
        self._outage_log.none()

    async def done(self, work: Work) -> bool:
        """Do the work while the lease lasts; whether it came to an end of its own. Raises what the work raises."""
        working = asyncio.ensure_future(work())
        keeping = asyncio.create_task(self._keep())
        try:
            ended, _ = await asyncio.wait((working, keeping), return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
            if keeping in ended:
                log.error("lease_lost", lease=self._name)
            return working in ended
        finally:
            await _stop(working, keeping)

    async def _keep(self) -> None:
        """Prolong the lease in time; return when it is another's, or cannot be prolonged before it ends."""
        clock = self._context.clock
        renewal: asyncio.Task[None] | None = None
        renew_at = self._renew_at()
        try:
            while clock.now() < self._ends_at - STOPPED_BEFORE_SECONDS * SECOND:
                if renewal is None and clock.now() >= renew_at:
                    # In a task of its own: a database that does not answer must not keep the work beyond the lease.
                    renewal = asyncio.create_task(self._prolong())
                await self._sleep(POLL_SECONDS)
                if renewal is None or not renewal.done():
                    continue
                error, renewal = renewal.exception(), None
                if isinstance(error, Conflict):
                    return
                renew_at = self._renew_at(error)
        finally:
            if renewal is not None:
                await _stop(renewal)

    def _renew_at(self, error: BaseException | None = None) -> int:
        """Return when to renew the lease next: some time before it ends, and sooner after an `error`."""
        if error is None:
            return self._ends_at - (LEASE_SECONDS - RENEWED_SECONDS) * SECOND
        self._outage_log.met(error)
        return self._context.clock.now() + int(PAUSE_SECONDS * SECOND)

    async def release(self) -> None:
        """Let go of what was asked for. Where that fails, the lease ends by itself."""
        if self._asked:
            with suppress(StoreError):
                await self._context.store.commit(ReleaseLease(self._name, self._holder))
            self._asked = False


async def _stop(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
