"""A customer's standing in the tier systems."""

from typing import NamedTuple

import msgspec

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.loyalty.program_lookup import own_retailer, with_program
from tessera.app.loyalty.standing_updates import NO_CUSTOMER, open_settled
from tessera.app.loyalty.standing_updates import move as movement
from tessera.core.changes import Change
from tessera.core.customers import customers
from tessera.core.customers.customers import Customer
from tessera.core.errors import NotFound, UserNotFound
from tessera.core.loyalty import tier_levels
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tier_levels import TierLevelView
from tessera.core.loyalty.tiers import TierLevel, TierSystem
from tessera.core.text import same_id


class TierStatus(msgspec.Struct, frozen=True, gc=False):
    """Where a customer stands in each tier system it is in."""

    retailer_id: str
    user_id: str
    tier_levels: list[TierLevelView]


async def status(
    context: Context, caller: Caller, retailer_id: str, user_id: str, tier_system_id: str | None
) -> TierStatus:
    """Progress toward the next and the highest tier, in every system or the named one.

    Raises NotFound for a retailer or tier system that is not the caller's, UserNotFound for such a customer.
    """
    program = await own_retailer(context, caller, retailer_id)
    found = await context.store.customer(caller.organization, user_id)
    if found is None:
        raise UserNotFound(NO_CUSTOMER)
    levels = await with_program(
        context, caller.organization, lambda program: customers.levels(found, program, with_progress=True)
    )
    if tier_system_id is not None:
        if program.system_with_id(tier_system_id) is None:
            raise NotFound("tier_system_id names no tier system of this retailer.", sent=tier_system_id)
        levels = [level for level in levels if same_id(level.tier_system_id, tier_system_id)]
    return TierStatus(retailer_id, user_id, levels)


class Place(NamedTuple):
    """A level of a tier system, by their ids."""

    tier_system_id: str
    tier_level_id: str


async def move(context: Context, caller: Caller, retailer_id: str, user_id: str, place: Place) -> TierLevelView:
    """Put a customer into a level, whatever its points; the level as the wire has it.

    It is looked at again as if it had been entered by points. Raises NotFound, UserNotFound.
    """
    await own_retailer(context, caller, retailer_id)

    async def decide(customer: Customer) -> tuple[TierLevelView, list[Change]]:
        session, now = await open_settled(context, caller.organization, customer)
        system, level = _found(session.program, place)
        session.move(system, level, now)
        held = session.membership(system)
        if held is None:
            raise LookupError(f"customer {customer.number} holds no level just after it was moved")
        return tier_levels.in_system(session.program, system, customer.id, held, session.balances), session.close()

    return await movement(context, caller.organization, user_id, decide)


def _found(program: Program, place: Place) -> tuple[TierSystem, TierLevel]:
    system = program.system_with_id(place.tier_system_id)
    if system is None:
        raise NotFound("tier_system_id names no tier system of this retailer.", sent=place.tier_system_id)
    for level in system.levels:
        if same_id(level.id, place.tier_level_id):
            return system, level
    raise NotFound("tier_level_id names no level of this tier system.", sent=place.tier_level_id)
