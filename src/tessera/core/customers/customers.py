"""Customers: what is stored of one, and the user object that goes out.

A profile is stored in the form of the wire (see `customer_profiles`), so that reading one is decoding it and adding
what is computed: points and tiers.
"""

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core import times
from tessera.core.customers.identifiers import Identifier
from tessera.core.customers.profiles import NewCustomer, PhoneNumber
from tessera.core.loyalty import points, tier_levels, tiers
from tessera.core.loyalty.points import Balance
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, TierLevel, TierSystem
from tessera.core.text import Text


class TierDetails(msgspec.Struct, frozen=True):
    """What `expand_incentives=true` adds."""

    tier_levels: list[tier_levels.TierLevelView]
    point_account_balances: points.BalancesView


class Computed(msgspec.Struct, gc=False):
    """The members of the user object that are computed when it is read; unset members are left out."""

    id: str
    user_id: str | UnsetType = UNSET
    external_id: str | UnsetType = UNSET
    available_points: int | float = 0
    test_points: int | float = 0
    tier: str | UnsetType = UNSET
    tier_system: str | UnsetType = UNSET
    tier_points: int | float | UnsetType = UNSET
    next_tier_points: int | float | UnsetType = UNSET
    tier_ends_value: int | float | UnsetType = UNSET
    tier_entered_at: str | UnsetType = UNSET
    tier_resets_at: str | UnsetType = UNSET
    maintenance_required_points: int | float | UnsetType = UNSET
    maintenance_points: int | float | UnsetType = UNSET
    identifiers: list[Identifier] | UnsetType = UNSET
    user_profile: msgspec.Raw | UnsetType = UNSET
    tier_details: TierDetails | UnsetType = UNSET


class Customer(msgspec.Struct, frozen=True, gc=False):
    """A customer as one read of one row gives it, so all of one moment.

    `profile` and `standing` are what is stored, as JSON text; `identifiers` likewise, in the order of their adding.
    `version` grows with every change of the standing.
    """

    number: int
    id: str
    profile: str
    standing: str
    version: int
    identifiers: str
    user_profile: str | None

    def stands(self) -> Standing:
        """The balances and current memberships."""
        return _decode_standing(self.standing)

    def external_ids(self) -> list[Identifier]:
        """The external ids, the latest last."""
        return _decode_identifiers(self.identifiers)

    def balances(self) -> dict[int, Balance]:
        """The balances by the number of their point account."""
        return {balance.point_account: balance for balance in self.stands().balances}


class Include(msgspec.Struct, frozen=True):
    """The query flags of a profile read; `listed` adds `user_id`, as a list of customers has it."""

    user_profile: bool = False
    identifiers: bool = False
    incentives: bool = False
    listed: bool = False


_encode = msgspec.json.Encoder().encode
_decode_standing = msgspec.json.Decoder(Standing).decode
_decode_identifiers = msgspec.json.Decoder(list[Identifier]).decode


def view(customer: Customer, program: Program, wanted: Include) -> msgspec.Raw:
    """The user object of a customer, as JSON: what is computed, and after it the profile as it is stored."""
    return msgspec.Raw(b"%b,%b" % (_encode(_computed(customer, program, wanted))[:-1], customer.profile.encode()[1:]))


def _computed(customer: Customer, program: Program, wanted: Include) -> Computed:
    standing = customer.stands()
    balances = {balance.point_account: balance for balance in standing.balances}
    user = Computed(customer.id, customer.id if wanted.listed else UNSET)
    identifiers = customer.external_ids()
    if identifiers:
        user.external_id = identifiers[-1].external_id
    user.available_points = points.number(points.available(program.accounts, balances, points.SPEND))
    if standing.memberships:
        _add_tier(user, standing.memberships[0], program, balances)
    if wanted.user_profile and customer.user_profile is not None:
        user.user_profile = msgspec.Raw(customer.user_profile.encode())
    if wanted.identifiers:
        user.identifiers = identifiers
    if wanted.incentives:
        user.tier_details = _tier_details(customer, program)
    return user


def _add_tier(user: Computed, membership: Membership, program: Program, balances: dict[int, Balance]) -> None:
    """The members of the user object that tell the customer's tier, in the first tier system it is in."""
    found = _place(program, membership)
    if found is None:
        return
    system, level = found
    above = system.next_level(level)
    user.tier = level.name
    user.tier_system = system.name
    user.tier_points = points.number(points.available(program.accounts, balances, points.TIER))
    user.next_tier_points = 0
    if above is not None and above.rule is not None:
        missing = above.rule.target - tiers.points_toward(above.rule, balances)
        user.next_tier_points = points.number(max(0, missing))
        user.tier_ends_value = points.number(above.rule.target)
    if level.rule is not None and system.maintenance_days is not None:
        user.maintenance_required_points = points.number(level.rule.keeps_at)
        user.maintenance_points = points.number(tiers.points_toward(level.rule, balances))
    user.tier_entered_at = times.core_time(membership.joined_at)
    user.tier_resets_at = times.core_time(
        membership.next_maintenance_eval_at
        if membership.next_maintenance_eval_at is not None
        else times.year_after(membership.joined_at)
    )


def _place(program: Program, membership: Membership) -> tuple[TierSystem, TierLevel] | None:
    for system in program.systems:
        if system.number == membership.tier_system:
            return system, system.level(membership.tier_level)
    return None


def levels(customer: Customer, program: Program, *, with_progress: bool) -> list[tier_levels.TierLevelView]:
    """The customer's level in each tier system it is in."""
    standing = customer.stands()
    balances = {balance.point_account: balance for balance in standing.balances}
    views = (
        tier_levels.view(program, customer.id, membership, balances, with_progress=with_progress)
        for membership in standing.memberships
    )
    return [level for level in views if level is not None]


def _tier_details(customer: Customer, program: Program) -> TierDetails:
    return TierDetails(
        levels(customer, program, with_progress=False),
        points.view(program.retailer_id, customer.id, program.accounts, customer.balances()),
    )


__all__ = ["Customer", "Identifier", "Include", "NewCustomer", "PhoneNumber", "Text", "levels", "view"]
