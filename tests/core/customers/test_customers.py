"""New customers: which profiles a rule forbids, and in which form the others are stored."""

import iso3166
import msgspec
import pytest

from tessera.core.customers import countries, profiles
from tessera.core.customers.customers import NewCustomer
from tessera.core.errors import Validation

NOW = 1_709_210_096_000_000
"""2024-02-29 12:34:56 UTC: a leap day."""

_DECODER = msgspec.json.Decoder(NewCustomer)


def stored(body: str) -> dict[str, object]:
    """The profile that a `user` member leads to, as it is stored."""
    profile = profiles.new_profile(_DECODER.decode(body), NOW)
    members: dict[str, object] = msgspec.json.decode(msgspec.json.encode(profile))
    return members


@pytest.mark.parametrize(
    ("dob", "allowed"),
    [
        ("2011-02-28", True),
        ("2011-03-01", False),
        ("2008-02-29", True),
        ("1900-01-01", True),
        ("2024-02-29", False),
        ("2012-02-29", False),
    ],
)
def test_a_customer_is_thirteen_to_the_day(dob: str, allowed: bool) -> None:
    """A customer is refused up to the day before the thirteenth birthday, and taken on it."""
    body = f'{{"external_id": "x", "dob": "{dob}"}}'
    if allowed:
        assert stored(body)["dob"] == dob
    else:
        with pytest.raises(Validation, match=r"^dob: a customer must be at least 13"):
            stored(body)


@pytest.mark.parametrize(
    "dob",
    ["2001-02-29", "2000-13-01", "2000-00-10", "20000131", "2000-1-31", "2000-W01-1", "2000-031", "31.01.2000",
     "2024-03-01", "2000-01-31T00:00", "yesterday!", "\uff12000-01-01", "+200-01-01"],
)  # fmt: skip
def test_a_date_that_is_none_is_refused(dob: str) -> None:
    """A day that does not exist, lies in the future, or has another form is refused."""
    with pytest.raises(Validation, match="dob must be a date"):
        stored(f'{{"external_id": "x", "dob": "{dob}"}}')


@pytest.mark.parametrize("email", ["a", "a@", "@b.c", "a@b", "a b@c.de", "a@@b.c", "a@b.", "a@b.c ", "a@b.c@d.e"])
def test_what_is_no_email_address_is_refused(email: str) -> None:
    """A text that cannot be an email address is refused."""
    with pytest.raises(Validation, match="email is not an email address"):
        stored(f'{{"email": "{email}"}}')


@pytest.mark.parametrize("email", ["a@b.c", "first.last+tag@sub.domain.example", "ü@ü.example", "O'Neill@x.example"])
def test_email_addresses_are_kept_as_they_came(email: str) -> None:
    """An email address is stored as it came; only its folded form is compared."""
    assert stored(f'{{"email": "{email}"}}')["email"] == email


@pytest.mark.parametrize(
    ("country", "code"),
    [("usa", "USA"), ("US", "USA"), ("it", "ITA"), ("Uk", "GBR"), ("gb", "GBR"), ("XK", "XKX"), ("el", "GRC")],
)
def test_two_letters_of_a_country_become_three(country: str, code: str) -> None:
    """A 2-letter code of ISO 3166 goes out as the 3-letter code, which is taken as well, in any case."""
    assert stored(f'{{"external_id": "x", "country": "{country}"}}')["country"] == code


def test_every_country_has_two_codes() -> None:
    """All 249 countries of ISO 3166-1, and Kosovo, whose codes are in use, are found by both of their codes."""
    listed = {country.alpha2: country.alpha3 for country in iso3166.countries}
    assert len(set(listed.values())) == 249 + 1
    for two, three in listed.items():
        assert countries.code(two) == countries.code(two.lower()) == countries.code(three) == three


@pytest.mark.parametrize(
    ("gender", "code"), [("f", "f"), ("F", "f"), ("Female", "f"), ("m", "m"), ("M", "m"), ("MALE", "m")]
)
def test_words_of_a_gender_become_letters(gender: str, code: str) -> None:
    """The letter and the word are taken, in any case, and the letter goes out."""
    assert stored(f'{{"external_id": "x", "gender": "{gender}"}}')["gender"] == code


