"""Looking customers up by what is known of them: exactly, and always by an index."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tessera.app.callers import Caller, own_api_key
from tessera.app.customers import decode_profile, view
from tessera.app.house import House
from tessera.core.cursors import open_cursor, seal_cursor
from tessera.core.customer_profiles import digits_of, folded_email
from tessera.core.customers import Customer, PhoneNumber, Wanted
from tessera.core.errors import ArgumentError


class By(StrEnum):
    """What a customer is looked up by."""

    EMAIL = "email"
    MOBILE_NUMBER = "mobile_number"
    PHONE = "phone"
    EXTERNAL_ID = "external_id"


class Sought(NamedTuple):
    """A value, and what it is."""

    by: By
    value: str


class Player(msgspec.Struct, frozen=True, gc=False):
    """A customer in a list: enough to tell one from another."""

    id: str
    user_id: str
    external_id: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    phone_numbers: list[PhoneNumber] | UnsetType | None = UNSET


class Page(NamedTuple):
    """Some of those found; `next_cursor` is None where the list ends."""

    players: list[Player]
    next_cursor: str | None


async def one(house: House, caller: Caller, api_key: str, sought: Sought, wanted: Wanted) -> msgspec.Raw:
    """The profile of the one found, the oldest of several. Raises InvalidAPIKey, UserNotFound, ArgumentError."""
    await own_api_key(house, caller, api_key)
    found = await _found(house, caller.organization, sought, 0, 1)
    return await view(house, caller, found[0] if found else None, wanted)


async def several(house: House, caller: Caller, api_key: str, sought: Sought, cursor: str | None, limit: int) -> Page:
    """A page of those found, the oldest first. Raises InvalidAPIKey, ArgumentError."""
    await own_api_key(house, caller, api_key)
    now = house.clock.now()
    purpose = ("search_users", caller.organization, sought.by.value, sought.value)
    after = 0 if cursor is None else int(open_cursor(house.directory.ring, purpose, cursor, now)[0])
    found = await _found(house, caller.organization, sought, after, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    following = seal_cursor(house.directory.ring, purpose, (shown[-1].number,), now) if more else None
    return Page(players(shown), following)


async def _found(house: House, organization: int, sought: Sought, after: int, limit: int) -> list[Customer]:
    store = house.store
    if sought.by in (By.PHONE, By.MOBILE_NUMBER):
        digits = digits_of(sought.value)
        if not digits:
            raise ArgumentError(f"{sought.by} has no digits.")
        mobile = sought.by is By.MOBILE_NUMBER
        return await store.customers_with_phone(organization, digits, mobile=mobile, after=after, limit=limit)
    if sought.by is By.EMAIL:
        found = await store.customer_with_email(organization, folded_email(sought.value))
    else:
        found = await store.customer_with_external_id(organization, sought.value)
    return [] if found is None or found.number <= after else [found]


def players(found: Sequence[Customer]) -> list[Player]:
    """Customers as a list shows them."""
    return [_player(each) for each in found]


def _player(customer: Customer) -> Player:
    profile = decode_profile(customer.profile)
    known = customer.external_ids()
    return Player(
        customer.id,
        customer.id,
        known[-1].external_id if known else UNSET,
        profile.email,
        profile.first_name,
        profile.last_name,
        profile.phone_numbers,
    )
