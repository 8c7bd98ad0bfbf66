"""Customers as an operator looks at them: found by whatever is known, in a list, and forgotten."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tessera.app.context import Context
from tessera.app.customers.customers import decode_profile
from tessera.app.customers.erasure import erase_customer
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.app.operators import OperatorError
from tessera.core.cursors import open_cursor, seal_cursor
from tessera.core.customers import emails
from tessera.core.customers.customers import Customer
from tessera.core.customers.profiles import StoredPhoneNumber
from tessera.core.errors import ArgumentError, UserNotFound


class Player(msgspec.Struct, frozen=True, gc=False):
    """A customer in a list: enough to tell one from another."""

    id: str
    user_id: str
    external_id: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    phone_numbers: list[StoredPhoneNumber] | UnsetType | None = UNSET


class Listed(NamedTuple):
    """Some customers of an organization; `next_cursor` is None where the list ends."""

    customers: list[Player]
    next_cursor: str | None


async def find(context: Context, organization: int, known_by: str) -> Customer:
    """The customer with this id, external id or email address. Raises OperatorError."""
    store = context.store
    found = await store.customer(organization, known_by) or await with_external_id(context, organization, known_by)
    if found is None:
        folded = emails.folded(known_by)
        found = (await store.customers_with_emails(organization, [folded])).get(folded)
    if found is None:
        raise OperatorError("customer_not_found")
    return found


async def listed(context: Context, organization: int, cursor: str | None, limit: int) -> Listed:
    """A page of an organization's customers, the oldest first. Raises OperatorError for a cursor that is none."""
    ring, now, purpose = context.directory.ring, context.clock.now(), ("customers list", organization)
    try:
        after = 0 if cursor is None else int(open_cursor(ring, purpose, cursor, now)[0])
    except ArgumentError:
        raise OperatorError("cursor_malformed") from None
    found = await context.store.customers_after(organization, after, limit + 1)
    more = len(found) > limit
    shown = found[:limit]
    return Listed(players(shown), seal_cursor(ring, purpose, (shown[-1].number,), now) if more else None)


async def erase(context: Context, organization: int, customer: Customer) -> None:
    """Forget a customer. Raises OperatorError when somebody else just did."""
    try:
        await erase_customer(context, organization, customer.id)
    except UserNotFound:
        raise OperatorError("customer_gone") from None


def players(found: Sequence[Customer]) -> list[Player]:
    """Customers as a list shows them."""
    return [_player(each) for each in found]


def _player(customer: Customer) -> Player:
    profile = decode_profile(customer.profile)
    known = customer.external_ids()
    return Player(
        id=customer.id,
        user_id=customer.id,
        external_id=known[-1].external_id if known else UNSET,
        email=profile.email,
        first_name=profile.first_name,
        last_name=profile.last_name,
        phone_numbers=profile.phone_numbers,
    )
