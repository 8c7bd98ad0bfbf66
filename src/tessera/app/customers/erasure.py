"""Erasing a customer: everything that tells who it was is gone, in one commit; the ledger adds up without a name."""

import msgspec

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.customers.customers import CustomerRef, find, happened, view
from tessera.app.loyalty.program_lookup import program
from tessera.app.loyalty.standing_updates import move
from tessera.core.changes import Change, EraseCustomer
from tessera.core.customers.customers import Customer, Include
from tessera.core.event_types import EventType
from tessera.core.loyalty.ledger_session import NEVER
from tessera.core.loyalty.program import Program


async def erase(context: Context, caller: Caller, api_key: str, named: CustomerRef, wanted: Include) -> msgspec.Raw:
    """Forget a customer; its profile as it was. Raises InvalidAPIKey, UserNotFound, Unavailable."""
    found = await find(context, caller, api_key, named)
    return await view(context, caller, await erase_customer(context, caller.organization, found.id), wanted)


async def erase_customer(context: Context, organization: int, customer_id: str) -> Customer:
    """Forget a customer of an organization; what it was. Raises UserNotFound, Unavailable.

    Safe to repeat when the outcome is not known: once it is forgotten there is no such customer.
    """
    loyalty = await program(context, organization)

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        return customer, _erasing(context, loyalty, customer)

    return await move(context, organization, customer_id, decide)


def _erasing(context: Context, loyalty: Program, customer: Customer) -> list[Change]:
    now = context.clock.now()
    return [
        EraseCustomer(
            customer=customer.number,
            id=customer.id,
            tombstone_id=context.new_uuid(),
            forgotten_at=now,
            due_at=NEVER,
            version=customer.version,
        ),
        happened(context, loyalty, EventType.CUSTOMER_DELETED, customer.id, now),
    ]
