"""A customer's standing in the tier systems."""

import msgspec

from tessera.app.callers import Caller, own_retailer, with_program
from tessera.app.customers import NO_CUSTOMER
from tessera.app.house import House
from tessera.core import customers
from tessera.core.errors import NotFound, UserNotFound
from tessera.core.loyalty.tier_levels import TierLevelView


class TierStatus(msgspec.Struct, frozen=True, gc=False):
    """Where a customer stands in each tier system it is in."""

    retailer_id: str
    user_id: str
    tier_levels: list[TierLevelView]


async def status(
    house: House, caller: Caller, retailer_id: str, user_id: str, tier_system_id: str | None
) -> TierStatus:
    """Progress toward the next and the highest tier, in every system or the named one.

    Raises NotFound for a retailer or tier system that is not the caller's, UserNotFound for such a customer.
    """
    program = await own_retailer(house, caller, retailer_id)
    found = await house.store.customer(caller.organization, user_id)
    if found is None:
        raise UserNotFound(NO_CUSTOMER)
    levels = await with_program(house, caller, lambda program: customers.levels(found, program, with_progress=True))
    if tier_system_id is not None:
        if program.system_with_id(tier_system_id) is None:
            raise NotFound("tier_system_id names no tier system of this retailer.")
        levels = [level for level in levels if level.tier_system_id == tier_system_id]
    return TierStatus(retailer_id, user_id, levels)
