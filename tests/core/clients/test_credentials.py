"""Credentials: the matrix of ways to present them, and the strict reading of HTTP Basic."""

import base64
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tessera.core.clients import assertions, credentials
from tessera.core.clients.credentials import Credentials, Place, Presented
from tessera.core.errors import InvalidClient, InvalidRequest
from tessera.core.presented import RequestCredentials
from tests.support import forms

FORM = b"application/x-www-form-urlencoded"


def basic(pair: str) -> bytes:
    """An Authorization value for `user:password` as it stands."""
    return b"Basic " + base64.b64encode(pair.encode())


def present(query: bytes = b"", body: bytes = b"", authorization: bytes | None = None) -> Credentials:
    """What a request with these parts presents."""
    return credentials.present(forms.form(query, body, FORM), RequestCredentials(authorization))


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


def readings(pair: str, query: bytes = b"") -> list[tuple[str, str]]:
    """The readings of an Authorization header, in their order."""
    presented = present(query, authorization=basic(pair))
    assert isinstance(presented, Presented)
    assert {each.place for each in presented.readings} == {Place.BASIC}
    return [(each.client_id, each.client_secret) for each in presented.readings]


@pytest.mark.parametrize(
    ("pair", "decoded"),
    [
        ("i+d:p+w", ("i d", "p w")),
        ("i%2Bd:p%2Bw", ("i+d", "p+w")),
        ("i%3Ad:p:w", ("i:d", "p:w")),
        ("id:p%25w", ("id", "p%w")),
        ("id:a+b", ("id", "a b")),
        ("i+d:pw", ("i d", "pw")),
    ],
)
def test_basic_halves_are_form_encoded_or_raw(pair: str, decoded: tuple[str, str]) -> None:
    """Both halves of Basic are form-decoded once (RFC 6749 section 2.3.1), and taken as they stand; in that order."""
    user, _, password = pair.partition(":")
    assert readings(pair) == [decoded, (user, password)]


@pytest.mark.parametrize("pair", ["id:::", "id:" + "a" * 255, "id:pw", "id:~!@#$^&*()=[]{}|;'\"<>,.?/ `\\"])
def test_a_pair_with_nothing_encoded_has_one_reading(pair: str) -> None:
    """The first colon divides."""
    user, _, password = pair.partition(":")
    assert readings(pair) == [(user, password)]


@pytest.mark.parametrize("pair", ["id:p%w", "id:%", "i%d:pw", "id:%ff", "id:%00", "id:%C3%A9", "i%0Ad:pw"])
def test_what_cannot_be_decoded_is_taken_as_it_stands(pair: str) -> None:
    """The one reading that there is stands there twice: comparing two takes as long as for any other pair."""
    user, _, password = pair.partition(":")
    assert readings(pair) == [(user, password)] * 2


def test_what_can_only_be_decoded_is_decoded() -> None:
    """A half that is too long as it stands has its other reading only, twice."""
    assert readings("id:" + "%41" * 100) == [("id", "A" * 100)] * 2


@pytest.mark.parametrize("character", [chr(code) for code in range(0x20, 0x7F)])
def test_every_character_is_read_raw_and_encoded(character: str) -> None:
    """An id and a secret with any printable character are among the readings, encoded or not, in as many of them."""
    for user, password in (
        (f"i{character}d", "pw"),
        ("id", f"p{character}w"),
        ("id", character),
        ("id", f"p{character}41"),
    ):
        encoded = readings(f"{quote_plus(user, safe='')}:{quote_plus(password, safe='')}")
        assert encoded[0] == (user, password)
        if ":" not in user:
            assert (user, password) in readings(f"{user}:{password}")
        if character in "%+":
            assert len(encoded) == len(readings(f"{user}:{password}")) == 2


def test_the_parameter_client_id_tells_which_is_meant() -> None:
    """Of two readings with different ids the one counts that the parameter names; when none does, it is refused."""
    assert readings("i+d:pw", b"client_id=i+d") == [("i d", "pw")]
    assert readings("i+d:pw", b"client_id=i%2Bd") == [("i+d", "pw")]
    assert readings("id:p+w", b"client_id=id") == [("id", "p w"), ("id", "p+w")]
    with pytest.raises(InvalidRequest):
        readings("i+d:pw", b"client_id=id")


@pytest.mark.parametrize("pair", ["id:\x00", "é:pw", "id:é", "id:\n", "id:é%", "id:%00\x00", "id:" + "%25" * 300])
def test_basic_halves_that_cannot_be_read_are_refused(pair: str) -> None:
    """A control character or a character beyond ASCII, or too many of them, proves nothing in any reading."""
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
