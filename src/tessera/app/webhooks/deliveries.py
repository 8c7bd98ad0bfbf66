"""Telling webhooks what happened: one process does it, for each webhook by itself, until cancelled.

Each webhook has two lanes that wait for nothing but the receiver: one for what is new, in windows of events that are
sent side by side, and one for what failed before and is due again. While a receiver is down there is one lane, which
tries one event. What came of a window is written in one commit, and is never sent again for a commit that failed: the
commit is made again until the database takes it. A process that dies before it leaves events to be sent again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tessera.app.context import Context
from tessera.app.webhooks.webhooks import secrets_in_force
from tessera.core.changes import Change, DisableWebhook, MoveWebhook, PostponeDelivery
from tessera.core.times import SECOND
from tessera.core.webhooks import deliveries
from tessera.core.webhooks.deliveries import Answer, Moment
from tessera.core.webhooks.webhooks import EVERYTHING, Event, Webhook, message
from tessera.ops.log import log
from tessera.ops.metrics import WEBHOOKS_FAILING
from tessera.ops.outage_log import Trouble
from tessera.ports import Conflict, Sender, StoreError

LOOK_SECONDS = 0.25
"""How often is looked for new events: one read, however many webhooks there are."""

PAUSE_SECONDS = 2.0
"""How long is waited when the database does not answer."""

WINDOW = 32
"""Messages under way to one webhook, in each of its lanes."""

SCANNED = 256
"""Events read at once for a webhook that asks for some kinds only."""

SKIPPED_MAX = 1000
SKIPPED_SECONDS = 600
"""After how many events that a webhook did not ask for, or how long, its position is written all the same."""

REST_SECONDS = 30
"""How long a webhook is left alone after a mistake of ours."""


async def deliver(context: Context, sender: Sender) -> None:
    """Tell all webhooks what happens, until cancelled."""
    lines: dict[int, _Line] = {}
    trouble = _trouble()
    try:
        while True:
            try:
                await _look(context, sender, lines)
            except StoreError as error:
                trouble.met(error)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                trouble.none()
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        lanes = [lane for line in lines.values() for lane in line.lanes.values()]
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)


def _trouble() -> Trouble:
    return Trouble("outbox_unavailable", "outbox_back")


async def _look(context: Context, sender: Sender, lines: "dict[int, _Line]") -> None:
    """Set to work every webhook that has something to be told and is not at it already."""
    found = await context.store.webhooks_in_force(context.clock.now())
    newest = await context.store.last_event() if found else 0
    context.metrics.set(WEBHOOKS_FAILING, sum(1 for webhook, _ in found if webhook.failures))
    for webhook, due in found:
        line = lines.get(webhook.number) or lines.setdefault(webhook.number, _Line(context, sender, webhook))
        line.start(webhook, newest, due=due)
    for number in lines.keys() - {webhook.number for webhook, _ in found}:
        if not lines[number].lanes:
            del lines[number]


class _Line:
    """One webhook as this process sees it: `_through` is the number up to which nothing is left to tell it."""

    def __init__(self, context: Context, sender: Sender, webhook: Webhook) -> None:
        self._context = context
        self._sender = sender
        self._key = (webhook.organization, webhook.name, webhook.number)
        self._through = webhook.position
        self._skipped = 0
        self._written_at = context.clock.now()
        self._rests_until = 0
        self.lanes: dict[str, asyncio.Task[None]] = {}

    def start(self, webhook: Webhook, newest: int, *, due: bool) -> None:
        """Begin what is to be done and is not under way; one lane only for a receiver that is down."""
        if max(webhook.next_attempt_at, self._rests_until) > self._context.clock.now():
            return
        new = newest > max(self._through, webhook.position)
        if webhook.failures and (self.lanes or new):
            due = False
        if new and not (webhook.failures and self.lanes):
            self._run("new", self._tell_new)
        if due:
            self._run("again", self._tell_again)

    def _run(self, name: str, lane: Callable[[], Awaitable[None]]) -> None:
        if name not in self.lanes:
            self.lanes[name] = asyncio.create_task(self._guarded(name, lane))

    async def _guarded(self, name: str, lane: Callable[[], Awaitable[None]]) -> None:
        try:
            await lane()
        except StoreError as error:
            log.error("outbox_unavailable", reason=str(error))
            self._rest()
        except Exception:  # noqa: BLE001  # a mistake with one webhook must not stop the others
            log.exception("delivery_defect", webhook=self._key[1])
            self._rest()
        finally:
            del self.lanes[name]

    def _rest(self) -> None:
        self._rests_until = self._context.clock.now() + REST_SECONDS * SECOND

    async def _current(self) -> Webhook | None:
        """The webhook as it is now; None when it may be told nothing now."""
        organization, name, number = self._key
        found = await self._context.store.webhook(organization, name)
        if found is None or found.number != number or found.disabled_at is not None:
            return None
        return found if found.next_attempt_at <= self._context.clock.now() else None

    async def _tell_new(self) -> None:
        while (webhook := await self._current()) is not None:
            window, through = await self._window(webhook, 1 if webhook.failures else WINDOW)
            if not window:
                await self._skip(webhook, through)
                return
            answers = await self._send(webhook, window)
            changes = deliveries.after_window(webhook, window, answers, through, self._moment())
            _tell_log(webhook, changes)
            if not await self._write(*changes):
                self._through = 0
            elif any(answer.arrived for answer in answers):
                self._through, self._skipped, self._written_at = through, 0, self._context.clock.now()

    async def _window(self, webhook: Webhook, limit: int) -> tuple[list[Event], int]:
        """The next events to tell, and the number up to which there are no others."""
        store = self._context.store
        newest = await store.last_event()
        through = max(self._through, webhook.position)
        size = limit if webhook.kinds == EVERYTHING else SCANNED
        window: list[Event] = []
        while True:
            page = await store.events_after(webhook.organization, through, size)
            for event in page:
                through = event.number
                if not webhook.wants(event.kind):
                    self._skipped += 1
                    continue
                window.append(event)
                if len(window) == limit:
                    return window, through
            if len(page) < size:
                return window, max(through, newest)
            if window:
                return window, through
            await asyncio.sleep(0)

    async def _skip(self, webhook: Webhook, through: int) -> None:
        """Pass events that the webhook did not ask for; that is written now and then only."""
        now = self._context.clock.now()
        if self._skipped >= SKIPPED_MAX or now - self._written_at >= SKIPPED_SECONDS * SECOND:
            passed = MoveWebhook(
                webhook=webhook.number,
                position=through,
                was_position=webhook.position,
                failures=webhook.failures,
                next_attempt_at=webhook.next_attempt_at,
                delivered_at=None,
                last_error=None,
            )
            if not await self._write(passed):
                self._through = 0
                return
            self._skipped, self._written_at = 0, now
        self._through = through

    async def _tell_again(self) -> None:
        while (webhook := await self._current()) is not None:
            now = self._context.clock.now()
            due = await self._context.store.deliveries_due(webhook.number, now, 1 if webhook.failures else WINDOW)
            if not due:
                return
            answers = await self._send(webhook, [each.event for each in due])
            moment = self._moment()
            after = [deliveries.after_delivery(*each, moment) for each in zip(due, answers, strict=True)]
            for changes in after:
                _tell_log(webhook, changes)
            await asyncio.gather(*(self._write(*changes) for changes in after))
            changes = deliveries.after_deliveries(webhook, answers, moment)
            _tell_log(webhook, changes)
            if changes:
                await self._write(*changes)

    async def _send(self, webhook: Webhook, events: Sequence[Event]) -> list[Answer]:
        now = self._context.clock.now()
        secrets = secrets_in_force(self._context, webhook, now)

        async def one(event: Event) -> Answer:
            made = message(event, secrets, now)
            return await self._sender.send(webhook.url, made.headers, made.body)

        return await asyncio.gather(*(one(event) for event in events))

    def _moment(self) -> Moment:
        return Moment(self._context.clock.now(), int.from_bytes(self._context.entropy.random_bytes(2)) / 65_536)

    async def _write(self, *changes: Change) -> bool:
        """Commit what came of attempts, however often that takes; False when somebody else has moved the webhook."""
        trouble = _trouble()
        while True:
            try:
                await self._context.commit(*changes, about=self._key[1])
            except Conflict:
                trouble.none()
                return False
            except StoreError as error:
                trouble.met(error)
                await asyncio.sleep(PAUSE_SECONDS)
            else:
                trouble.none()
                return True


def _tell_log(webhook: Webhook, changes: Sequence[Change]) -> None:
    """Say what an operator has to know: a receiver goes down or comes back, wants no more, or never took an event."""
    for change in changes:
        match change:
            case MoveWebhook(failures=1):
                log.warning("webhook_failing", webhook=webhook.name, reason=change.last_error)
            case MoveWebhook(failures=0) if webhook.failures:
                log.info("webhook_recovered", webhook=webhook.name)
            case DisableWebhook():
                log.warning("webhook_gone", webhook=webhook.name)
            case PostponeDelivery(gave_up_at=int()):
                log.warning(
                    "delivery_given_up", webhook=webhook.name, event_number=change.event, reason=change.last_error
                )