@pytest.mark.parametrize("gender", ["x", "w", "fem", "männlich", "f m"])
def test_another_gender_is_refused_by_name(gender: str) -> None:
    """What cannot be mapped is refused, with the choices."""
    with pytest.raises(Validation, match="gender must be f, female, m or male"):
        stored(f'{{"external_id": "x", "gender": "{gender}"}}')


@pytest.mark.parametrize("country", ["XX", "zz", "QQQ", "zzz", "UKK", "U", "1", "USAA", "U1A", "U A", "ÜSA", "usä"])
def test_a_country_is_a_three_letter_code(country: str) -> None:
    """A country that is no 3-letter code is refused."""
    with pytest.raises(Validation, match="country must be"):
        stored(f'{{"external_id": "x", "country": "{country}"}}')


@pytest.mark.parametrize(
    ("state", "code"),
    [("New York", "NY"), ("new york", "NY"), ("OREGON", "OR"), ("ny", "NY"), ("NY", "NY"), ("Bavaria", "Bavaria"),
     ("District of Columbia", "DC"), ("x", "x")],
)  # fmt: skip
def test_states_go_out_as_codes(state: str, code: str) -> None:
    """A state's full name becomes its 2-letter code; a name that is not known is kept."""
    assert stored(f'{{"external_id": "x", "state": "{state}"}}')["state"] == code


@pytest.mark.parametrize(
    "member",
    ['"opted_in": "yes"', '"opted_in": 1', '"gender": null', '"first_name": ""', '"first_name": 1',
     '"first_name": "a\\u0000b"', '"first_name": "a\\n"', f'"first_name": "{"a" * 256}"', '"phone_numbers": {}',
     '"phone_numbers": [{"phone_type": "x"}]', '"user_profile": []', '"test_account": "true"', '"email": null'],
)  # fmt: skip
def test_values_of_a_wrong_form_do_not_decode(member: str) -> None:
    """Wrong types, empty and over-long texts, and control characters are refused when the body is read."""
    with pytest.raises(msgspec.ValidationError):
        _DECODER.decode(f'{{"external_id": "x", {member}}}')


def test_an_id_or_an_address_is_needed() -> None:
    """A customer needs an external id or an email address."""
    with pytest.raises(Validation, match="Either external_id or email"):
        stored('{"first_name": "Ada"}')


def test_the_least_profile() -> None:
    """What was not sent is left out of what is stored; everything else has its default."""
    stamp = "2024-02-29 12:34:56"

    assert stored('{"external_id": "x"}') == {
        "opted_in": True,
        "created_at": stamp,
        "updated_at": stamp,
        "registered_at": stamp,
        "activated": True,
        "proxy_ids": [],
        "unclaimed_achievement_count": 0,
        "suspended": False,
        "profile_photo_url": "/images/account-neutral.png",
        "test_account": False,
        "account_status": "good",
        "referrer_code": "",
    }


def test_the_fullest_profile() -> None:
    """Everything that was sent is stored, country in upper case and locale in lower."""
    sent: dict[str, object] = {
        "email": "ada@customers.example", "gender": "f", "dob": "1990-01-31", "address": "1 Street", "address2": "b",
        "city": "Springfield", "zip": "01234", "dma": "5", "last_name": "Alfieri", "first_name": "Ada 'Ä' \\ \"x\"",
        "referrer_code": "r", "test_account": True, "opted_in": True,
    }  # fmt: skip
    body = sent | {"country": "usa", "locale": "EN-us", "phone_numbers": [{"phone_number": "+1"}], "unknown": 1}
    profile = stored(msgspec.json.encode(body).decode())

    assert sent.items() <= profile.items()
    assert (profile["country"], profile["locale"]) == ("USA", "en-us")
    assert profile["phone_numbers"] == [
        {"phone_number": "+1", "phone_type": "mobile", "preference_flags": [], "verified_ownership": False}
    ]
    assert "unknown" not in profile
