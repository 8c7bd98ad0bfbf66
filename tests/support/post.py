"""A context that delivers: webhooks in it, things that happen, and the work of the one process that tells them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.app.webhooks import deliveries, webhooks
from tessera.app.webhooks.webhooks import IssuedWebhook
from tessera.core.changes import AddEvent
from tessera.core.webhooks.webhooks import Webhook
from tessera.ops.sender import open_sender
from tests.support.receiver import Receiver

TIMEOUT_SECONDS = 15.0
"""Of a machine that is busy: a receiver that answers is not taken for one that does not."""


@asynccontextmanager
async def delivering(context: Context, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[None]:
    """The deliverer at work for the length of a block."""
    async with open_sender(context.outbound, timeout_seconds) as sender:
        task = asyncio.create_task(deliveries.deliver(context, sender))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def subscribe(
    context: Context, name: str, receiver: Receiver, events: str = "all", organization: str = "Org"
) -> IssuedWebhook:
    """A webhook of an organization that leads to a receiver."""
    return await webhooks.create(context, await organizations.find(context, organization), name, receiver.url, events)


async def look(context: Context, name: str) -> Webhook:
    """A webhook of the scene's organization as it is now."""
    return await webhooks.find(context, await organizations.find(context, "Org"), name)


async def happen(context: Context, count: int, *, organization: int = 1, kind: str = "points.earned") -> list[str]:
    """Let something happen so many times, each in a commit of its own; the ids of the events."""
    now = context.clock.now()
    events = [AddEvent(context.new_uuid(), organization, kind, '{"user_id":"u"}', now, "u") for _ in range(count)]
    await asyncio.gather(*(context.commit(event) for event in events))
    return [event.id for event in events]
