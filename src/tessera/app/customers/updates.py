"""Updating a customer: only what changes is written, and what belongs to somebody else is refused."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.customers.customers import (
    CustomerRef,
    change,
    decode_profile,
    new_referrer_code,
    referred,
    replacement,
    view,
)
from tessera.app.loyalty.program_lookup import program
from tessera.core import times
from tessera.core.changes import (
    Change,
    ClaimIdentifier,
    ClaimReferrerCode,
    ReleaseIdentifier,
    ReleaseReferrerCode,
    SetCustomProfile,
    SetIdentifiers,
)
from tessera.core.customers import custom_profiles, emails, profiles, referrer_codes
from tessera.core.customers.customers import Customer, Include
from tessera.core.customers.identifiers import SentIdentifier, combined, given
from tessera.core.customers.profiles import CustomerUpdate, CustomProfile
from tessera.core.errors import Validation
from tessera.core.loyalty.program import Program
from tessera.core.text import json_text

EVERYTHING = Include(user_profile=True, identifiers=True, incentives=True)


class Known(NamedTuple):
    """Customers whom a request or a row of a file is about or names, by external id and by folded email address."""

    by_external_id: dict[str, Customer]
    by_email: dict[str, Customer]


async def known(context: Context, organization: int, external_ids: Sequence[str], addresses: Sequence[str]) -> Known:
    """Those whom these external ids and folded email addresses belong to."""
    store = context.store
    return Known(
        await store.customers_with_external_ids(organization, external_ids) if external_ids else {},
        await store.customers_with_emails(organization, addresses) if addresses else {},
    )


async def update(
    context: Context,
    caller: Caller,
    api_key: str,
    named: CustomerRef,
    sent: CustomerUpdate,
    wanted: Include = EVERYTHING,
) -> msgspec.Raw:
    """Give a customer what was sent; the customer as it is then.

    Raises InvalidAPIKey, UserNotFound, Validation, ArgumentError, NotAvailable.
    """
    loyalty = await program(context, caller.organization)
    ids = given(sent.external_id, sent.external_id_type, sent.identifiers)
    addresses = [emails.folded(sent.email)] if isinstance(sent.email, str) else []

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        others = await known(context, caller.organization, [each.external_id for each in ids], addresses)
        if isinstance(sent.referrer_code, str):
            owner = await context.store.customer_id_with_referrer_code(caller.organization, sent.referrer_code)
            if owner not in (None, customer.id):
                raise Validation("referrer_code belongs to another customer.", sent=sent.referrer_code)
        return updated(context, loyalty, customer, sent, ids, others)

    return await view(context, caller, await change(context, caller, api_key, named, decide), wanted)


def updated(
    context: Context,
    loyalty: Program,
    customer: Customer,
    sent: CustomerUpdate,
    ids: Sequence[SentIdentifier],
    others: Known,
) -> tuple[Customer, list[Change]]:
    """A customer with what was sent, and the changes that make it so; none when that changes nothing.

    `ids` are the identifiers that were sent, in their one form, and `others` whom those and the email address belong
    to. Raises Validation, ArgumentError, NotAvailable.
    """
    organization = loyalty.organization
    customer, claimed = _identify(organization, customer, sent, ids, others)
    customer, customized = _customize(customer, _merged(customer, sent))
    others_changed = [*claimed, *customized]
    customer, changed = _reprofile(context, loyalty, customer, sent, others, touched=bool(others_changed))
    return customer, [*changed, *others_changed]


def _identify(
    organization: int, customer: Customer, sent: CustomerUpdate, ids: Sequence[SentIdentifier], others: Known
) -> tuple[Customer, list[Change]]:
    """Add the external ids that the customer does not have yet, in the place of the former ones if so asked."""
    for each in ids:
        owner = others.by_external_id.get(each.external_id)
        if owner is not None and owner.number != customer.number:
            raise Validation("external_id belongs to another customer.", sent=each.external_id)
    before = customer.external_ids()
    clear = sent.clear_identifiers
    after = combined(before, ids, clear=clear)
    if after == before:
        return customer, []
    had = {each.external_id for each in before}
    text = json_text(after)
    changes: list[Change] = [SetIdentifiers(customer.number, text, customer.identifiers)]
    if clear:  # the order of the rows is that of the list
        changes += [ReleaseIdentifier(customer.number, organization, each) for each in sorted(had)]
        had = set()
    changes += [
        ClaimIdentifier(customer.id, organization, each.external_id) for each in after if each.external_id not in had
    ]
    return msgspec.structs.replace(customer, identifiers=text), changes


def _reprofile(
    context: Context, loyalty: Program, customer: Customer, sent: CustomerUpdate, others: Known, *, touched: bool
) -> tuple[Customer, list[Change]]:
    """The profile with what was sent; `touched` says that something beside it changes, so that it is of now."""
    before = decode_profile(customer.profile)
    now = context.clock.now()
    if sent.referrer_code is None:  # everybody has a code: one of ours stays, another one gives way to one of ours
        ours = referrer_codes.ours(before.referrer_code)
        sent = msgspec.structs.replace(sent, referrer_code=before.referrer_code if ours else new_referrer_code(context))
    if not sent.phone_numbers and before.phone_numbers is UNSET:  # null says that there were some once
        sent = msgspec.structs.replace(sent, phone_numbers=UNSET)
    after = profiles.updated(before, sent, now)
    if touched:
        after.updated_at = times.core_time(now)
    if not isinstance(after.email, str) and not customer.external_ids():
        raise Validation(profiles.NEITHER)
    if after == before:
        return customer, []
    if isinstance(after.email, str) and after.email != before.email:
        owner = others.by_email.get(emails.folded(after.email))
        if owner is not None and owner.number != customer.number:
            raise Validation("email belongs to another customer.", sent=after.email)
    changes = replacement(loyalty.organization, customer, before, after)
    if after.referrer_code != before.referrer_code:
        changes.append(ReleaseReferrerCode(customer.number))
        changes.append(ClaimReferrerCode(customer.id, loyalty.organization, after.referrer_code))
    if after.referral != before.referral:
        changes += referred(context, loyalty, customer.id, after, now)
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
    context: Context, caller: Caller, api_key: str, named: CustomerRef, sent: CustomProfile, *, whole: bool
) -> msgspec.Raw:
    """Replace a custom profile (`whole`) or merge into it; the one that stands then.

    Raises InvalidAPIKey, UserNotFound, Validation, ArgumentError.
    """
    decided = custom_profiles.replaced if whole else custom_profiles.merged

    async def decide(customer: Customer) -> tuple[Customer, list[Change]]:
        return _customize(customer, decided(customer.user_profile, sent))

    return custom_profiles.shown((await change(context, caller, api_key, named, decide)).user_profile)
