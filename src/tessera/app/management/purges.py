"""Every purge: expired rows are deleted in small batches, with pauses, by one process for all.

Statements run on the event loop (SQLite) and take locks (PostgreSQL), so a batch is small, and between two batches
others have far more time than a batch takes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from time import perf_counter
from typing import NamedTuple

from tessera.app.administration import audit_purge
from tessera.app.context import Context
from tessera.app.runtime import purge_clock
from tessera.app.state import refusals
from tessera.app.webhooks import events
from tessera.core.changes import (
    PurgeConsumedProofs,
    PurgeCounts,
    PurgeDeliveries,
    PurgeHours,
    PurgeNotices,
    PurgeRefusals,
    PurgeRevocations,
    PurgeWarnings,
    RaiseProofMark,
    RaiseRevocationMark,
)
from tessera.core.times import DAY, HOUR, PurgeTime
from tessera.ops.log import log
from tessera.ports import StoreError
from tessera.settings import Settings

ROUND_SECONDS = 60.0

BATCH = 100
"""Rows deleted in one commit: about a millisecond of the event loop's time."""

PAUSE_SECONDS = 0.02
"""The shortest pause between two batches."""

REST = 1
"""A pause is at least so many times as long as the batch before it took: purges leave a slow disk to others."""

REVOCATIONS_KEPT = DAY
"""How long a revocation is kept beyond the end of its token."""

PROOFS_KEPT = HOUR
"""How long a used proof is kept beyond its end. Nodes whose clocks differ by less agree on what is used."""

EVENT_ROUNDS = 10
"""Old events that a webhook has yet to hear are looked through in vain, so not in every round."""

NOTICES_KEPT = 100_000
"""Notices kept for processes that have not heard them yet; one that slept longer begins afresh."""

WARNINGS_KEPT = 60 * DAY
"""How long it is known what was told: longer than anything is told before its time."""

COUNTS_KEPT = 2 * DAY
"""How long it is kept what nodes counted: of this day and the last one."""

Batches = Callable[[Context, PurgeTime], AsyncIterator[None]]
"""Deletes what is to be deleted up to a time, a batch a commit; yields after each."""


class Purge(NamedTuple):
    """One purge: its rows, by the name that the log has for them, and how long they are kept beyond their end.

    It is due in every so many `rounds`.
    """

    rows: str
    kept: Callable[[Settings], int]
    batches: Batches
    rounds: int = 1


_ByTime = (
    type[PurgeRevocations]
    | type[PurgeConsumedProofs]
    | type[PurgeDeliveries]
    | type[PurgeHours]
    | type[PurgeWarnings]
    | type[PurgeCounts]
)


def _while_left(kind: _ByTime) -> Batches:
    async def batches(context: Context, until: PurgeTime) -> AsyncIterator[None]:
        while await context.store.purgeable(kind, until):
            await context.store.commit(kind(until, BATCH))
            yield

    return batches


_marked_revocations = _while_left(PurgeRevocations)
_marked_proofs = _while_left(PurgeConsumedProofs)


async def _revocations(context: Context, until: PurgeTime) -> AsyncIterator[None]:
    await context.store.commit(RaiseRevocationMark(until))
    yield
    async for _ in _marked_revocations(context, until):
        yield


async def _proofs(context: Context, until: PurgeTime) -> AsyncIterator[None]:
    await context.store.commit(RaiseProofMark(until))
    yield
    async for _ in _marked_proofs(context, until):
        yield


async def _notices(context: Context, _until: PurgeTime) -> AsyncIterator[None]:
    """By number and not by time: processes have to hear them, however long that takes."""
    before = context.directory.sequence - NOTICES_KEPT
    while await context.store.purgeable(PurgeNotices, before):
        await context.store.commit(PurgeNotices(before, BATCH))
        yield


async def _refusals(context: Context, until: PurgeTime) -> AsyncIterator[None]:
    beyond = await context.store.refusal_at(refusals.KEPT_MAX) or 0
    while await context.store.purgeable(PurgeRefusals, max(until, beyond)):
        await context.store.commit(PurgeRefusals(until, beyond, BATCH))
        yield


PURGES = (
    Purge("revocations", lambda _: REVOCATIONS_KEPT, _revocations),
    Purge("used proofs", lambda _: PROOFS_KEPT, _proofs),
    Purge("notices", lambda _: 0, _notices),
    Purge("refusals", lambda settings: settings.refusals_retention_days * DAY, _refusals),
    Purge(
        "audit entries of refusals", lambda settings: settings.audit_refusals_retention_days * DAY, audit_purge.purge
    ),
    Purge("deliveries", lambda settings: settings.events_retention_days * DAY, _while_left(PurgeDeliveries)),
    Purge("events", lambda settings: settings.events_retention_days * DAY, events.purge, EVENT_ROUNDS),
    Purge("usage by the hour", lambda settings: settings.usage_retention_days * DAY, _while_left(PurgeHours)),
    Purge("warnings", lambda _: WARNINGS_KEPT, _while_left(PurgeWarnings)),
    Purge("counts of nodes", lambda _: COUNTS_KEPT, _while_left(PurgeCounts)),
)


async def go_on(context: Context) -> None:
    """Purge everything now and then, until cancelled."""
    for number in count():
        await purge_all(context, number)
        await asyncio.sleep(ROUND_SECONDS)


async def purge_all(context: Context, number: int = 0) -> None:
    """Delete everything whose time is over and that is due in this round: in the first one (0) all is.

    A failure is logged, and tried again when the purge is due again.
    """
    try:
        await purge_clock.look(context)
    except StoreError as error:  # the database is away: one line in the log says so for all
        log.error("purge_failed", rows="all", reason=str(error))
        return
    for each in PURGES:
        if number % each.rounds:
            continue
        try:
            await purge(context, each)
        except StoreError as error:
            log.error("purge_failed", rows=each.rows, reason=str(error))


async def purge(context: Context, wanted: Purge) -> None:
    """Delete the rows of one kind whose time is over, unless the clocks are in doubt. Raises StoreError."""
    until = await purge_clock.until(context, wanted.kept(context.settings))
    if until is None:
        return
    began = perf_counter()
    async for _ in wanted.batches(context, until):
        await asyncio.sleep(max(PAUSE_SECONDS, REST * (perf_counter() - began)))
        began = perf_counter()
