"""Customers: read them, create one, and the way in which every change of one is made."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import UNSET

from tessera.app.callers import Caller, own_api_key
from tessera.app.context import Context
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.app.loyalty.program_lookup import program, with_program
from tessera.app.loyalty.standing_updates import NO_CUSTOMER, move_named
from tessera.core.changes import (
    AddCustomer,
    AddEvent,
    AddPhone,
    Change,
    ClaimIdentifier,
    ClaimReferrerCode,
    JoinTier,
    RemovePhone,
    ReplaceProfile,
)
from tessera.core.customers import custom_profiles, customers, emails, referrer_codes
from tessera.core.customers.customers import Customer, Include
from tessera.core.customers.identifiers import combined, given
from tessera.core.customers.profiles import NewCustomer, Profile, new_profile, phones
from tessera.core.errors import NOT_SHOWN, UserNotFound, Validation
from tessera.core.event_types import CustomerHappened, CustomerReferred, EventType
from tessera.core.loyalty import tiers
from tessera.core.loyalty.ledger_session import due_at
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, Reason
from tessera.core.text import canonical_id, json_text
from tessera.ports import Conflict

T = TypeVar("T")

INCLUDE_NOTHING = Include()

decode_profile = msgspec.json.Decoder(Profile).decode


class CustomerRef(NamedTuple):
    """A customer as an address names it: by its id, or by any of its external ids."""

    key: str
    external: bool = False


async def read(context: Context, caller: Caller, api_key: str, user_id: str, wanted: Include) -> msgspec.Raw:
    """The profile of a customer by id. Raises InvalidAPIKey, UserNotFound."""
    await own_api_key(context, caller, api_key)
    found = await context.store.customer(caller.organization, user_id)
    return await view(context, caller, found, wanted)


async def read_external(
    context: Context, caller: Caller, api_key: str, external_id: str, wanted: Include
) -> msgspec.Raw:
    """The profile of a customer by any of its external ids. Raises InvalidAPIKey, UserNotFound."""
    await own_api_key(context, caller, api_key)
    found = await with_external_id(context, caller.organization, external_id)
    return await view(context, caller, found, wanted)


async def read_many(
    context: Context, caller: Caller, api_key: str, user_ids: Sequence[str], wanted: Include
) -> list[msgspec.Raw]:
    """The profiles of customers in the order asked for, those left out that are not there. Raises InvalidAPIKey."""
    await own_api_key(context, caller, api_key)
    ids = dict.fromkeys(map(canonical_id, user_ids))
    found = await context.store.customers(caller.organization, list(ids))
    return [await view(context, caller, found[each], wanted) for each in ids if each in found]


async def view(context: Context, caller: Caller, found: Customer | None, wanted: Include) -> msgspec.Raw:
    """The user object of a customer that was looked for. Raises UserNotFound."""
    if found is None:
        raise UserNotFound(NO_CUSTOMER)
    return await with_program(context, caller.organization, lambda loyalty: customers.view(found, loyalty, wanted))


async def find(context: Context, caller: Caller, api_key: str, named: CustomerRef) -> Customer:
    """The customer that an address names. Raises InvalidAPIKey, UserNotFound."""
    await own_api_key(context, caller, api_key)
    if named.external:
        found = await with_external_id(context, caller.organization, named.key)
    else:
        found = await context.store.customer(caller.organization, named.key)
    if found is None:
        raise UserNotFound(NO_CUSTOMER)
    return found


async def change(
    context: Context,
    caller: Caller,
    api_key: str,
    named: CustomerRef,
    decide: Callable[[Customer], Awaitable[tuple[T, list[Change]]]],
) -> T:
    """What `decide` comes to for a customer, once its changes are written and told; none of them, nothing is told.

    Raises InvalidAPIKey, UserNotFound, Unavailable and what `decide` raises. It is asked anew when the customer was
    changed meanwhile.
    """
    loyalty = await program(context, caller.organization)

    async def customer_id() -> str:
        return (await find(context, caller, api_key, named)).id

    async def told(customer: Customer) -> tuple[T, list[Change]]:
        outcome, changes = await decide(customer)
        if changes:
            now = context.clock.now()
            changes.append(happened(context, loyalty, EventType.CUSTOMER_CHANGED, customer.id, now))
        return outcome, changes

    return await move_named(context, caller.organization, customer_id, told)


async def create(
    context: Context, caller: Caller, api_key: str, new: NewCustomer, wanted: Include = INCLUDE_NOTHING
) -> msgspec.Raw:
    """Create a customer, in the lowest level of every tier system; what is wanted of it and what was written.

    Raises InvalidAPIKey, Validation when a rule forbids the profile or its email or external id is taken, and
    ArgumentError for members of the partner's own that cannot be kept.
    """
    await own_api_key(context, caller, api_key)
    customer_id = context.new_uuid()
    loyalty = await program(context, caller.organization)
    try:
        await context.commit(*creation(context, caller.organization, loyalty, customer_id, new))
    except Conflict as conflict:
        raise taken(conflict, new.email) from None
    shown = Include(
        user_profile=wanted.user_profile or isinstance(new.user_profile, dict),
        identifiers=wanted.identifiers or isinstance(new.external_id, str) or bool(new.identifiers),
        incentives=wanted.incentives,
    )
    return await read(context, caller, api_key, customer_id, shown)


def creation(
    context: Context, organization: int, loyalty: Program, customer_id: str, new: NewCustomer, at: int | None = None
) -> list[Change]:
    """The changes that make a new customer, as of `at` (now when None). Raises Validation, ArgumentError."""
    now = context.clock.now() if at is None else at
    profile = new_profile(new, now)
    profile.referrer_code = profile.referrer_code or new_referrer_code(context)
    identifiers = combined([], given(new.external_id, new.external_id_type, new.identifiers))
    memberships = [
        Membership(system.number, system.levels[0].number, context.new_uuid(), now, tiers.evaluation_after(system, now))
        for system in loyalty.systems
    ]
    changes: list[Change] = [
        AddCustomer(
            id=customer_id,
            organization=organization,
            folded_email=_folded(profile),
            profile=json_text(profile),
            standing=json_text(Standing([], memberships)),
            due_at=due_at([], memberships),
            identifiers=json_text(identifiers),
            user_profile=custom_profiles.first(new.user_profile) if isinstance(new.user_profile, dict) else None,
            created_at=now,
        )
    ]
    changes += [ClaimIdentifier(customer_id, organization, each.external_id) for each in identifiers]
    changes.append(ClaimReferrerCode(customer_id, organization, profile.referrer_code))
    changes += [AddPhone(customer_id, organization, digits, int(mobile)) for digits, mobile in phones(profile).items()]
    changes += [
        JoinTier(
            customer_id=customer_id,
            id=each.id,
            tier_system=each.tier_system,
            tier_level=each.tier_level,
            joined_at=each.joined_at,
            reason=Reason.JOINED.value,
        )
        for each in memberships
    ]
    changes.append(happened(context, loyalty, EventType.CUSTOMER_CREATED, customer_id, now))
    changes += referred(context, loyalty, customer_id, profile, now)
    return changes


def new_referrer_code(context: Context) -> str:
    """A referrer code of ours."""
    return referrer_codes.made(context.entropy.random_bytes(referrer_codes.RANDOM_BYTES))


def happened(context: Context, loyalty: Program, kind: EventType, customer_id: str, at: int) -> AddEvent:
    """What others are told of a customer that was created, changed or deleted."""
    told = CustomerHappened(loyalty.retailer_id, customer_id)
    return AddEvent(
        id=context.new_uuid(),
        organization=loyalty.organization,
        kind=kind.value,
        data=json_text(told),
        occurred_at=at,
        user_id=customer_id,
    )


def referred(context: Context, loyalty: Program, customer_id: str, profile: Profile, at: int) -> list[Change]:
    """What others are told of a customer whom a referral brought; nothing when none did."""
    if profile.referral is UNSET or not isinstance(profile.referral.referral_code, str):
        return []
    told = CustomerReferred(loyalty.retailer_id, customer_id, profile.referral.referral_code)
    kind = EventType.CUSTOMER_REFERRED.value
    return [
        AddEvent(
            id=context.new_uuid(),
            organization=loyalty.organization,
            kind=kind,
            data=json_text(told),
            occurred_at=at,
            user_id=customer_id,
        )
    ]


def replacement(organization: int, known: Customer, before: Profile, after: Profile) -> list[Change]:
    """The changes that give a customer another profile, with the phone numbers by which it is found."""
    had, has = phones(before), phones(after)
    return [
        ReplaceProfile(known.number, _folded(after), json_text(after), known.profile),
        *(RemovePhone(known.number, organization, digits) for digits in had if digits not in has),
        *(
            AddPhone(known.id, organization, digits, int(has[digits]))
            for digits in has
            if had.get(digits) != has[digits]
        ),
    ]


def _folded(profile: Profile) -> str | None:
    return emails.folded(profile.email) if isinstance(profile.email, str) else None


def taken(conflict: Conflict, email: object = NOT_SHOWN) -> Validation:
    """The refusal for a customer whose email address, external id or referrer code somebody else has."""
    if isinstance(conflict.change, ClaimIdentifier):
        return Validation("external_id belongs to another customer.", sent=conflict.change.external_id)
    if isinstance(conflict.change, ClaimReferrerCode):
        return Validation("referrer_code belongs to another customer.", sent=conflict.change.code)
    return Validation("email belongs to another customer.", sent=email)
