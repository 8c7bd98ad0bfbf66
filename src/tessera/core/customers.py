"""Customer profiles: what is stored, what may be sent in, and the user object that goes out.

A profile is stored in the form of the wire (texts of at most `TEXT_MAX` characters, times already printed), so that
reading one is decoding it and adding what is computed: points and tiers.
"""

import re
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.core import times
from tessera.core.errors import Validation
from tessera.core.loyalty import points, tier_levels, tiers
from tessera.core.loyalty.points import Balance
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, TierLevel, TierSystem
from tessera.core.states import state_code

TEXT_MAX = 255
AGE_MIN = 13

NO_CONTROL = r"^[^\x00-\x1f\x7f]*\Z"

Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, pattern=NO_CONTROL)]
Flag = bool | Literal["true", "false"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class PhoneNumber(msgspec.Struct, frozen=True):
    """A phone number of a customer; numbers need not be unique."""

    phone_number: Text
    phone_type: Text = "mobile"
    preference_flags: Annotated[list[Text], Meta(max_length=20)] = []
    verified_ownership: bool = False


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """One id by which another system knows the customer."""

    external_id: str
    external_id_type: str


class NewCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The `user` member of a create request. Either `external_id` or `email` is required."""

    external_id: Text | UnsetType = UNSET
    external_id_type: Text = "default"
    email: Text | UnsetType = UNSET
    opted_in: Flag = False
    gender: Literal["m", "f"] | UnsetType = UNSET
    dob: Text | UnsetType = UNSET
    address: Text | UnsetType = UNSET
    address2: Text | UnsetType = UNSET
    city: Text | UnsetType = UNSET
    zip: Text | UnsetType = UNSET
    dma: Text | UnsetType = UNSET
    state: Text | UnsetType = UNSET
    country: Text | UnsetType = UNSET
    locale: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    first_name: Text | UnsetType = UNSET
    referrer_code: Text | UnsetType = UNSET
    phone_numbers: Annotated[list[PhoneNumber], Meta(max_length=20)] | UnsetType = UNSET
    test_account: bool = False
    user_profile: dict[Text, msgspec.Raw] | UnsetType = UNSET


class Profile(msgspec.Struct, gc=False):
    """What is stored of a customer, in the form of the wire; unset members are left out."""

    opted_in: bool
    created_at: str
    updated_at: str
    registered_at: str
    activated: bool = True
    proxy_ids: list[str] = []
    unclaimed_achievement_count: int = 0
    email: str | UnsetType = UNSET
    gender: str | UnsetType = UNSET
    dob: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    address2: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    zip: str | UnsetType = UNSET
    dma: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    suspended: bool = False
    last_name: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    profile_photo_url: str = "/images/account-neutral.png"
    test_account: bool = False
    account_status: str = "good"
    referrer_code: str = ""
    phone_numbers: list[PhoneNumber] | UnsetType = UNSET


class TierDetails(msgspec.Struct, frozen=True):
    """What `expand_incentives=true` adds."""

    tier_levels: list[tier_levels.TierLevelView]
    point_account_balances: points.BalancesView


class Computed(msgspec.Struct, gc=False):
    """The members of the user object that are computed when it is read; unset members are left out."""

    id: str
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

    def balances(self) -> dict[int, Balance]:
        """The balances by the number of their point account."""
        return {balance.point_account: balance for balance in self.stands().balances}


class Wanted(msgspec.Struct, frozen=True):
    """The query flags of a profile read."""

    user_profile: bool = False
    identifiers: bool = False
    incentives: bool = False


_encode = msgspec.json.Encoder().encode
_decode_standing = msgspec.json.Decoder(Standing).decode
_decode_identifiers = msgspec.json.Decoder(list[Identifier]).decode


def new_profile(new: NewCustomer, now: int) -> Profile:
    """The profile to store for a new customer.

    Raises Validation naming the field that a rule forbids: neither id nor email, an email or date that is none, a
    country that is no 3-letter code, a customer under 13.
    """
    if new.external_id is UNSET and new.email is UNSET:
        raise Validation("Either external_id or email is required.")
    if new.email is not UNSET and not _EMAIL.fullmatch(new.email):
        raise Validation("email is not an email address.")
    if new.country is not UNSET and not (len(new.country) == 3 and new.country.isascii() and new.country.isalpha()):
        raise Validation("country must be a 3-letter code.")
    stamp = times.core_time(now)
    return Profile(
        opted_in=new.opted_in in (True, "true"),
        created_at=stamp,
        updated_at=stamp,
        registered_at=stamp,
        email=new.email,
        gender=new.gender,
        dob=_birthday(new.dob, now),
        address=new.address,
        address2=new.address2,
        city=new.city,
        zip=new.zip,
        dma=new.dma,
        state=UNSET if new.state is UNSET else state_code(new.state),
        country=UNSET if new.country is UNSET else new.country.upper(),
        locale=UNSET if new.locale is UNSET else new.locale.lower(),
        last_name=new.last_name,
        first_name=new.first_name,
        test_account=new.test_account,
        referrer_code="" if new.referrer_code is UNSET else new.referrer_code,
        phone_numbers=new.phone_numbers,
    )


def _birthday(dob: str | UnsetType, now: int) -> str | UnsetType:
    if dob is UNSET:
        return UNSET
    try:
        born = date.fromisoformat(dob)
    except ValueError:
        born = None
    today = times.on_day(now)
    if born is None or born.isoformat() != dob or born > today:
        raise Validation("dob must be a date that exists, as YYYY-MM-DD.")
    if times.age_in_years(born, today) < AGE_MIN:
        raise Validation(f"dob: a customer must be at least {AGE_MIN} years old.")
    return dob


def folded_email(email: str) -> str:
    """The form under which an email address is unique in its organization."""
    return email.casefold()


def view(customer: Customer, program: Program, wanted: Wanted) -> msgspec.Raw:
    """The user object of a customer, as JSON: what is computed, and after it the profile as it is stored."""
    return msgspec.Raw(b"%b,%b" % (_encode(_computed(customer, program, wanted))[:-1], customer.profile.encode()[1:]))


def _computed(customer: Customer, program: Program, wanted: Wanted) -> Computed:
    standing = customer.stands()
    balances = {balance.point_account: balance for balance in standing.balances}
    user = Computed(customer.id)
    identifiers = _decode_identifiers(customer.identifiers)
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
