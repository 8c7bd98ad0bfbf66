"""The audit log of a customer's points: the ledger, the newest entry first."""

from typing import NamedTuple

from tessera.app.books import NO_CUSTOMER
from tessera.app.callers import Caller, own_retailer, with_program
from tessera.app.house import House
from tessera.core.errors import UserNotFound
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.program import Program


class Page(NamedTuple):
    """Entries of the ledger, and how many there are in all."""

    program: Program
    entries: list[Entry]
    total: int


async def fetch(house: House, caller: Caller, retailer_id: str, user_id: str, skip: int, take: int) -> Page:
    """`take` entries of a customer after the newest `skip`. Raises NotFound, UserNotFound.

    A customer's entries are numbered from 1 without a gap, so that any page is found at once.
    """
    await own_retailer(house, caller, retailer_id)
    customer = await house.store.customer(caller.organization, user_id)
    if customer is None:
        raise UserNotFound(NO_CUSTOMER)
    total = customer.stands().entries
    entries = await house.store.entries_before(customer.number, total + 1 - skip, take) if skip < total else []
    program = await with_program(house, caller.organization, lambda known: _with_accounts(known, entries))
    return Page(program, entries, total)


def _with_accounts(program: Program, entries: list[Entry]) -> Program:
    """The program, which knows the point accounts of these entries. Raises LookupError when it does not."""
    for entry in entries:
        program.account_numbered(entry.point_account)
    return program
