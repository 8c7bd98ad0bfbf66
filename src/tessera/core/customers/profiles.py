"""Profiles: what may be sent in of a customer, by which rules, and the form in which it is stored.

That form is the one of the wire: texts of at most `TEXT_MAX` characters, times already printed. What a partner may
send is one struct for a new customer and one for an update, where null clears a member.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.core import text, times
from tessera.core.customers import countries, emails
from tessera.core.customers.identifiers import IDENTIFIERS_MAX, SentIdentifier
from tessera.core.customers.us_states import state_code
from tessera.core.errors import NotAvailable, Validation
from tessera.core.text import Line, Text

AGE_MIN = 13

PHOTO = "/images/account-neutral.png"
"""The picture of a customer who has none."""

_NO_DIGIT = re.compile(r"[^0-9]+")
_PHOTO = re.compile(r"(?:https?://[^/\s]|/(?!/))\S*")


class PhoneNumber(msgspec.Struct, frozen=True):
    """A phone number of a customer; numbers need not be unique."""

    phone_number: Line
    phone_type: Line = "mobile"
    preference_flags: Annotated[list[Line], Meta(max_length=20)] = []
    verified_ownership: bool = False


class StoredPhoneNumber(msgspec.Struct, frozen=True, gc=False):
    """A phone number of a customer as it is stored, whatever rules it came in by."""

    phone_number: str
    phone_type: str
    preference_flags: list[str]
    verified_ownership: bool


class Referral(msgspec.Struct, frozen=True):
    """Who brought the customer: the `referrer_code` of another one, as it was sent."""

    referral_code: Line | UnsetType | None = UNSET


PhoneNumbers = Annotated[list[PhoneNumber], Meta(max_length=20)]
CustomProfile = dict[Text, msgspec.Raw]
Identifiers = Annotated[
    list[SentIdentifier], Meta(max_length=IDENTIFIERS_MAX, description="The latest last; any of them finds.")
]
Gender = Annotated[Line, Meta(description="`f` or `m`, or the word.", examples=["f"])]
Country = Annotated[Line, Meta(description="A 3-letter or 2-letter code of ISO 3166.", examples=["USA"])]
Photo = Annotated[Line, Meta(description="An http address or a path.", examples=[PHOTO])]
AuthToken = Annotated[bool, Meta(description="`true` is refused: there are no tokens of customers yet.")]


class NewCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The `user` member of a create request. `external_id`, `identifiers` or `email` is required."""

    external_id: Text | UnsetType = UNSET
    external_id_type: Line | UnsetType = UNSET
    identifiers: Identifiers | UnsetType = UNSET
    email: Text | UnsetType = UNSET
    opted_in: bool = True
    gender: Gender | UnsetType = UNSET
    dob: Line | UnsetType = UNSET
    address: Line | UnsetType = UNSET
    address2: Line | UnsetType = UNSET
    city: Line | UnsetType = UNSET
    zip: Line | UnsetType = UNSET
    dma: Line | UnsetType = UNSET
    state: Line | UnsetType = UNSET
    country: Country | UnsetType = UNSET
    locale: Line | UnsetType = UNSET
    suspended: bool = False
    last_name: Line | UnsetType = UNSET
    first_name: Line | UnsetType = UNSET
    profile_photo_url: Photo | UnsetType = UNSET
    referrer_code: Line | UnsetType = UNSET
    referral: Referral | UnsetType = UNSET
    phone_numbers: PhoneNumbers | UnsetType = UNSET
    test_account: bool = False
    user_profile: CustomProfile | UnsetType = UNSET
    auth_token: AuthToken | UnsetType = UNSET


