"""What a serving process does beside answering: follow the change feed, write counts, drop what has expired."""

import asyncio
from contextlib import suppress

from tessera.app.clients import slow_secrets
from tessera.app.context import Context
from tessera.app.management import purges
from tessera.app.runtime import purge_clock
from tessera.core.changes import PurgeNotices, ReleaseLease, TakeLease
from tessera.directory import feed
from tessera.ops import metrics
from tessera.ops.log import log
from tessera.ops.outage_log import OutageLog
from tessera.ports import StoreError, StoreUnavailable

PULSE_SECONDS = 1.0
TRIAL_SECONDS = 0.5
DROP_SECONDS: float = 600
DROP_PAUSE_SECONDS = 0.01
DROPPED_AT_ONCE = 1000
"""Revocations dropped from memory before others get their turn."""


async def follow_feed(context: Context, interval_seconds: float) -> None:
    """Take in what other processes change, until cancelled."""
    context.heard_at = context.clock.now()
    outage_log = OutageLog("feed_unavailable", "feed_back")
    missed = False
    while True:
        await asyncio.sleep(interval_seconds)
        try:
            missed = await context.store.changed() or missed  # what could not be read is to be read still
            if missed:
                await feed.catch_up(context.directory, context.store)
                missed = False
            context.heard_at = context.clock.now()
        except StoreError as error:
            outage_log.met(error)
        else:
            outage_log.none()


async def keep_pulse(context: Context) -> None:
    """Note every second what this process holds, for whoever asks it or its siblings, until cancelled."""
    while True:
        look(context)
        await asyncio.sleep(PULSE_SECONDS)


def look(context: Context) -> None:
    """Note what this process holds now."""
    noted, directory = context.metrics, context.directory
    noted.look(context.clock.now())
    noted.set(metrics.FEED, context.heard_at)
    noted.set(metrics.REVOCATIONS, len(directory.revocations))
    noted.set(metrics.APPLICATIONS, len(directory.applications.known))
    noted.set(metrics.USAGE, len(context.state.usage))


async def flush_usage(context: Context, interval_seconds: float) -> None:
    """Write a batch of counts now and then, until cancelled."""
    outage_log = OutageLog("usage_not_written", "usage_written")
    while True:
        await asyncio.sleep(interval_seconds)
        await write_usage(context, outage_log=outage_log)


async def write_usage(context: Context, limit: int | None = None, outage_log: OutageLog | None = None) -> None:
    """Write counts; those that were not written are written next time.

    After an unknown outcome they are let go: counts add up, so writing them again could count them twice.
    """
    now = context.clock.now()
    changes = context.state.usage.take(now) if limit is None else context.state.usage.take(now, limit)
    if not changes:
        return
    try:
        await context.store.commit(*changes)
    except StoreError as error:
        (outage_log or OutageLog("usage_not_written", "usage_written")).met(error)
        if isinstance(error, StoreUnavailable):
            context.state.usage.put_back(changes)
    else:
        if outage_log is not None:
            outage_log.none()


async def rekey_secrets(context: Context, interval_seconds: float) -> None:
    """Move imported secrets that were presented to the keyed digest in the database, until cancelled."""
    outage_log = OutageLog("secrets_not_rekeyed", "secrets_rekeyed")
    while True:
        await asyncio.sleep(interval_seconds)
        try:
            await slow_secrets.write_rekeyed(context)
        except StoreError as error:
            outage_log.met(error)
        else:
            outage_log.none()


async def try_writing(context: Context, holder: str) -> None:
    """Whenever the last commit of this process failed, commit something, until cancelled.

    Otherwise a process that no caller is sent to, since it is not ready, would never find out that it is again. It
    writes a row and takes it away, in its turn, as others write.
    """
    name = f"trial {holder}"
    while True:
        await asyncio.sleep(TRIAL_SECONDS)
        if not context.metrics.own(metrics.DATABASE_FAILING):
            continue
        now = context.clock.now()
        with suppress(StoreError):  # it is noted as any commit is
            await context.store.commit(
                TakeLease(name, holder, now, now), ReleaseLease(name, holder), PurgeNotices(0, 0)
            )


async def drop_expired(context: Context) -> None:
    """Drop revocations from memory whose tokens have long expired, now and then, until cancelled."""
    while True:
        await asyncio.sleep(DROP_SECONDS)
        try:
            await drop_revocations(context)
        except StoreError as error:
            log.error("purge_failed", rows="revocations in memory", reason=str(error))


async def drop_revocations(context: Context) -> None:
    """Drop them, a few in one turn of the event loop, unless the clocks are in doubt. Raises StoreError."""
    until, more = await purge_clock.until(context, purges.REVOCATIONS_KEPT), True
    while until is not None and more:
        more = context.directory.revocations.purge(until, DROPPED_AT_ONCE)
        await asyncio.sleep(DROP_PAUSE_SECONDS)
