"""Looking customers up by what is known of them: exactly, and always by an index."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tessera.app.callers import Caller, own_api_key
from tessera.app.context import Context
from tessera.app.customers.customers import decode_profile, view
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.core import external_ids
from tessera.core.cursors import open_cursor, seal_cursor
from tessera.core.customers import emails
from tessera.core.customers.customers import Customer, Include
from tessera.core.customers.profiles import digits_of, phones
from tessera.core.errors import ArgumentError

PAGE = 100
"""Customers that are read at once where another value has to match as well."""


LISTED = Include(incentives=True, listed=True)


class By(StrEnum):
    """What a customer is looked up by; the first of several leads to the fewest."""

    EXTERNAL_ID = "external_id"
    EMAIL = "email"
    MOBILE_NUMBER = "mobile_number"
    PHONE = "phone"


Sought = Mapping[By, str]
"""Values that must all match, each with what it is."""


class Page(NamedTuple):
    """Some of those found; `next_cursor` is None where the list ends."""

    players: list[msgspec.Raw]
    next_cursor: str | None


async def one(context: Context, caller: Caller, api_key: str, sought: Sought, wanted: Include) -> msgspec.Raw:
    """The profile of the one found, the oldest of several. Raises InvalidAPIKey, UserNotFound, ArgumentError."""
    await own_api_key(context, caller, api_key)
    found = await _found(context, caller.organization, sought, 0, 1)
    return await view(context, caller, found[0] if found else None, wanted)


async def several(
    context: Context,
    caller: Caller,
    api_key: str,
    sought: Sought,
    cursor: str | None,
    limit: int,
    *,
    wanted: Include = LISTED,
) -> Page:
    """A page of those found, the oldest first. Raises InvalidAPIKey, ArgumentError."""
    await own_api_key(context, caller, api_key)
    now = context.clock.now()
    names = [part for by in By if by in sought for part in (by.value, sought[by])]
    purpose: list[str | int] = ["search_users", caller.organization, *names]
    after = 0 if cursor is None else int(open_cursor(context.directory.ring, purpose, cursor, now)[0])
    found = await _found(context, caller.organization, sought, after, limit + 1)
    shown = found[:limit]
    more = len(found) > limit
    following = seal_cursor(context.directory.ring, purpose, (shown[-1].number,), now) if more else None
    return Page([await view(context, caller, each, wanted) for each in shown], following)


async def _found(context: Context, organization: int, sought: Sought, after: int, limit: int) -> list[Customer]:
    """Those for whom every value matches, found by the first of them."""
    for by in (By.MOBILE_NUMBER, By.PHONE):
        if by in sought and not digits_of(sought[by]):
            raise ArgumentError(f"{by} has no digits.", sent=sought[by])
    first, *others = (by for by in By if by in sought)
    page = max(limit, PAGE) if others else limit
    found: list[Customer] = []
    while len(found) < limit:
        candidates = await _candidates(context, organization, first, sought[first], after, page)
        found += [each for each in candidates if all(_matches(each, by, sought[by]) for by in others)]
        if len(candidates) < page:
            break
        after = candidates[-1].number
    return found[:limit]


async def _candidates(
    context: Context, organization: int, by: By, value: str, after: int, limit: int
) -> list[Customer]:
    store = context.store
    if by in (By.PHONE, By.MOBILE_NUMBER):
        mobile = by is By.MOBILE_NUMBER
        digits = digits_of(value)
        return await store.customers_with_phone(organization, digits, mobile=mobile, after=after, limit=limit)
    if by is By.EMAIL:
        found = await store.customer_with_email(organization, emails.folded(value))
    else:
        found = await with_external_id(context, organization, value)
    return [] if found is None or found.number <= after else [found]


def _matches(customer: Customer, by: By, value: str) -> bool:
    """Whether a customer who was found by something else has this value too."""
    if by is By.EXTERNAL_ID:
        return external_ids.normal(value) in [each.external_id for each in customer.external_ids()]
    profile = decode_profile(customer.profile)
    if by is By.EMAIL:
        return isinstance(profile.email, str) and emails.folded(profile.email) == emails.folded(value)
    mobile = phones(profile).get(digits_of(value))
    return mobile is not None and (mobile or by is By.PHONE)
