"""Bearer tokens that were changed, sent twice, or sent in another place than the header."""

import json
from itertools import pairwise

import pytest

from tests.support import raw
from tests.support.raw import Answer, bearer
from tests.support.target import Target


def assert_dead(answer: Answer) -> None:
    """The answer is 401 with both challenges, in the platform's envelope."""
    assert answer.status == 401, answer
    assert json.loads(answer.body)["errors"]["code"] == "invalid_auth_token"
    assert [challenge.split(" ")[0] for challenge in answer.all("www-authenticate")] == ["Basic", "Bearer"]


def flipped(token: str, position: int) -> str:
    """The token with another digit at this place."""
    return token[:position] + f"{int(token[position], 16) ^ 1:x}" + token[position + 1 :]


def test_a_token_with_any_digit_changed_is_dead(target: Target) -> None:
    """Every single position counts, the key number included."""
    token = target.token()
    assert target.read(bearer(token)).status == 200
    for position in range(len(token)):
        assert_dead(target.read(bearer(flipped(token, position))))


@pytest.mark.parametrize("cut", [1, 2, 3, 16, 32, 64, 94, 95])
def test_a_truncated_token_is_dead(target: Target, cut: int) -> None:
    """Short by any number of digits, at its end or its beginning."""
    token = target.token()
    assert_dead(target.read(bearer(token[:-cut])))
    assert_dead(target.read(bearer(token[cut:])))


@pytest.mark.parametrize(
    "more", ["0", "00", "ff" * 16, "=", ".", "%00", "/", "\x80", "\xa0", ",", ", Bearer x", ";a=b", "\t0"]
)
def test_an_extended_token_is_dead(target: Target, more: str) -> None:
    """With anything before or behind it that is not a blank of HTTP."""
    token = target.token()
    assert_dead(target.read(bearer(token + more)))
    assert_dead(target.read(bearer(more + token)))


@pytest.mark.parametrize("place", [1, 2, 48, 95])
@pytest.mark.parametrize("blank", [" ", "\t", "  ", "-", ":", "\x0b"])
def test_a_token_with_something_inside_is_dead(target: Target, place: int, blank: str) -> None:
    """Hexadecimal readers that pass over blanks or separators do not stand here."""
    token = target.token()
    answer = target.read(bearer(token[:place] + blank + token[place:]))
    assert answer.status in (400, 401), answer


def test_a_token_in_another_case_is_dead(target: Target) -> None:
    """A token has one spelling: upper case, or one letter of it, opens nothing."""
    token = target.token()
    letters = [index for index, digit in enumerate(token) if digit.isalpha()]
    assert_dead(target.read(bearer(token.upper())))
    for index in letters[:: max(1, len(letters) // 8)]:
        assert_dead(target.read(bearer(token[:index] + token[index].upper() + token[index + 1 :])))


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Bearer null", "Bearer undefined", "Bearer 00", "Bearer é", "bearer", "Bearertoken"],
)
def test_a_header_without_a_token_is_dead(target: Target, value: str) -> None:
    """Nothing, or a word, is no token."""
    assert_dead(target.read(("Authorization", value)))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_has_no_case(target: Target, scheme: str) -> None:
    """RFC 9110 section 11.1."""
    assert target.read(("Authorization", f"{scheme} {target.token()}")).status == 200


@pytest.mark.parametrize("other", [bearer("00"), ("Authorization", "Basic YTpi")])
def test_two_authorization_headers_are_an_invalid_request(target: Target, other: tuple[str, str]) -> None:
    """Two of them, the good one first or last, or the good one twice, are never a choice of ours."""
    good = bearer(target.token())
    for headers in ((good, other), (other, good), (good, good)):
        assert target.read(*headers).status == 400


def test_a_token_counts_nowhere_but_in_its_header(target: Target) -> None:
    """In the address, a form, JSON, a cookie or another header it is not looked at."""
    token = target.token()
    for name in ("access_token", "bearer_token", "token", "auth_token"):
        assert_dead(target.read(query=f"?{name}={token}"))
    for name in ("Cookie", "X-Access-Token", "X-Auth-Token", "Proxy-Authorization"):
        assert_dead(target.read((name, f"access_token={token}"), (name, f"Bearer {token}")))
    path = "/api/1.0/user_tiers/tier_status"
    for body, kind in (
        (f"access_token={token}".encode(), raw.FORM[1]),
        (json.dumps({"access_token": token}).encode(), "application/json"),
    ):
        assert_dead(raw.ask(target.port, "POST", path, body, [("Content-Type", kind)]))


def test_a_token_in_two_places_is_an_invalid_request(target: Target) -> None:
    """RFC 6750 section 2: one way in one request."""
    token = target.token()
    assert target.read(bearer(token), query=f"?access_token={token}").status == 400


def test_a_token_opens_its_own_organization_only(target: Target) -> None:
    """Another organization's token is refused for our API key, and told nothing about our customers."""
    answer = target.read(bearer(target.token("their")))
    assert answer.status == 401
    assert json.loads(answer.body)["errors"]["code"] == "invalid_api_key"


def test_a_client_secret_is_no_token_and_a_token_no_secret(target: Target) -> None:
    """Credentials of one kind open no door of another."""
    values = target.values
    assert_dead(target.read(bearer(values["client_secret"])))
    assert_dead(target.read(bearer(values["client_id"])))
    assert_dead(target.read(raw.basic(values["client_id"], values["client_secret"])))
    assert_dead(target.read(raw.basic(values["api_key"], target.token())))
    answer = target.ask_token(
        "grant_type=client_credentials", b"", raw.basic(values["api_key"], values["property_secret"])
    )
    assert answer.status == 401


def test_tokens_do_not_repeat(target: Target) -> None:
    """Two thousand tokens of one application differ, each from the others in about half of its bits."""
    tokens = set()
    with raw.Wire(target.port) as wire:
        query = f"grant_type=client_credentials&client_id={target.values['client_id']}"
        asked = raw.request("POST", f"/oauth/token?{query}&client_secret={target.values['client_secret']}")
        for _ in range(2000):
            wire.send(asked)
            answer = wire.answer()
            assert answer is not None
            tokens.add(json.loads(answer.body)["access_token"])
    assert len(tokens) == 2000
    ordered = sorted(tokens)
    bits = [(int(one, 16) ^ int(two, 16)).bit_count() for one, two in pairwise(ordered)]
    assert sum(bits) / len(bits) / (4 * len(ordered[0])) > 0.45
