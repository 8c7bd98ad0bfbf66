"""The events of the outbox: looking at them, sending them again, and deleting old ones."""

from collections.abc import AsyncIterator, Iterable

from tessera.app.context import Context
from tessera.app.operators import OperatorError
from tessera.app.webhooks.webhooks import check_kinds
from tessera.core.changes import AddDelivery, Change, PurgeEvents, RetryDeliveries
from tessera.core.times import PurgeTime
from tessera.core.webhooks.webhooks import Event, Webhook

PAGE = 500
"""Events read or written in one step, so that nobody waits long for a step."""

PURGED_AT_ONCE = 100

NEWEST = 2**62


async def find(context: Context, event_id: str, organization: int | None = None) -> Event:
    """The event with this id, of the organization where one is named. Raises OperatorError."""
    found = await context.store.event(event_id)
    if found is None or organization not in (None, found.organization):
        raise OperatorError("event_not_found", id=event_id)
    return found


async def newest(
    context: Context, organization: int, *, kind: str | None, user: str | None, before: Event | None, limit: int
) -> list[Event]:
    """Events of an organization, the newest first: of a kind, about a customer, older than another, where said.

    Raises OperatorError for a kind that events cannot have.
    """
    if kind is not None:
        check_kinds([kind])
    found: list[Event] = []
    at = NEWEST if before is None else before.number
    if user is not None:
        about = [each async for page in _about(context, user) for each in page]
        wanted = [each for each in about if each.organization == organization and each.number < at]
        return [each for each in reversed(wanted) if kind in (None, each.kind)][:limit]
    while len(found) < limit:
        page = await context.store.events_before(organization, at, PAGE)
        found += [each for each in page if kind in (None, each.kind)]
        if len(page) < PAGE:
            break
        at = page[-1].number
    return found[:limit]


async def _about(context: Context, user: str) -> AsyncIterator[list[Event]]:
    """Everything about a customer, in pages."""
    at = 0
    while page := await context.store.events_about(user, at, PAGE):
        at = page[-1].number
        yield page


async def replay(context: Context, webhook: Webhook, events: Iterable[Event]) -> int:
    """Send events to a webhook again, on their own; how many."""
    now = context.clock.now()
    changes: list[Change] = [AddDelivery(webhook.number, each.number, 0, now, None) for each in events]
    if changes:
        await context.commit(*changes)
    return len(changes)


async def replay_one(context: Context, webhook: Webhook, event: Event) -> None:
    """Send one event again. Raises OperatorError when that is not for this webhook."""
    if not webhook.wants(event.kind):
        raise OperatorError("event_not_asked_for", webhook=webhook.name, kind=event.kind)
    if event.number > webhook.position:
        raise OperatorError("event_not_told_yet", webhook=webhook.name)
    await replay(context, webhook, [event])


async def replay_since(context: Context, webhook: Webhook, since: int) -> int:
    """Send everything again that happened since a time and has been told; how many events."""
    count = 0
    async for page in _told(context, webhook):
        count += await replay(context, webhook, [each for each in page if each.occurred_at >= since])
    return count


async def _told(context: Context, webhook: Webhook) -> AsyncIterator[list[Event]]:
    """What a webhook asks for and has passed, in pages."""
    at = 0
    while page := await context.store.events_after(webhook.organization, at, PAGE):
        at = page[-1].number
        yield [each for each in page if each.number <= webhook.position and webhook.wants(each.kind)]
        if at > webhook.position:
            return


async def replay_failed(context: Context, webhook: Webhook) -> int:
    """Try everything again now that failed or was given up; how many events."""
    counts = await context.store.delivery_counts(webhook.number)
    await context.commit(RetryDeliveries(webhook.number, context.clock.now()), about=webhook.name)
    return counts.deliveries


async def purge(context: Context, until: PurgeTime) -> AsyncIterator[None]:
    """Delete the events from up to a time that every webhook has passed; yields after each commit."""
    after = 0
    while span := await context.store.event_span(after, PURGED_AT_ONCE):
        if all(occurred_at > until for _, occurred_at in span):
            return
        first, after = span[0][0], span[-1][0]
        await context.store.commit(PurgeEvents(until, first, after))
        yield
