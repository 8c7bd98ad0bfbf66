"""Credentials: the matrix of ways to present them, and the strict reading of HTTP Basic."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core import assertions, credentials, wire
from tessera.core.credentials import Credentials, Place, Presented
from tessera.core.errors import InvalidClient, InvalidRequest
from tessera.core.evidence import Evidence

FORM = b"application/x-www-form-urlencoded"


def basic(pair: str) -> bytes:
    """An Authorization value for `user:password` as it stands."""
    return b"Basic " + base64.b64encode(pair.encode())


def present(query: bytes = b"", body: bytes = b"", authorization: bytes | None = None) -> Credentials:
    """What a request with these parts presents."""
    return credentials.present(wire.form(query, body, FORM), Evidence(authorization))


ID_AND_SECRET = b"client_id=id&client_secret=pw"
JWT_BEARER = b"client_assertion_type=" + assertions.TYPE.encode()


@pytest.mark.parametrize(
    ("query", "body", "authorization", "place"),
    [
        (ID_AND_SECRET, b"", None, Place.QUERY),
        (b"", ID_AND_SECRET, None, Place.BODY),
        (b"client_id=id", b"client_secret=pw", None, Place.BODY),
        (b"client_secret=pw", b"client_id=id", None, Place.QUERY),
        (b"", b"", basic("id:pw"), Place.BASIC),
        (b"client_id=id", b"", basic("id:pw"), Place.BASIC),
        (b"", b"client_id=id", basic("id:pw"), Place.BASIC),
        (b"client_secret=", b"", basic("id:pw"), Place.BASIC),
        (b"", b"", basic("id:pw").replace(b"Basic", b"bAsIc"), Place.BASIC),
    ],
)
def test_one_way_is_accepted(query: bytes, body: bytes, authorization: bytes | None, place: Place) -> None:
    """Each of the ways alone is accepted, and the place is where the secret stood."""
    assert present(query, body, authorization) == Presented("id", "pw", place)


@pytest.mark.parametrize(
    ("query", "body", "authorization"),
    [
        (ID_AND_SECRET, b"", basic("id:pw")),
        (b"", ID_AND_SECRET, basic("id:pw")),
        (b"client_secret=pw", b"", basic("id:pw")),
        (b"client_secret=pw", b"", b"Bearer abc"),
        (b"client_id=other", b"", basic("id:pw")),
        (b"client_id=ID", b"", basic("id:pw")),
        (b"", b"client_id=other", basic("id:pw")),
        (b"client_assertion=a&client_secret=pw", b"", None),
        (b"client_assertion=a", b"", basic("id:pw")),
        (b"client_assertion_type=a", b"client_secret=pw", None),
    ],
)
def test_two_ways_at_once_are_refused(query: bytes, body: bytes, authorization: bytes) -> None:
    """Two ways at once are refused as malformed, even when they agree."""
    with pytest.raises(InvalidRequest):
        present(query, body, authorization)


@pytest.mark.parametrize(
    ("query", "authorization"),
    [
        (b"", None),
        (b"client_id=id", None),
        (b"client_secret=pw", None),
        (b"client_id=id&client_secret=", None),
        (b"client_id=&client_secret=pw", None),
        (JWT_BEARER + b"&client_assertion=a", None),
        (JWT_BEARER + b"&client_assertion=a.b.c&client_id=id", None),
        (b"", b""),
        (b"", b"Bearer abc"),
        (b"", b"Basic"),
        (b"", b"Basic "),
        (b"client_id=id", b"Digest x"),
        (b"", basic(":pw")),
        (b"", basic("id:")),
        (b"", basic("idpw")),
        (b"client_id=" + b"a" * 256 + b"&client_secret=pw", None),
        (b"client_id=id&client_secret=" + b"a" * 256, None),
        (b"client_id=id&client_secret=%C3%A9", None),
        (b"client_id=%C3%A9&client_secret=pw", None),
    ],
)
def test_what_proves_nothing_is_refused_with_one_text(query: bytes, authorization: bytes | None) -> None:
    """Absent, unreadable and impossible credentials get the one text of every failed authentication."""
    with pytest.raises(InvalidClient) as refusal:
        present(query, b"", authorization)

    assert refusal.value.public == credentials.UNKNOWN_CLIENT


@pytest.mark.parametrize(
    ("pair", "client_id", "secret"),
    [
        ("i+d:p+w", "i d", "p w"),
        ("i%2Bd:p%2Bw", "i+d", "p+w"),
        ("i%3Ad:p:w", "i:d", "p:w"),
        ("id:p%25w", "id", "p%w"),
        ("id:::", "id", "::"),
        ("id:" + "a" * 255, "id", "a" * 255),
    ],
)
def test_basic_halves_are_form_encoded(pair: str, client_id: str, secret: str) -> None:
    """Both halves of Basic are form-decoded once (RFC 6749 section 2.3.1); the first colon divides."""
    assert present(authorization=basic(pair)) == Presented(client_id, secret, Place.BASIC)


@pytest.mark.parametrize(
    "pair", ["id:p%w", "id:%", "i%d:pw", "id:%ff", "id:%00", "id:\x00", "é:pw", "id:é", "id:%C3%A9", "id:\n"]
)
def test_basic_halves_that_cannot_be_read_are_refused(pair: str) -> None:
    """A half with a bad percent sign, a control character or a character beyond ASCII proves nothing."""
    with pytest.raises(InvalidClient):
        present(authorization=basic(pair))


@pytest.mark.parametrize(
    "value",
    [
        b"Basic aWQ6cHc",  # padding missing
        b"Basic aWQ6cHc==",  # padding wrong
        b"Basic aWQ6cHd=",  # left-over bits
        b"Basic aWQ6 cHc=",  # blank inside
        b"Basic aWQ6\tcHc=",
        b"Basic aWQ6-cHc=",  # a character of another alphabet
        b"Basic aWQ6cHc=\n",
        b"Basic\taWQ6cHc=",
        b"BasicaWQ6cHc=",
        b"Basic \xff\xfe",
        b"Basic aWQ6cHc=aWQ6cHc=",
        b"Basic ====",
    ],
)
def test_base64_has_one_spelling(value: bytes) -> None:
    """Lax base64 is refused, so that one pair has one spelling."""
    assert credentials.basic_pair(b"Basic aWQ6cHc=") == ("id", "pw")
    assert credentials.basic_pair(value) is None


@given(st.binary(max_size=40))
def test_basic_reads_only_what_encodes_back(raw: bytes) -> None:
    """A value that is read encodes back to exactly the value that came."""
    value = b"Basic " + raw
    pair = credentials.basic_pair(value)

    assert pair is None or basic(":".join(pair)) == b"Basic " + raw.strip(b" ")


@pytest.mark.parametrize(
    ("value", "token"),
    [
        (b"Bearer abc", "abc"),
        (b"bearer abc", "abc"),
        (b"BEARER  abc ", "abc"),
        (b"Bearer ", ""),
        (b"Bearer", None),
        (b"Bearerabc", None),
        (b"Basic abc", None),
        (b"", None),
        (b"Bearer \xff", "\xff"),
    ],
)
def test_bearer(value: bytes, token: str | None) -> None:
    """A bearer token is what follows the scheme, compared without case, and one or more blanks."""
    assert credentials.bearer(value) == token
