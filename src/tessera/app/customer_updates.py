"""Updating a customer: only what changes is written, and what belongs to somebody else is refused."""

import msgspec

from tessera.app.callers import Caller
from tessera.app.customers import Named, change, decode_profile, json_text, replacement, view
from tessera.app.house import House
from tessera.core import custom_profiles, customer_profiles, times
from tessera.core.changes import Change, ClaimIdentifier, SetCustomProfile, SetIdentifiers
from tessera.core.customer_profiles import CustomerUpdate, CustomProfile
from tessera.core.customers import Customer, Identifier, Wanted
from tessera.core.errors import Validation

IDENTIFIERS_MAX = 100
"""External ids that one customer may have."""


async def update(
    house: House, caller: Caller, api_key: str, named: Named, sent: CustomerUpdate, wanted: Wanted
) -> msgspec.Raw:
    """Give a customer what was sent. Raises InvalidAPIKey, UserNotFound, Validation, ArgumentError."""

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        customer, claimed = await _identify(house, caller.organization, customer, sent)
        customer, customized = _customize(customer, _merged(customer, sent))
        others = [*claimed, *customized]
        customer, changed = await _reprofile(house, caller.organization, customer, sent, touched=bool(others))
        return customer, [*changed, *others]

    return await view(house, caller, await change(house, caller, api_key, named, decide), wanted)


async def _identify(
    house: House, organization: int, customer: Customer, sent: CustomerUpdate
) -> tuple[Customer, list[Change]]:
    """Add the external id, unless the customer has it already."""
    external_id = sent.external_id
    if not isinstance(external_id, str):
        return customer, []
    owner = await house.store.customer_with_external_id(organization, external_id)
    if owner is not None and owner.number != customer.number:
        raise Validation("external_id belongs to another customer.")
    if owner is not None:
        return customer, []
    known = customer.external_ids()
    if len(known) >= IDENTIFIERS_MAX:
        raise Validation(f"external_id: a customer has at most {IDENTIFIERS_MAX}.")
    text = json_text([*known, Identifier(external_id, sent.external_id_type)])
    return msgspec.structs.replace(customer, identifiers=text), [
        SetIdentifiers(customer.number, text, customer.identifiers),
        ClaimIdentifier(customer.id, organization, external_id),
    ]


async def _reprofile(
    house: House, organization: int, customer: Customer, sent: CustomerUpdate, *, touched: bool
) -> tuple[Customer, list[Change]]:
    """The profile with what was sent; `touched` says that something beside it changes, so that it is of now."""
    before = decode_profile(customer.profile)
    now = house.clock.now()
    after = customer_profiles.updated(before, sent, now)
    if touched:
        after.updated_at = times.core_time(now)
    if after == before:
        return customer, []
    if not isinstance(after.email, str):
        if not customer.external_ids():
            raise Validation(customer_profiles.NEITHER)
    elif after.email != before.email:
        owner = await house.store.customer_id_with_email(organization, customer_profiles.folded_email(after.email))
        if owner not in (None, customer.id):
            raise Validation("email belongs to another customer.")
    changes = replacement(organization, customer, before, after)
    return msgspec.structs.replace(customer, profile=json_text(after)), changes


def _merged(customer: Customer, sent: CustomerUpdate) -> str | None:
    """The custom profile after what was sent of it, as an update of it alone merges; null empties it."""
    if sent.user_profile is None:
        return custom_profiles.replaced(customer.user_profile, {})
    if isinstance(sent.user_profile, dict):
        return custom_profiles.merged(customer.user_profile, sent.user_profile)
    return None


def _customize(customer: Customer, after: str | None) -> tuple[Customer, list[Change]]:
    if after is None:
        return customer, []
    change = SetCustomProfile(customer.number, after, customer.user_profile)
    return msgspec.structs.replace(customer, user_profile=after), [change]


async def customize(
    house: House, caller: Caller, api_key: str, named: Named, sent: CustomProfile, *, whole: bool
) -> msgspec.Raw:
    """Replace a custom profile (`whole`) or merge into it; the one that stands then.

    Raises InvalidAPIKey, UserNotFound, Validation, ArgumentError.
    """
    decided = custom_profiles.replaced if whole else custom_profiles.merged

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        return _customize(customer, decided(customer.user_profile, sent))

    return custom_profiles.shown((await change(house, caller, api_key, named, decide)).user_profile)
