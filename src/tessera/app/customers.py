"""Customers: read one, create one."""

import msgspec

from tessera.app.books import NO_CUSTOMER
from tessera.app.callers import Caller, own_api_key, program, with_program
from tessera.app.house import House
from tessera.core import customers, own_members
from tessera.core.changes import AddCustomer, AddEvent, Change, ClaimIdentifier, JoinTier
from tessera.core.customers import Customer, Identifier, NewCustomer, Wanted
from tessera.core.errors import UserNotFound, Validation
from tessera.core.loyalty import tiers
from tessera.core.loyalty.book import due_at
from tessera.core.loyalty.happenings import CustomerHappened, Happening
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, Reason
from tessera.ports import Conflict


async def read(house: House, caller: Caller, api_key: str, user_id: str, wanted: Wanted) -> msgspec.Raw:
    """The profile of a customer by id. Raises InvalidAPIKey, UserNotFound."""
    await own_api_key(house, caller, api_key)
    found = await house.store.customer(caller.organization, user_id)
    return await _view(house, caller, found, wanted)


async def read_external(house: House, caller: Caller, api_key: str, external_id: str, wanted: Wanted) -> msgspec.Raw:
    """The profile of a customer by any of its external ids. Raises InvalidAPIKey, UserNotFound."""
    await own_api_key(house, caller, api_key)
    found = await house.store.customer_with_external_id(caller.organization, external_id)
    return await _view(house, caller, found, wanted)


async def _view(house: House, caller: Caller, found: Customer | None, wanted: Wanted) -> msgspec.Raw:
    if found is None:
        raise UserNotFound(NO_CUSTOMER)
    return await with_program(house, caller.organization, lambda loyalty: customers.view(found, loyalty, wanted))


async def create(house: House, caller: Caller, api_key: str, new: NewCustomer) -> msgspec.Raw:
    """Create a customer, in the lowest level of every tier system.

    Raises InvalidAPIKey, Validation when a rule forbids the profile or its email or external id is taken, and
    ArgumentError for members of the partner's own that cannot be kept.
    """
    await own_api_key(house, caller, api_key)
    customer_id = house.new_uuid()
    loyalty = await program(house, caller.organization)
    try:
        await house.commit(*creation(house, caller.organization, loyalty, customer_id, new))
    except Conflict as conflict:
        raise taken(conflict) from None
    return await read(house, caller, api_key, customer_id, Wanted())


def creation(
    house: House, organization: int, loyalty: Program, customer_id: str, new: NewCustomer, at: int | None = None
) -> list[Change]:
    """The changes that make a new customer, as of `at` (now when None). Raises Validation, ArgumentError."""
    now = house.clock.now() if at is None else at
    profile = customers.new_profile(new, now)
    memberships = [
        Membership(system.number, system.levels[0].number, house.new_uuid(), now, tiers.evaluation_after(system, now))
        for system in loyalty.systems
    ]
    external_id = new.external_id if isinstance(new.external_id, str) else None
    identifiers = [] if external_id is None else [Identifier(external_id, new.external_id_type)]
    changes: list[Change] = [
        AddCustomer(
            customer_id,
            organization,
            customers.folded_email(profile.email) if isinstance(profile.email, str) else None,
            json_text(profile),
            json_text(Standing([], memberships)),
            due_at([], memberships),
            json_text(identifiers),
            _custom_profile(new),
            now,
        )
    ]
    if external_id is not None:
        changes.append(ClaimIdentifier(customer_id, organization, external_id))
    changes += [
        JoinTier(customer_id, each.id, each.tier_system, each.tier_level, each.joined_at, Reason.JOINED.value)
        for each in memberships
    ]
    changes.append(happened(house, loyalty, Happening.CUSTOMER_CREATED, customer_id, now))
    return changes


def happened(house: House, loyalty: Program, kind: Happening, customer_id: str, at: int) -> AddEvent:
    """What others are told of a customer that was created, changed or deleted."""
    told = CustomerHappened(loyalty.retailer_id, customer_id)
    return AddEvent(house.new_uuid(), loyalty.organization, kind.value, json_text(told), at)


def json_text(value: object) -> str:
    """A value as the JSON text under which it is stored."""
    return msgspec.json.encode(value).decode()


def _custom_profile(new: NewCustomer) -> str | None:
    if not isinstance(new.user_profile, dict):
        return None
    own_members.check(new.user_profile, "user_profile")
    return json_text({**new.user_profile, "_version": 1})


def taken(conflict: Conflict) -> Validation:
    """The refusal for a customer whose email address or external id somebody else has."""
    if isinstance(conflict.change, ClaimIdentifier):
        return Validation("external_id belongs to another customer.")
    return Validation("email belongs to another customer.")
