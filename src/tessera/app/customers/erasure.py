"""Forgetting a customer: everything that tells who it was is gone, in one commit; the ledger adds up without a name."""

import msgspec

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.customers.customers import Named, find, happened, view
from tessera.app.loyalty.program_lookup import program
from tessera.app.loyalty.standing_updates import move
from tessera.core.changes import Change, ForgetCustomer
from tessera.core.customers.customers import Customer, Wanted
from tessera.core.event_types import Happening
from tessera.core.loyalty.book import NEVER
from tessera.core.loyalty.program import Program


async def forget(context: Context, caller: Caller, api_key: str, named: Named, wanted: Wanted) -> msgspec.Raw:
    """Forget a customer; its profile as it was. Raises InvalidAPIKey, UserNotFound, Unavailable."""
    found = await find(context, caller, api_key, named)
    return await view(context, caller, await forget_customer(context, caller.organization, found.id), wanted)


async def forget_customer(context: Context, organization: int, customer_id: str) -> Customer:
    """Forget a customer of an organization; what it was. Raises UserNotFound, Unavailable.

    Safe to repeat when the outcome is not known: once it is forgotten there is no such customer.
    """
    loyalty = await program(context, organization)

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        return customer, _forgetting(context, loyalty, customer)

    return await move(context, organization, customer_id, decide)


def _forgetting(context: Context, loyalty: Program, customer: Customer) -> list[Change]:
    now = context.clock.now()
    return [
        ForgetCustomer(
            customer=customer.number,
            id=customer.id,
            tombstone_id=context.new_uuid(),
            forgotten_at=now,
            due_at=NEVER,
            version=customer.version,
        ),
        happened(context, loyalty, Happening.CUSTOMER_DELETED, customer.id, now),
    ]
