"""Client authentication at the token endpoint: who is let in, and that all others are answered alike."""

import base64
import json

import pytest

from tests.support import operator_session
from tests.support.raw import Answer, basic, encoded_basic
from tests.support.target import Header, Target, assert_refused

GRANT = "grant_type=client_credentials"


def header(raw: bytes, scheme: str = "Basic") -> Header:
    """An Authorization header whose base64 holds these bytes."""
    return "Authorization", f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize("client", ["{client_id}", "{moved_id}", "{stopped_id}", "{unknown_client}", ""])
@pytest.mark.parametrize("secret", ["", "&client_secret=", "&client_secret", "&client_secret=%20", "&client_secret=+"])
@pytest.mark.parametrize("in_query", [True, False])
def test_a_missing_or_empty_secret_opens_nothing(target: Target, client: str, secret: str, in_query: bool) -> None:
    """A client without a secret is refused like one with a wrong secret, whether it exists or not."""
    identity = client.format(**target.values).replace("%", "%25").replace("+", "%2B").replace(" ", "+")
    form = f"{GRANT}&client_id={identity}{secret}"
    answer = target.ask_token(form) if in_query else target.ask_token("", form)
    assert_refused(answer, 401, "invalid_client")


@pytest.mark.parametrize("pair", ["{client_id}:", ":", ":{client_secret}", "{moved_id}:", "{unknown_client}:"])
def test_basic_with_an_empty_half_opens_nothing(target: Target, pair: str) -> None:
    """Neither an empty user nor an empty password proves anything."""
    assert_refused(target.ask_token(GRANT, b"", header(pair.format(**target.values).encode())), 401, "invalid_client")


@pytest.mark.parametrize(
    ("query", "body", "with_header"),
    [
        ("client_id={client_id}&client_secret={client_secret}", "", True),
        ("", "client_id={client_id}&client_secret={client_secret}", True),
        ("", "client_secret={client_secret}", True),
        ("client_secret={client_secret}", "", True),
        ("", "client_id={reader_id}", True),
        ("client_id={reader_id}", "", True),
        ("client_id={client_id}", "client_id={client_id}&client_secret={client_secret}", False),
        ("client_id={client_id}&client_secret={client_secret}", "client_secret={client_secret}", False),
        ("client_id={client_id}", "client_secret={client_secret}", True),
        ("", "client_assertion=a.b.c", True),
        ("", "client_assertion_type=x&client_id={client_id}&client_secret={client_secret}", False),
    ],
)
def test_two_ways_of_presenting_credentials_are_one_too_many(
    target: Target, query: str, body: str, with_header: bool
) -> None:
    """Credentials that stand in two places, even equal ones, or that name two clients, are an invalid request."""
    sent = [basic(target.values["client_id"], target.values["client_secret"])] if with_header else []
    answer = target.ask_token(query.format(**target.values), f"{GRANT}&{body}".format(**target.values), *sent)
    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc"])
def test_the_scheme_is_read_without_case(target: Target, scheme: str) -> None:
    """RFC 9110 section 11.1: scheme names have no case."""
    pair = f"{target.values['client_id']}:{target.values['client_secret']}".encode()
    assert target.ask_token(GRANT, b"", header(pair, scheme)).status == 200


def test_basic_halves_are_form_decoded(target: Target) -> None:
    """An id and secret with blanks, plus, percent and colon authenticate when they are form-encoded first."""
    answer = target.ask_token(GRANT, b"", encoded_basic(target.values["moved_id"], target.values["moved_secret"]))
    assert answer.status == 200, answer


def test_basic_halves_that_are_not_encoded_are_taken_too(target: Target) -> None:
    """An imported id and secret with plus and percent authenticate as `curl -u` sends them, and encoded."""
    operator_session.make_partner(target.folder, "raw", client_id="raw+id%", client_secret="a+b%41:c")
    for way in (basic, encoded_basic):
        assert target.ask_token(GRANT, b"", way("raw+id%", "a+b%41:c")).status == 200
    for wrong in ("a+b%41:d", "a b%41:c", "a+bA:c"):
        assert_refused(target.ask_token(GRANT, b"", basic("raw+id%", wrong)), 401, "invalid_client")


