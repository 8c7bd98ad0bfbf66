"""A context that delivers: webhooks in it, things that happen, and the work of the one process that tells them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.app.webhooks import deliveries, webhooks
from tessera.app.webhooks.webhooks import IssuedWebhook
from tessera.core.changes import AddEvent
from tessera.core.webhooks.deliveries import Answer
from tessera.core.webhooks.webhooks import Webhook
from tessera.ops.sender import open_sender
from tessera.ports import Sender
from tests.support.receiver import Receiver
from tests.support.rounds import Rounds

TIMEOUT_SECONDS = 15.0
"""Of a machine that is busy: a receiver that answers is not taken for one that does not."""


class Deliverer:
    """The deliverer at work: its pauses do not last, and it says when it has nothing to do."""

    def __init__(self) -> None:
        self.rounds = Rounds(deliveries.POLL_SECONDS)

    async def idle(self) -> None:
        """Wait until it has looked twice, and nothing that it began is under way."""
        for _ in range(2):
            await self.rounds.whole()
            while tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith("webhook ")]:
                await asyncio.wait(tasks)


class _Senders(NamedTuple):
    """Two senders: one for a receiver that is not waited for long, and one for the others."""

    patient: Sender
    impatient: Sender
    silent_url: str

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a message, once."""
        return await (self.impatient if url == self.silent_url else self.patient).send(url, headers, body)


@asynccontextmanager
async def delivering(
    context: Context, silent: Receiver | None = None, silent_seconds: float = TIMEOUT_SECONDS
) -> AsyncIterator[Deliverer]:
    """The deliverer at work for the length of a block; a receiver that is `silent` is waited for so long."""
    deliverer = Deliverer()
    async with (
        open_sender(context.outbound, TIMEOUT_SECONDS) as patient,
        open_sender(context.outbound, silent_seconds) as impatient,
    ):
        sender = _Senders(patient, impatient, silent.url if silent is not None else "")
        task = asyncio.create_task(deliveries.deliver(context, sender, deliverer.rounds))
        try:
            yield deliverer
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
