"""The audit log of a customer's points: the ledger, the newest entry first."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.loyalty.program_lookup import known_as, own_retailer, with_program
from tessera.app.loyalty.standing_updates import NO_CUSTOMER
from tessera.core.customers.customers import Customer
from tessera.core.errors import UserNotFound
from tessera.core.loyalty import lots
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.lots import Used
from tessera.core.loyalty.program import Program

PAGE = 1000
"""Entries that are read at once where a whole ledger is."""


class Page(NamedTuple):
    """Entries of the ledger with the use of each, and how many entries there are in all."""

    program: Program
    customer: Customer
    entries: list[Entry]
    uses: list[Used]
    total: int


async def fetch(context: Context, caller: Caller, retailer_id: str, user_id: str, skip: int, take: int) -> Page:
    """`take` entries of a customer after the newest `skip`. Raises NotFound, UserNotFound.

    A customer's entries are numbered from 1 without a gap, so that any page is found at once.
    """
    await own_retailer(context, caller, retailer_id)
    customer = await context.store.customer(caller.organization, user_id)
    if customer is None:
        raise UserNotFound(NO_CUSTOMER)
    total = customer.stands().entries
    entries: list[Entry] = []
    uses: list[Used] = []
    if skip < total and await context.store.merged(customer.number):
        entries, uses = await _in_time(context, customer, skip, take)
    elif skip < total:
        entries = await context.store.entries_before(customer.number, total + 1 - skip, take)
        uses = await _uses(context, customer, entries)
    program = await with_program(context, caller.organization, lambda known: with_accounts(known, entries))
    return Page(known_as(program, retailer_id), customer, entries, uses, total)


async def _in_time(context: Context, customer: Customer, skip: int, take: int) -> tuple[list[Entry], list[Used]]:
    """Entries of a customer into whom others were merged: theirs have later numbers than entries that are newer."""
    entries: list[Entry] = []
    before = customer.stands().entries + 1
    while before > 1 and (page := await context.store.entries_before(customer.number, before, PAGE)):
        entries += page
        before = page[-1].number
        await asyncio.sleep(0)  # a long ledger is read in turns with everybody else
    uses = await _uses(context, customer, entries)
    newest_first = sorted(zip(entries, uses, strict=True), key=lambda each: (-each[0].occurred_at, -each[0].number))
    shown = newest_first[skip : skip + take]
    return [entry for entry, _ in shown], [used for _, used in shown]


async def _uses(context: Context, customer: Customer, entries: Sequence[Entry]) -> list[Used]:
    """The use of each entry, as of the moment at which the customer was read."""
    if not entries:
        return []
    standing = customer.stands()
    newest, oldest = entries[0].number, entries[-1].number
    later = (
        await context.store.deposited(customer.number, newest, standing.entries) if newest < standing.entries else {}
    )
    expired = await context.store.expired(customer.number, oldest, standing.entries)
    return lots.uses(entries, later, expired, lots.remaining(standing.balances))


def with_accounts(program: Program, entries: Sequence[Entry]) -> Program:
    """The program, which knows the point accounts of these entries. Raises LookupError when it does not."""
    for entry in entries:
        program.account_numbered(entry.point_account)
    return program
