"""The worker of one webhook: read what is due, attempt it, judge the answers, commit the result, back off.

Each webhook has two queues that wait for nothing but the receiver: the fresh queue, events after its position that are
attempted in batches, and the retry queue, deliveries that failed before and are due again. While a receiver is down,
one queue is worked on, one event at a time.

The result of a batch is one commit, which is repeated until the database takes it, and nothing is sent meanwhile. Only
a process that dies between an answer and its commit leaves events that are sent twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum

from tessera.app.context import Context
from tessera.app.webhooks.webhooks import secrets_in_force
from tessera.core.changes import Change, DisableWebhook, MoveWebhook, PostponeDelivery
from tessera.core.times import SECOND
from tessera.core.webhooks import deliveries
from tessera.core.webhooks.deliveries import Answer, Batch, Moment
from tessera.core.webhooks.webhooks import EVERYTHING, Event, Webhook, message
from tessera.ops.log import log
from tessera.ops.outage_log import OutageLog
from tessera.ports import Conflict, Sender, StoreError

PAUSE_SECONDS = 2.0
"""Pause after a database did not answer."""

BATCH_MAX = 32
"""Messages under way to one webhook, in each of its queues."""

SCAN_MAX = 256
"""Events read at once for a webhook that asks for some kinds only."""

SKIPPED_MAX = 1000
SKIPPED_SECONDS = 600
"""Number of events that a webhook did not ask for, or time, after which its position is committed all the same."""

REST_SECONDS = 30
"""Pause of a webhook after a defect, or an outage of the database."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


class Queue(StrEnum):
    """A queue of a webhook."""

    FRESH = "fresh"
    RETRY = "retry"


