"""Partial updates: what is sent changes, null clears, and everything else stays."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core import leniency, times
from tessera.core.customers import profiles
from tessera.core.customers.profiles import CustomerUpdate, NewCustomer, Profile
from tessera.core.errors import Validation

NOW = 1_709_210_096_000_000
LATER = NOW + 86_400_000_000

TEXT = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "email": TEXT.map(lambda text: f"{text}@x.example"),
    "gender": st.sampled_from(["m", "f"]),
    "dob": st.dates(min_value=times.on_day(0), max_value=times.on_day(NOW))
    .map(str)
    .filter(lambda day: day < "2011-02-28"),
    "opted_in": st.sampled_from([True, False, "true", "No"]),
    "suspended": st.booleans(),
    "test_account": st.booleans(),
    "country": st.sampled_from(["usa", "ITA"]),
    "state": st.sampled_from(["Oregon", "NY", "Bavaria"]),
    "locale": st.sampled_from(["en-US", "it"]),
    "phone_numbers": st.lists(TEXT.map(lambda text: {"phone_number": text}), max_size=2),
    **dict.fromkeys(("address", "address2", "city", "zip", "dma", "last_name", "first_name", "referrer_code"), TEXT),
}
UPDATES = st.fixed_dictionaries({}, optional={name: st.none() | strategy for name, strategy in MEMBERS.items()})
STORED: dict[str, dict[Any, object]] = {
    "country": {"usa": "USA"},
    "state": {"Oregon": "OR"},
    "locale": {"en-US": "en-us"},
    "opted_in": {"true": True, "No": False},
}
CLEARED = {"opted_in": False, "suspended": False, "test_account": False, "referrer_code": "", "phone_numbers": None}


def applied(profile: Profile, update: dict[str, Any]) -> Profile:
    """The profile after an update, as a request has it."""
    sent = leniency.decode(msgspec.json.Decoder(CustomerUpdate), msgspec.json.encode(update))
    return profiles.updated(profile, sent, LATER)


def shown(profile: Profile) -> dict[str, Any]:
    """The profile as it is stored."""
    members: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(profile))
    return members


def expected(before: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """What should be stored, member by member."""
    after = dict(before)
    for name, value in update.items():
        if value is None or value == []:
            after.pop(name, None)
            if name in CLEARED:
                after[name] = CLEARED[name]
        elif name == "phone_numbers":
            whole = {"phone_type": "mobile", "preference_flags": [], "verified_ownership": False}
            after[name] = [{**each, **whole} for each in value]
        else:
            after[name] = STORED.get(name, {}).get(value, value) if not isinstance(value, bool) else value
    if after != before:
        after["updated_at"] = times.core_time(LATER)
    return after


@given(UPDATES, UPDATES)
def test_an_update_changes_what_it_says_and_nothing_else(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Whatever stood there: each member sent is as sent (or cleared), each other as it was; time moves on change."""
    profile = applied(profiles.new_profile(NewCustomer(external_id="x"), NOW), first)
    before = shown(profile)
    after = applied(profile, second)
    assert shown(after) == expected(before, second)
    assert shown(profile) == before
    assert applied(after, second) == after


@pytest.mark.parametrize(
    ("update", "part"),
    [
        ({"email": "nobody"}, "email is not"),
        ({"dob": "2012-01-01"}, "at least 13"),
        ({"dob": "2001-02-30"}, "dob must be"),
        ({"country": "Italia"}, "country must be"),
    ],
)
def test_the_rules_are_those_of_creating(update: dict[str, Any], part: str) -> None:
    """A value that a new customer cannot have, a known one does not get."""
    profile = profiles.new_profile(NewCustomer(external_id="x"), NOW)
    with pytest.raises(Validation, match=part):
        applied(profile, update)


@pytest.mark.parametrize(
    ("number", "digits"),
    [("+1 (202) 555-0100", "12025550100"), ("12025550100", "12025550100"), ("home", ""), ("\u0661\u0662 3", "3")],
)
def test_phone_numbers_are_known_by_their_digits(number: str, digits: str) -> None:
    """However a number is written, its digits find it; one without digits is not found."""
    assert profiles.digits_of(number) == digits
    profile = applied(
        profiles.new_profile(NewCustomer(external_id="x"), NOW),
        {"phone_numbers": [{"phone_number": number, "phone_type": "home"}, {"phone_number": number}]},
    )
    assert profiles.phones(profile) == ({digits: True} if digits else {})
