"""A house that delivers: webhooks in it, things that happen, and the work of the one process that tells them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tessera.app.context import House
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
async def delivering(house: House, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[None]:
    """The deliverer at work for the length of a block."""
    async with open_sender(house.outbound, timeout_seconds) as sender:
        task = asyncio.create_task(deliveries.deliver(house, sender))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def subscribe(
    house: House, name: str, receiver: Receiver, events: str = "all", organization: str = "Org"
) -> IssuedWebhook:
    """A webhook of an organization that leads to a receiver."""
    return await webhooks.create(house, await organizations.find(house, organization), name, receiver.url, events)


async def look(house: House, name: str) -> Webhook:
    """A webhook of the scene's organization as it is now."""
    return await webhooks.find(house, await organizations.find(house, "Org"), name)


async def happen(house: House, count: int, *, organization: int = 1, kind: str = "points.earned") -> list[str]:
    """Let something happen so many times, each in a commit of its own; the ids of the events."""
    now = house.clock.now()
    events = [AddEvent(house.new_uuid(), organization, kind, '{"user_id":"u"}', now, "u") for _ in range(count)]
    await asyncio.gather(*(house.commit(event) for event in events))
    return [event.id for event in events]