class Worker:
    """Deliver to one webhook.

    `_through` is the number of the event up to which it has nothing left to hear: its position, and the events behind
    that of kinds that it does not ask for, which are not worth a commit each.
    """

    def __init__(self, context: Context, sender: Sender, webhook: Webhook, sleep: Sleep) -> None:
        self._context = context
        self._sender = sender
        self._sleep = sleep
        self._organization = webhook.organization
        self._name = webhook.name
        self._number = webhook.number
        self._through = webhook.position
        self._skipped = 0
        self._committed_at = context.clock.now()
        self._rests_until = 0
        self._running: dict[Queue, asyncio.Task[None]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether it works on no queue."""
        return not self._running

    def start(self, webhook: Webhook, newest: int, *, has_due_deliveries: bool) -> None:
        """Start on the queues that have something to deliver, unless the webhook backs off."""
        if max(webhook.next_attempt_at, self._rests_until) > self._context.clock.now():
            return
        is_down = webhook.failures > 0
        if is_down and self._running:
            return
        has_fresh_events = newest > max(self._through, webhook.position)
        if has_fresh_events:
            self._run(Queue.FRESH, self._deliver_fresh)
        if has_due_deliveries and not (is_down and has_fresh_events):
            self._run(Queue.RETRY, self._deliver_retries)

    def _run(self, queue: Queue, work: Callable[[], Awaitable[None]]) -> None:
        if queue not in self._running:
            name = f"webhook {self._number}: {queue} queue"
            self._running[queue] = asyncio.create_task(self._guarded(queue, work), name=name)

    async def _guarded(self, queue: Queue, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StoreError as error:
            log.error("outbox_unavailable", reason=str(error))
            self._rest()
        except Exception:  # noqa: BLE001  # a defect at one webhook must not stop the others
            log.exception("delivery_defect", webhook=self._name)
            self._rest()
        finally:
            del self._running[queue]

    def _rest(self) -> None:
        self._rests_until = self._context.clock.now() + REST_SECONDS * SECOND

    async def stop(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver_fresh(self) -> None:
        """Deliver events after the position, batch by batch, until none is left or the webhook backs off."""
        while (webhook := await self._read_webhook()) is not None:
            batch = await self._read_batch(webhook)
            if not batch.events:
                await self._skip(webhook, batch.through)
                return
            answers = await self._attempt(webhook, batch.events)
            changes = deliveries.after_batch(webhook, batch, answers, self._moment())
            _log_result(webhook, changes)
            if not await self._commit(*changes):
                self._through = 0  # somebody else has moved the webhook: believe its row alone
            elif any(answer.arrived for answer in answers):
                self._note_committed(batch.through)

    async def _deliver_retries(self) -> None:
        """Deliver what failed before and is due again, until nothing is or the webhook backs off."""
        while (webhook := await self._read_webhook()) is not None:
            now = self._context.clock.now()
            due = await self._context.store.deliveries_due(webhook.number, now, _batch_size(webhook))
            if not due:
                return
            answers = await self._attempt(webhook, [delivery.event for delivery in due])
            moment = self._moment()
            results = [deliveries.after_retry(*each, moment) for each in zip(due, answers, strict=True)]
            for changes in results:
                _log_result(webhook, changes)
            # Each in a commit of its own: one that was asked for again meanwhile is a conflict, and concerns no other.
            await asyncio.gather(*(self._commit(*changes) for changes in results))
            changes = deliveries.after_retries(webhook, answers, moment)
            _log_result(webhook, changes)
            if changes:
                await self._commit(*changes)

    async def _read_webhook(self) -> Webhook | None:
        """Read the webhook as it is now; None when it is deleted, disabled or backs off."""
        webhook = await self._context.store.webhook(self._organization, self._name)
        if webhook is None or webhook.number != self._number or webhook.disabled_at is not None:
            return None
        return webhook if webhook.next_attempt_at <= self._context.clock.now() else None

    async def _read_batch(self, webhook: Webhook) -> Batch:
        """Read the next events that the webhook asks for; none when it has nothing left to hear."""
        store = self._context.store
        newest = await store.last_event()  # first: what commits while we read is left for the next batch
        through = max(self._through, webhook.position)
        limit = _batch_size(webhook)
        page_size = limit if webhook.kinds == EVERYTHING else SCAN_MAX
        events: list[Event] = []
        while not events:
            page = await store.events_after(webhook.organization, through, page_size)
            for event in page:
                through = event.number
                if not webhook.wants(event.kind):
                    self._skipped += 1
                    continue
                events.append(event)
                if len(events) == limit:
                    return Batch(events, through)
            if len(page) < page_size:
                return Batch(events, max(through, newest))
            await asyncio.sleep(0)
        return Batch(events, through)

    async def _attempt(self, webhook: Webhook, events: Sequence[Event]) -> list[Answer]:
        """Send the events side by side, each signed with the secrets in force; their answers in the same order."""
        now = self._context.clock.now()
        secrets = secrets_in_force(self._context, webhook, now)
        messages = [message(event, secrets, now) for event in events]
        return await asyncio.gather(*(self._sender.send(webhook.url, each.headers, each.body) for each in messages))

    def _moment(self) -> Moment:
        return Moment(self._context.clock.now(), int.from_bytes(self._context.entropy.random_bytes(2)) / 65_536)

    async def _commit(self, *changes: Change) -> bool:
        """Commit the result of attempts, however often that takes; False when somebody else has moved the webhook."""
        outage = outage_log()
        while True:
            try:
                await self._context.commit(*changes, about=self._name)
            except Conflict:
                outage.none()
                return False
            except StoreError as error:
                outage.met(error)
                await self._sleep(PAUSE_SECONDS)
            else:
                outage.none()
                return True

    async def _skip(self, webhook: Webhook, through: int) -> None:
        """Pass events that the webhook did not ask for; its position is committed now and then only."""
        now = self._context.clock.now()
        if self._skipped < SKIPPED_MAX and now - self._committed_at < SKIPPED_SECONDS * SECOND:
            self._through = through
            return
        passed = MoveWebhook(
            webhook=webhook.number,
            position=through,
            was_position=webhook.position,
            failures=webhook.failures,
            next_attempt_at=webhook.next_attempt_at,
            delivered_at=None,
            last_error=None,
        )
        if await self._commit(passed):
            self._note_committed(through)
        else:
            self._through = 0

    def _note_committed(self, through: int) -> None:
        self._through, self._skipped, self._committed_at = through, 0, self._context.clock.now()


def outage_log() -> OutageLog:
    """The log of an outage of the database, as the deliverer meets it."""
    return OutageLog("outbox_unavailable", "outbox_back")


def _batch_size(webhook: Webhook) -> int:
    """Return how many events to attempt at once: one, while the receiver is down."""
    return 1 if webhook.failures else BATCH_MAX


def _log_result(webhook: Webhook, changes: Sequence[Change]) -> None:
    """Log what an operator has to know: a receiver goes down, comes back or is gone, or an event is given up."""
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
