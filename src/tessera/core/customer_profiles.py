"""Profiles: what may be sent in of a customer, by which rules, and the form in which it is stored.

That form is the one of the wire: texts of at most `TEXT_MAX` characters, times already printed. What a partner may
send is one struct for a new customer and one for an update, where null clears a member.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.core import times
from tessera.core.errors import Validation
from tessera.core.states import state_code

TEXT_MAX = 255
AGE_MIN = 13

NO_CONTROL = r"^[^\x00-\x1f\x7f]*\Z"

Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, pattern=NO_CONTROL)]
Flag = bool | Literal["true", "false"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NO_DIGIT = re.compile(r"[^0-9]+")


class PhoneNumber(msgspec.Struct, frozen=True):
    """A phone number of a customer; numbers need not be unique."""

    phone_number: Text
    phone_type: Text = "mobile"
    preference_flags: Annotated[list[Text], Meta(max_length=20)] = []
    verified_ownership: bool = False


PhoneNumbers = Annotated[list[PhoneNumber], Meta(max_length=20)]
CustomProfile = dict[Text, msgspec.Raw]


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
    phone_numbers: PhoneNumbers | UnsetType = UNSET
    test_account: bool = False
    user_profile: CustomProfile | UnsetType = UNSET


class CustomerUpdate(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """The `user` member of an update: what is left out stays, null clears. An `external_id` is added to the others."""

    external_id: Text | UnsetType = UNSET
    external_id_type: Text = "default"
    email: Text | UnsetType | None = UNSET
    opted_in: Flag | UnsetType | None = UNSET
    gender: Literal["m", "f"] | UnsetType | None = UNSET
    dob: Text | UnsetType | None = UNSET
    address: Text | UnsetType | None = UNSET
    address2: Text | UnsetType | None = UNSET
    city: Text | UnsetType | None = UNSET
    zip: Text | UnsetType | None = UNSET
    dma: Text | UnsetType | None = UNSET
    state: Text | UnsetType | None = UNSET
    country: Text | UnsetType | None = UNSET
    locale: Text | UnsetType | None = UNSET
    suspended: bool | UnsetType | None = UNSET
    last_name: Text | UnsetType | None = UNSET
    first_name: Text | UnsetType | None = UNSET
    referrer_code: Text | UnsetType | None = UNSET
    phone_numbers: PhoneNumbers | UnsetType | None = UNSET
    test_account: bool | UnsetType | None = UNSET
    user_profile: CustomProfile | UnsetType | None = UNSET


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
    profile_photo_url: str = "/images/account-neutral.png"
    test_account: bool = False
    account_status: str = "good"
    referrer_code: str = ""
    phone_numbers: list[PhoneNumber] | UnsetType | None = UNSET


def new_profile(new: NewCustomer, now: int) -> Profile:
    """The profile to store for a new customer.

    Raises Validation naming the field that a rule forbids: neither id nor email, an email or date that is none, a
    country that is no 3-letter code, a customer under 13.
    """
    if new.external_id is UNSET and new.email is UNSET:
        raise Validation(NEITHER)
    stamp = times.core_time(now)
    return Profile(
        opted_in=_flag(new.opted_in, now),
        created_at=stamp,
        updated_at=stamp,
        registered_at=stamp,
        email=UNSET if new.email is UNSET else _email(new.email, now),
        gender=new.gender,
        dob=UNSET if new.dob is UNSET else _birthday(new.dob, now),
        address=new.address,
        address2=new.address2,
        city=new.city,
        zip=new.zip,
        dma=new.dma,
        state=UNSET if new.state is UNSET else state_code(new.state),
        country=UNSET if new.country is UNSET else _country(new.country, now),
        locale=UNSET if new.locale is UNSET else new.locale.lower(),
        last_name=new.last_name,
        first_name=new.first_name,
        test_account=new.test_account,
        referrer_code="" if new.referrer_code is UNSET else new.referrer_code,
        phone_numbers=new.phone_numbers or UNSET,
    )


NEITHER = "Either external_id or email is required."


def updated(profile: Profile, sent: CustomerUpdate, now: int) -> Profile:
    """The profile with what was sent; equal to the former one when that changes nothing.

    Raises Validation as `new_profile` does; whether somebody without external id keeps an email is not looked at here.
    """
    after = msgspec.structs.replace(profile)
    for name in _SETTABLE:
        value = getattr(sent, name)
        if value is None:
            setattr(after, name, _CLEARED.get(name, UNSET))
        elif value is not UNSET:
            rule = _RULES.get(name)
            setattr(after, name, value if rule is None else rule(value, now))
    if after != profile:
        after.updated_at = times.core_time(now)
    return after


def _flag(value: Flag, _now: int) -> bool:
    return value in (True, "true")


def _email(email: str, _now: int) -> str:
    if not _EMAIL.fullmatch(email):
        raise Validation("email is not an email address.")
    return email


def _country(country: str, _now: int) -> str:
    if not (len(country) == 3 and country.isascii() and country.isalpha()):
        raise Validation("country must be a 3-letter code.")
    return country.upper()


def _birthday(dob: str, now: int) -> str:
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


_SETTABLE = [name for name in CustomerUpdate.__struct_fields__ if name in Profile.__struct_fields__]

_RULES: dict[str, Callable[[Any, int], object]] = {
    "opted_in": _flag,
    "email": _email,
    "country": _country,
    "dob": _birthday,
    "state": lambda state, _now: state_code(state),
    "locale": lambda locale, _now: locale.lower(),
    "phone_numbers": lambda numbers, _now: numbers or None,
}
"""What becomes of a member that was sent; the others stay as they came."""

_CLEARED: dict[str, object] = {
    "opted_in": False,
    "suspended": False,
    "test_account": False,
    "referrer_code": "",
    "phone_numbers": None,
}
"""What a member is once it was cleared; the others are absent."""


def folded_email(email: str) -> str:
    """The form under which an email address is unique in its organization."""
    return email.casefold()


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
