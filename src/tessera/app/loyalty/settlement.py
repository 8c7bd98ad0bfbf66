"""What happens to customers by itself: points expire, levels are looked at again.

A customer is settled before anything else is done with its points, whenever that is; this does it for those of whom
nobody asks.
"""

import asyncio

from tessera.app.context import Context
from tessera.app.loyalty.standing_updates import move, open_settled
from tessera.core.changes import Change
from tessera.core.customers.customers import Customer
from tessera.core.errors import Refusal
from tessera.ops.log import log
from tessera.ops.outage_log import OutageLog
from tessera.ports import Due, StoreError

CUSTOMERS_AT_ONCE = 64
"""Customers settled side by side, so that they share commits and yet leave room for callers."""


async def settle_due(context: Context) -> int:
    """Settle everybody to whom something is due now; how many that were. Raises StoreError."""
    settled = 0
    failed: set[int] = set()
    while True:
        due = await context.store.due(context.clock.now(), CUSTOMERS_AT_ONCE + len(failed))
        todo = [each for each in due if each.number not in failed]
        if not todo:
            return settled
        outcomes = await asyncio.gather(*(_settle(context, each) for each in todo))
        failed |= {each.number for each, done in zip(todo, outcomes, strict=True) if not done}
        settled += sum(outcomes)


async def _settle(context: Context, due: Due) -> bool:
    """Settle one customer. What is wrong with one holds up no other: it is logged, and tried again next time."""

    async def decide(customer: Customer) -> tuple[None, list[Change]]:
        session, _ = await open_settled(context, due.organization, customer)
        return None, session.close()

    try:
        await move(context, due.organization, due.id, decide)
    except (Refusal, LookupError) as error:
        log.error("customer_not_settled", customer=due.id, reason=str(error))
        return False
    return True


async def settle(context: Context, interval_seconds: float) -> None:
    """Settle now and then, until cancelled."""
    outage_log = OutageLog("settlement_unavailable", "settlement_back")
    while True:
        try:
            await settle_due(context)
        except StoreError as error:
            outage_log.met(error)
        else:
            outage_log.none()
        await asyncio.sleep(interval_seconds)
