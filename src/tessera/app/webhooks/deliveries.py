"""The deliverer: look for what is due, and have a worker for each webhook deliver it.

One process at a time does this for all, the one that holds the lease `webhooks`. It reads straight down:
`deliver` polls, `workers.Worker` reads what is due, attempts it and commits the result, and
`core/webhooks/deliveries.py` judges the answers.
"""

import asyncio

from tessera.app.context import Context
from tessera.app.webhooks.workers import PAUSE_SECONDS, Sleep, Worker, outage_log
from tessera.core.webhooks.webhooks import Webhook
from tessera.ops.metrics import WEBHOOKS_FAILING
from tessera.ports import Sender, StoreError

POLL_SECONDS = 0.25
"""Interval between two looks for what is due; a look is two reads, however many webhooks there are."""


async def deliver(context: Context, sender: Sender, sleep: Sleep = asyncio.sleep) -> None:
    """Deliver the events of the outbox to all webhooks, until cancelled."""
    workers: dict[int, Worker] = {}
    outage = outage_log()
    try:
        while True:
            try:
                await _look(context, sender, workers, sleep)
            except StoreError as error:
                outage.met(error)
                await sleep(PAUSE_SECONDS)
            else:
                outage.none()
            await sleep(POLL_SECONDS)
    finally:
        await asyncio.gather(*(worker.stop() for worker in workers.values()))


async def _look(context: Context, sender: Sender, workers: dict[int, Worker], sleep: Sleep) -> None:
    """Start the worker of every webhook for which something is due."""
    webhooks = await context.store.webhooks_in_force(context.clock.now())
    newest = await context.store.last_event() if webhooks else 0
    context.metrics.set(WEBHOOKS_FAILING, sum(1 for webhook, _ in webhooks if webhook.failures))
    for webhook, is_due in webhooks:
        worker = workers.get(webhook.number)
        if worker is None:
            worker = workers[webhook.number] = Worker(context, sender, webhook, sleep)
        worker.start(webhook, newest, has_due_deliveries=is_due)
    _forget_others(workers, [webhook for webhook, _ in webhooks])


def _forget_others(workers: dict[int, Worker], webhooks: list[Webhook]) -> None:
    """Forget the workers of webhooks that are deleted or disabled, once they are idle."""
    for number in workers.keys() - {webhook.number for webhook in webhooks}:
        if workers[number].is_idle:
            del workers[number]
