"""Forgetting a customer: everything that tells who it was is gone, in one commit; the ledger adds up without a name."""

import msgspec

from tessera.app.books import move
from tessera.app.callers import Caller, program
from tessera.app.customers import Named, find, happened, view
from tessera.app.house import House
from tessera.core.changes import Change, ForgetCustomer, RedactEvent
from tessera.core.customers import Customer, Wanted
from tessera.core.loyalty.book import NEVER
from tessera.core.loyalty.happenings import Happening, redacted
from tessera.core.loyalty.program import Program

PAGE = 500
"""Events of the outbox that are read at once."""


async def forget(house: House, caller: Caller, api_key: str, named: Named, wanted: Wanted) -> msgspec.Raw:
    """Forget a customer; its profile as it was. Raises InvalidAPIKey, UserNotFound, Unavailable."""
    found = await find(house, caller, api_key, named)
    return await view(house, caller, await forget_customer(house, caller.organization, found.id), wanted)


async def forget_customer(house: House, organization: int, customer_id: str) -> Customer:
    """Forget a customer of an organization; what it was. Raises UserNotFound, Unavailable.

    Safe to repeat when the outcome is not known: once it is forgotten there is no such customer.
    """
    loyalty = await program(house, organization)

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        return customer, await _forgetting(house, loyalty, customer)

    return await move(house, organization, customer_id, decide)


async def _forgetting(house: House, loyalty: Program, customer: Customer) -> list[Change]:
    now = house.clock.now()
    changes: list[Change] = [
        ForgetCustomer(customer.number, customer.id, house.new_uuid(), now, NEVER, customer.version)
    ]
    after = 0
    while page := await house.store.events_about(customer.id, after, PAGE):
        for event in page:
            text = redacted(event.data)
            if text != event.data:
                changes.append(RedactEvent(event.number, text))
        after = page[-1].number
    return [*changes, happened(house, loyalty, Happening.CUSTOMER_DELETED, customer.id, now)]
