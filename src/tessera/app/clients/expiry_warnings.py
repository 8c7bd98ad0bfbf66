"""Warning in time: what is to be warned of now, and telling each of it once, by one process for all."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import msgspec

from tessera.app.context import Context
from tessera.core.changes import AddEvent, AddWarning
from tessera.core.clients.applications import FOREVER
from tessera.core.clients.expiry_warnings import (
    CALLS_EACH,
    ENDING_DAYS,
    HOUR,
    WASTEFUL_TOKENS_MIN,
    Ending,
    Warned,
    WastefulClient,
    endings,
    finished_hours,
    wasteful_clients,
)
from tessera.core.event_types import EventType, PropertySecretEnding, SecretEnding, TokenPerCall
from tessera.core.times import DAY, incentives_time
from tessera.ops.log import log
from tessera.ops.metrics import CREDENTIALS_ENDING
from tessera.ports import Conflict, StoreError

POLL_SECONDS = 30.0
"""How often it is looked for what is to be warned of."""

PAGE = 100
"""Credentials looked at, and warnings told, in one step."""

TOLD_MAX = 100_000
"""Names of told warnings kept in memory; beyond it they are looked up again."""

STEP_SECONDS = 0.05


async def current(context: Context) -> list[Warned]:
    """What is to be warned of now: credentials about to end, and callers without a memory in the last day's hours."""
    now = context.clock.now()
    found = [each async for page in _endings(context, now) for each in page]
    asking = [
        each
        for hour in finished_hours(now)
        for each in await context.store.wasteful_clients(hour, WASTEFUL_TOKENS_MIN, CALLS_EACH)
    ]
    newest = {each.number: each for each in asking}
    return [*found, *wasteful_clients(newest.values())]


async def _endings(context: Context, now: int) -> AsyncIterator[list[Warned]]:
    """The warnings of credentials about to end, in pages: those of applications, then those of digital properties."""
    until = now + ENDING_DAYS[-1] * DAY
    for read in (context.store.endings, context.store.property_endings):
        at, number = now, FOREVER
        while page := await read(at, number, until, PAGE):
            at, number = page[-1].ends_at, page[-1].number
            yield list(endings(page, now))


class ExpiryWatcher:
    """The look-ups of one process while it holds the lease; the warnings that were sent are in the database.

    It rests for `step_seconds` after each step, so that requests are answered in between.
    """

    def __init__(self, context: Context, step_seconds: float = STEP_SECONDS) -> None:
        self._context = context
        self._step_seconds = step_seconds
        self._told: set[str] = set()
        self._through = -1

    async def look(self) -> int:
        """Tell what is to be told now and was not; how many warnings that were. Raises StoreError."""
        now = self._context.clock.now()
        told = 0
        ending = dict.fromkeys(ENDING_DAYS, 0)
        async for page in _endings(self._context, now):
            for days in ENDING_DAYS:
                ending[days] += sum(1 for each in page if each.days is not None and each.days <= days)
            told += await self._tell(page, now)
            await asyncio.sleep(self._step_seconds)
        for days, number in ending.items():
            self._context.metrics.set(CREDENTIALS_ENDING, number, str(days))
        for hour in finished_hours(now, self._through):
            found = await self._context.store.wasteful_clients(hour, WASTEFUL_TOKENS_MIN, CALLS_EACH)
            told += await self._tell(wasteful_clients(found), now)
            self._through = hour
            await asyncio.sleep(self._step_seconds)
        return told

    async def _tell(self, warnings: Iterable[Warned], now: int) -> int:
        if len(self._told) > TOLD_MAX:
            self._told.clear()
        new = [each for each in warnings if each.name not in self._told]
        return sum(await asyncio.gather(*(self._tell_one(each, now) for each in new)))

    async def _tell_one(self, warned: Warned, now: int) -> bool:
        """Tell one warning by an event and in the log, unless it was told before."""
        told = await self._context.store.warning_sent(warned.name)
        if not told:
            try:
                await self._context.store.commit(AddWarning(warned.name, now), _event(self._context, warned, now))
            except Conflict:
                told = True
        self._told.add(warned.name)
        if not told:
            _log(warned)
        return not told


def _event(context: Context, warned: Warned, now: int) -> AddEvent:
    owner, about = warned.owner, warned.about
    data: SecretEnding | PropertySecretEnding | TokenPerCall
    if isinstance(about, Ending):
        used = msgspec.UNSET if about.last_used_at is None else incentives_time(about.last_used_at)
        ends = incentives_time(about.ends_at)
        days = warned.days or 0
        if owner.is_property:
            kind = EventType.PROPERTY_SECRET_ENDING
            data = PropertySecretEnding(
                retailer_id=owner.retailer_id,
                api_key=owner.client_id,
                property=owner.application,
                credential=about.name,
                ends_at=ends,
                days=days,
                reason=warned.reason,
                last_used_at=used,
            )
        else:
            kind = EventType.APPLICATION_SECRET_ENDING
            data = SecretEnding(
                retailer_id=owner.retailer_id,
                client_id=owner.client_id,
                application=owner.application,
                credential=about.name,
                kind=about.kind,
                ends_at=ends,
                days=days,
                reason=warned.reason,
                last_used_at=used,
            )
    else:
        kind = EventType.APPLICATION_TOKEN_PER_CALL
        hour = incentives_time(about.hour * HOUR)
        data = TokenPerCall(
            retailer_id=owner.retailer_id,
            client_id=owner.client_id,
            application=owner.application,
            hour=hour,
            tokens=about.tokens,
            calls=about.calls,
        )
    return AddEvent(context.new_uuid(), owner.organization, kind, msgspec.json.encode(data).decode(), now)


def _log(warned: Warned) -> None:
    about = warned.about
    if isinstance(about, WastefulClient):
        log.warning(
            "token_per_call", application=warned.owner.application, tokens=about.tokens, calls=about.calls,
            advice=warned.text,
        )  # fmt: skip
    else:
        log.warning(
            "credential_ending", credential=about.name, days=warned.days, reason=warned.reason, advice=warned.text,
            **{"property" if warned.owner.is_property else "application": warned.owner.application},
        )  # fmt: skip


async def watch(context: Context, interval_seconds: float = POLL_SECONDS, step_seconds: float = STEP_SECONDS) -> None:
    """Tell what is to be told now and then, until cancelled."""
    watching = ExpiryWatcher(context, step_seconds)
    while True:
        try:
            await watching.look()
        except StoreError as error:
            log.error("warnings_unavailable", reason=str(error))
        await asyncio.sleep(interval_seconds)
