"""The purge clock: up to which time expired rows may be deleted. Every purge asks it, and no other clock.

`core/clocks.py` has the rules. A clock that steps, and one in doubt, are told in the log and by metrics.
"""

import asyncio

from tessera.app.context import Context
from tessera.core.changes import NoteTime
from tessera.core.clocks import TOLERANCE, Clocks, Doubt, Reading
from tessera.core.times import SECOND, PurgeTime
from tessera.ops import metrics
from tessera.ops.log import log
from tessera.ops.outage_log import OutageLog
from tessera.ports import Clock, Store, StoreError

POLL_SECONDS = 10.0

_WHY = {
    Doubt.JUMPED: "A clock has jumped. Deleting goes on when it is back, or has gone evenly for six hours.",
    Doubt.NEVER_NOTED: "No server has noted the time in this database yet. Deleting begins in six hours.",
    Doubt.AHEAD: "The clock is ahead of the time that a server last noted in the database: the servers were off for so"
    " long, or the clock is wrong. Deleting begins when it has gone evenly for six hours.",
    Doubt.BEHIND: "The clock is behind the time that a server last noted in the database. Deleting begins when it has"
    " passed that, or has gone evenly for six hours.",
}


async def begin(store: Store, clock: Clock) -> None:
    """Note the first time in a new database, in which nothing can have expired yet. Raises StoreError."""
    await store.commit(NoteTime(await store.database_time() or clock.now()))


async def until(context: Context, kept: int) -> PurgeTime | None:
    """The time up to which rows may be deleted that are kept for so long; None while none may. Raises StoreError."""
    await look(context)
    return known_until(context, kept)


def known_until(context: Context, kept: int) -> PurgeTime | None:
    """The same by the last look, without asking the database: somewhat earlier, which is always safe."""
    latest = context.clocks.until
    return None if latest is None else PurgeTime(latest - kept)


async def watch(context: Context) -> None:
    """Look at the clocks now and then, until cancelled."""
    outage_log = OutageLog("clocks_not_compared", "clocks_compared")
    while True:
        try:
            await look(context)
            outage_log.none()
        except StoreError as error:
            outage_log.met(error)
        await asyncio.sleep(POLL_SECONDS)


async def look(context: Context) -> None:
    """Compare the clocks, tell what is new about them, and note the time when it is due. Raises StoreError."""
    clocks = context.clocks
    noted, database = await context.store.noted_time(), await context.store.database_time()
    doubt, skewed = clocks.doubt, abs(clocks.skew) > TOLERANCE
    for jump in clocks.look(Reading(context.clock.now(), context.clock.monotonic(), database, noted)):
        context.metrics.count(metrics.CLOCK_JUMPS)
        log.warning("clock_jumped", clock="database" if jump.of_database else "own", seconds=_seconds(jump.by))
    _tell_doubt(clocks, doubt)
    _tell_skew(clocks, was_skewed=skewed)
    context.metrics.set(metrics.PURGES_PAUSED, int(clocks.doubt is not None))
    context.metrics.set(metrics.CLOCK_SKEW, round(abs(clocks.skew) / SECOND))
    if clocks.to_note is not None:
        await context.store.commit(NoteTime(clocks.to_note))
        clocks.noted(clocks.to_note)


def _tell_doubt(clocks: Clocks, before: Doubt | None) -> None:
    if clocks.doubt is not None and clocks.doubt is not before:
        log.warning("purges_paused", reason=_WHY[clocks.doubt], seconds=_seconds(clocks.off_by))
    elif clocks.doubt is None and before is not None:
        log.info("purges_resumed")


def _tell_skew(clocks: Clocks, *, was_skewed: bool) -> None:
    skewed = abs(clocks.skew) > TOLERANCE
    if skewed and not was_skewed:
        log.warning("clock_skewed", seconds=_seconds(clocks.skew))
    elif was_skewed and not skewed:
        log.info("clock_recovered")


def _seconds(microseconds: int) -> int:
    return round(microseconds / SECOND)