@pytest.mark.parametrize(
    "pair",
    [
        b"old partner+1%:a b+c%:/=&?~",  # not form-encoded, so that the id ends at its own colon
        b"old partner%2B1%25%3A:a+b+c%25%3A%2F%3D%26%3F%7E",  # a plus that was not encoded
        b"old+partner%2B1%25%3A%3Aa+b%2Bc%25%3A%2F%3D%26%3F%7E",  # the separating colon encoded away
        b"old+partner%2B1%25%3A:a+b%2Bc%25%3A%2F%3D%26%3F%7E%00",
        b"old+partner%2B1%25%3A:a+b%2Bc%25%3A%2F%3D%26%3F%7E%",
        b"old+partner%2B1%25%3A:a+b%2Bc%25%3A%2F%3D%26%3F%7E%C3%A9",
        b"old+partner%2B1%25%3A:a+b%2Bc%25%3A%2F%3D%26%3F%7E\xe9",
        "id-é:secret-é".encode(),
        b"\xff\xfe:\xff",
        b"no colon",
        b"",
        b"\x00:\x00",
        b"a:" + b"b" * 300,
        b"a" * 8000 + b":b",
    ],
)
def test_basic_halves_that_are_no_credentials_are_refused(target: Target, pair: bytes) -> None:
    """Whatever stands in Basic is refused as a failed authentication, never a crash."""
    assert_refused(target.ask_token(GRANT, b"", header(pair)), 401, "invalid_client")


def _lax(target: Target) -> list[str]:
    good = basic(target.values["client_id"], target.values["client_secret"])[1].partition(" ")[2]
    unpadded = base64.b64encode(f"{target.values['client_id']}:{target.values['client_secret']}".encode()).rstrip(b"=")
    bits = good.rstrip("=")
    return [
        good + "=",
        good + "====",
        bits + "*",
        bits[:10] + " " + bits[10:],
        bits[:10] + "\t" + bits[10:],
        "!" + good,
        bits[:-1] + chr(ord(bits[-1]) + 1) + "=" * (len(good) - len(bits)),
        unpadded.decode() + "\x80",
        good + "," + good,
        '"' + good + '"',
        "",
        "====",
        "Basic " + good,
    ]


@pytest.mark.parametrize("index", range(13))
def test_base64_is_read_strictly(target: Target, index: int) -> None:
    """One pair of credentials has one spelling: stray characters and wrong padding are refused."""
    assert_refused(
        target.ask_token(GRANT, b"", ("Authorization", f"Basic {_lax(target)[index]}")), 401, "invalid_client"
    )


@pytest.mark.parametrize("scheme", ["Digest", "Bearer", "Negotiate", "", "Basic:", "Basi"])
def test_another_scheme_authenticates_nobody(target: Target, scheme: str) -> None:
    """A good pair under another scheme name is worth nothing."""
    pair = basic(target.values["client_id"], target.values["client_secret"])[1].partition(" ")[2]
    assert_refused(target.ask_token(GRANT, b"", ("Authorization", f"{scheme} {pair}")), 401, "invalid_client")


def test_two_authorization_headers_authenticate_nobody(target: Target) -> None:
    """Sent twice, even equal ones, the header proves nothing."""
    good = basic(target.values["client_id"], target.values["client_secret"])
    assert_refused(target.ask_token(GRANT, b"", good, good), 401, "invalid_client")


def _failures(target: Target) -> list[Answer]:
    values = target.values
    pairs = [
        (values["unknown_client"], values["wrong_secret"]),
        (values["client_id"], values["wrong_secret"]),
        (values["client_id"], values["client_secret"][:-1] + "x"),
        (values["client_id"], values["reader_secret"]),
        (values["stopped_id"], values["stopped_secret"]),
        (values["stopped_id"], values["wrong_secret"]),
        (values["careful_id"], values["careful_secret"]),
        (values["client_id"].upper(), values["client_secret"]),
        ("old partner", "a"),
    ]
    queries = [f"{GRANT}&client_id={user}&client_secret={secret}".replace(" ", "+") for user, secret in pairs]
    return [target.ask_token(query) for query in queries]


def test_nothing_tells_why_authentication_failed(target: Target) -> None:
    """Unknown client, wrong secret, disabled client, denied place: one status, one set of headers, one body."""
    answers = [
        Answer(answer.status, [pair for pair in answer.headers if pair[0] not in ("date", "x-request-id")], answer.body)
        for answer in _failures(target)
    ]
    assert_refused(answers[0], 401, "invalid_client")
    assert all(answer == answers[0] for answer in answers)


def test_a_client_kept_from_the_query_string_may_use_the_other_ways(target: Target) -> None:
    """With `deny`, form and Basic still work, and the query string does not."""
    user, secret = target.values["careful_id"], target.values["careful_secret"]
    form = f"client_id={user}&client_secret={secret}"
    assert target.ask_token("", f"{GRANT}&{form}").status == 200
    assert target.ask_token(GRANT, b"", basic(user, secret)).status == 200
    assert_refused(target.ask_token(f"{GRANT}&{form}"), 401, "invalid_client")
    assert_refused(target.ask_token(f"client_id={user}&client_secret={secret}", GRANT), 401, "invalid_client")


def test_there_is_no_refresh_token(target: Target) -> None:
    """RFC 6749 section 4.4.3: the grant answers an access token alone."""
    form = f"{GRANT}&client_id={target.values['client_id']}&client_secret={target.values['client_secret']}"
    assert "refresh_token" not in json.loads(target.ask_token("", form).body)
