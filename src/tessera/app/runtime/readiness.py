"""Is the service ready? A few checks, each with a sentence; none of them waits for the disk."""

from collections.abc import Iterator

import msgspec

from tessera.app.context import Context
from tessera.core.times import SECOND
from tessera.ops import metrics
from tessera.ops.log import log
from tessera.ops.metrics import Family
from tessera.ports import Conflict, StoreError

PULSE_AGE_MAX = 10 * SECOND
"""A worker that has had no turn of its event loop for so long does not answer."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at. `text` says what is wrong, or that nothing is."""

    name: str
    ok: bool
    text: str


class Readiness(msgspec.Struct, frozen=True):
    """All checks; `ready` when each is well."""

    ready: bool
    checks: list[Check]


async def readiness(context: Context, *, going_down: bool) -> Readiness:
    """Whether requests can be answered well: by this process, and by its siblings as far as they noted it."""
    now = context.clock.now()
    checks = [await _database(context), _feed(context, now), _keys(context, now), _workers(context, now)]
    if going_down:
        checks.append(Check("shutdown", ok=False, text="The server is ending: requests under way are finished."))
    return Readiness(all(check.ok for check in checks), checks)


def committed(noted: metrics.Metrics, microseconds: int, failure: Exception | None) -> None:
    """Note how a commit ended. One that met a conflict was answered by the database."""
    failed = isinstance(failure, StoreError) and not isinstance(failure, Conflict)
    noted.count(metrics.COMMITS, "failed" if failed else "ok" if failure is None else "refused")
    noted.observe(metrics.COMMIT_SECONDS, microseconds)
    noted.set(metrics.DATABASE_FAILING, int(failed))


def away(line: str, reason: str | None) -> None:
    """Say that a connection to the database cannot be made, or, without a reason, that it can again."""
    if reason is None:
        log.info("database_recovered", line=line)
    else:
        log.error("database_unavailable", line=line, reason=reason)


def polled() -> None:
    """Say that nobody tells this process of what other nodes change."""
    log.warning(
        "feed_polled",
        reason="A pooler is between this process and the database, so changes of other nodes are looked for four times"
        " a second. To be told of them at once, name a URL that leads past it by database_direct.",
    )


async def _database(context: Context) -> Check:
    try:
        await context.store.last_sequence()
    except StoreError:
        return Check("database", ok=False, text="It cannot be read. The log has the reason.")
    if any(failing for _, failing in _of_workers(context, metrics.DATABASE_FAILING)):
        return Check("database", ok=False, text="The last commit failed. The log has the reason.")
    return Check("database", ok=True, text="It was read just now, and the last commit was taken.")


def _feed(context: Context, now: int) -> Check:
    oldest = min((heard for _, heard in _of_workers(context, metrics.FEED)), default=now)
    if oldest < now - context.stale_after:
        seconds = (now - oldest) // SECOND
        return Check("feed", ok=False, text=f"What other processes change was last heard {seconds} seconds ago.")
    return Check("feed", ok=True, text="What other processes change is heard.")


def _keys(context: Context, now: int) -> Check:
    if context.directory.ring.signs(now):
        return Check("keys", ok=True, text="Tokens can be sealed.")
    return Check("keys", ok=False, text="No key may seal tokens now: look at the clock and at the keys.")


def _workers(context: Context, now: int) -> Check:
    for worker, seen_at in _of_workers(context, metrics.PULSE):
        if seen_at < now - PULSE_AGE_MAX:
            text = f"Worker {worker} has not had a turn for {(now - seen_at) // SECOND} seconds."
            return Check("workers", ok=False, text=text)
    return Check("workers", ok=True, text="Every worker takes its turns.")


def _of_workers(context: Context, family: Family) -> Iterator[tuple[int, int]]:
    yield from context.metrics.of_workers(family).items()