class CustomerUpdate(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The `user` member of an update: what is left out stays, null clears.

    An `external_id`, and each of the `identifiers`, is added to those that the customer has; `clear_identifiers` takes
    those away first.
    """

    external_id: Text | UnsetType = UNSET
    external_id_type: Line | UnsetType = UNSET
    identifiers: Identifiers | UnsetType = UNSET
    clear_identifiers: bool = False
    email: Text | UnsetType | None = UNSET
    opted_in: bool | UnsetType | None = UNSET
    gender: Gender | UnsetType | None = UNSET
    dob: Line | UnsetType | None = UNSET
    address: Line | UnsetType | None = UNSET
    address2: Line | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    zip: Line | UnsetType | None = UNSET
    dma: Line | UnsetType | None = UNSET
    state: Line | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    locale: Line | UnsetType | None = UNSET
    suspended: bool | UnsetType | None = UNSET
    last_name: Line | UnsetType | None = UNSET
    first_name: Line | UnsetType | None = UNSET
    profile_photo_url: Photo | UnsetType | None = UNSET
    referrer_code: Line | UnsetType | None = UNSET
    referral: Referral | UnsetType | None = UNSET
    phone_numbers: PhoneNumbers | UnsetType | None = UNSET
    test_account: bool | UnsetType | None = UNSET
    user_profile: CustomProfile | UnsetType | None = UNSET
    auth_token: AuthToken | UnsetType = UNSET


class Profile(msgspec.Struct, gc=False):
    """What is stored of a customer, in the form of the wire; unset members are left out.

    Phone numbers that were cleared are null, the one exception.
    """

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
    profile_photo_url: str = PHOTO
    test_account: bool = False
    account_status: str = "good"
    referrer_code: str = ""
    phone_numbers: list[StoredPhoneNumber] | UnsetType | None = UNSET
    referral: Referral | UnsetType = UNSET


FLAGS = tuple(each.name for each in msgspec.structs.fields(Profile) if each.type is bool and each.name != "activated")
"""Members that are always true or false: a file cannot clear one."""

NEITHER = "Either external_id or email is required."


def new_profile(new: NewCustomer, now: int) -> Profile:
    """The profile to store for a new customer.

    Raises Validation naming the field that a rule forbids (neither id nor email, an email or date that is none, a code
    that cannot be mapped, a customer under 13), and NotAvailable.
    """
    if new.external_id is UNSET and new.email is UNSET and not new.identifiers:
        raise Validation(NEITHER)
    return ruled(new, now)


def ruled(new: NewCustomer, now: int) -> Profile:
    """The profile of a new customer who may lack a name so far. Raises as `new_profile` does for each member."""
    offer_no_token(new.auth_token)
    stamp = times.core_time(now)
    profile = Profile(opted_in=True, created_at=stamp, updated_at=stamp, registered_at=stamp)
    for name in _SETTABLE_AT_FIRST:
        value = getattr(new, name)
        if value is not UNSET:
            setattr(profile, name, _ruled(name, value, now))
    if profile.phone_numbers is None:
        profile.phone_numbers = UNSET
    return profile


def updated(profile: Profile, sent: CustomerUpdate, now: int) -> Profile:
    """The profile with what was sent; equal to the former one when that changes nothing.

    A member is not held to a rule for standing there already, so that what was read can be sent back. Raises as
    `new_profile` does; whether somebody without external id keeps an email is not looked at here.
    """
    offer_no_token(sent.auth_token)
    after = msgspec.structs.replace(profile)
    for name in _SETTABLE:
        value = getattr(sent, name)
        if value is None:
            setattr(after, name, _CLEARED.get(name, UNSET))
        elif value is not UNSET and value != getattr(profile, name):
            setattr(after, name, _ruled(name, value, now))
    if sent.referral is not UNSET and sent.referral is not None and sent.referral.referral_code is UNSET:
        after.referral = profile.referral
    if after != profile:
        after.updated_at = times.core_time(now)
    return after


def offer_no_token(auth_token: "bool | UnsetType") -> None:
    """Raises NotAvailable when a token of a customer is asked for: there are none yet."""
    if auth_token is True:
        raise NotAvailable("auth_token is not available: there are no tokens of customers yet. Leave it out.")


def _ruled(name: str, value: object, now: int) -> object:
    rule = _RULES.get(name)
    return value if rule is None else rule(value, now)


def _email(email: str, _now: int) -> str:
    emails.check(email)
    return email


def _gender(gender: str, _now: int) -> str:
    found = _GENDERS.get(gender.lower())
    if found is None:
        raise Validation("gender must be f, female, m or male.", sent=gender)
    return found


def _country(country: str, _now: int) -> str:
    code = countries.code(country)
    if code is None:
        raise Validation("country must be a 3-letter code or a 2-letter code of ISO 3166, as USA or US.", sent=country)
    return code


def _locale(locale: str, _now: int) -> str:
    lower = locale.lower()  # which may be longer
    if len(lower) > text.TEXT_MAX:
        raise Validation(f"locale must have at most {text.TEXT_MAX} characters in lower case.")
    return lower


def _photo(address: str, _now: int) -> str:
    if not _PHOTO.fullmatch(address):
        raise Validation(
            "profile_photo_url must be an http or https address, or a path that begins with /.", sent=address
        )
    return address


def _birthday(dob: str, now: int) -> str:
    try:
        born = date.fromisoformat(dob)
    except ValueError:
        born = None
    today = times.on_day(now)
    if born is None or born.isoformat() != dob or born > today:
        raise Validation("dob must be a date that exists, as YYYY-MM-DD.", sent=dob)
    if times.age_in_years(born, today) < AGE_MIN:
        raise Validation(f"dob: a customer must be at least {AGE_MIN} years old.", sent=dob)
    return dob


def _phone_numbers(numbers: list[PhoneNumber], _now: int) -> list[StoredPhoneNumber] | None:
    return [StoredPhoneNumber(*msgspec.structs.astuple(number)) for number in numbers] or None


_SETTABLE = [name for name in CustomerUpdate.__struct_fields__ if name in Profile.__struct_fields__]
_SETTABLE_AT_FIRST = [name for name in NewCustomer.__struct_fields__ if name in Profile.__struct_fields__]

_GENDERS = {"f": "f", "female": "f", "m": "m", "male": "m"}

_RULES: dict[str, Callable[[Any, int], object]] = {
    "email": _email,
    "gender": _gender,
    "country": _country,
    "dob": _birthday,
    "profile_photo_url": _photo,
    "state": lambda state, _now: state_code(state),
    "locale": _locale,
    "phone_numbers": _phone_numbers,
    "referral": lambda referral, _now: referral if referral.referral_code else UNSET,
}
"""What becomes of a member that was sent; the others stay as they came."""

_CLEARED: dict[str, object] = {
    "opted_in": False,
    "suspended": False,
    "test_account": False,
    "profile_photo_url": PHOTO,
    "referrer_code": "",
    "phone_numbers": None,
}
"""What a member is once it was cleared; the others are absent."""


def digits_of(phone_number: str) -> str:
    """The digits of a phone number, by which it is found; empty when it has none."""
    return _NO_DIGIT.sub("", phone_number)


def phones(profile: Profile) -> dict[str, bool]:
    """The digits by which the customer is found, each with whether it is a mobile number."""
    found: dict[str, bool] = {}
    for each in profile.phone_numbers or ():
        digits = digits_of(each.phone_number)
        if digits:
            found[digits] = found.get(digits, False) or each.phone_type == "mobile"
    return found
