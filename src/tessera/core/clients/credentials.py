"""What did the caller present? A secret, a signed assertion, or a certificate: exactly one of them, in one place."""

import binascii
import re
from enum import IntEnum
from typing import ClassVar

import msgspec

from tessera.core import wire
from tessera.core.clients import assertions
from tessera.core.clients.applications import IMPORTED_LENGTH_MAX, Application, AuthenticationMethod
from tessera.core.clients.assertions import Signed
from tessera.core.errors import InvalidClient, InvalidRequest
from tessera.core.keys.jws import Malformed
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas

UNKNOWN_CLIENT = (
    "Client authentication failed: the client id or secret is wrong, or the client may not be used now, "
    "or no credentials were sent."
)
"""One text for every failed authentication, so that it tells nobody which it was."""


PARAMETERS = frozenset({"client_id", "client_secret", "client_assertion", "client_assertion_type"})
"""The parameters by which a client authenticates (RFC 6749 section 2.3.1, RFC 7521 section 4.2)."""

_ENCODED = re.compile("[%+]")
"""Characters that mean something else in a form-encoded text."""


SYMMETRIC_ASSERTION = (
    "An assertion that is signed with the client's secret (client_secret_jwt) is not accepted: secrets are held as"
    " digests here, which check no signature. Sign with a private key (private_key_jwt), or send the secret."
)
"""The same for every client, known or not."""


class Place(IntEnum):
    """Where that stood by which a client proves itself; `CONNECTION` is the certificate of its TLS connection."""

    QUERY = 0
    BODY = 1
    BASIC = 2
    CONNECTION = 3


class Presented(msgspec.Struct, frozen=True, gc=False):
    """A client id and secret, and where the secret stood; `raw` is a second reading of the same header."""

    method: ClassVar = AuthenticationMethod.CLIENT_SECRET
    client_id: str
    client_secret: str
    place: Place
    raw: "Presented | None" = None

    @property
    def readings(self) -> "tuple[Presented, ...]":
        """All readings of the header, the likelier one first."""
        return (self,) if self.raw is None else (self, self.raw)


class Assertion(msgspec.Struct, frozen=True, gc=False):
    """A text that the client signed with its private key, and where it stood."""

    method: ClassVar = AuthenticationMethod.PRIVATE_KEY_JWT
    client_id: str
    signed: Signed
    place: Place


class Certificate(msgspec.Struct, frozen=True, gc=False):
    """A client id, and the certificate of the connection with those above it (RFC 8705 section 2)."""

    method: ClassVar = AuthenticationMethod.TLS
    client_id: str
    certificate: bytes
    chain: tuple[bytes, ...]
    place: Place = Place.CONNECTION


Credentials = Presented | Assertion | Certificate
"""What a client may prove itself with, exactly one of them in a request."""


def present(params: wire.Params, request_credentials: RequestCredentials) -> Credentials:
    """The credentials of an OAuth request (RFC 6749 section 2.3).

    Raises InvalidRequest when more than one way was used, InvalidClient when none was, or one that cannot be read.
    """
    values = params.values
    authorization = request_credentials.authorization
    secret = values.get("client_secret")
    if "client_assertion" in values or "client_assertion_type" in values:
        if secret is not None or authorization is not None:
            raise InvalidRequest("Present the client's credentials in one way only.")
        return _assertion(params)
    if authorization is not None:
        return _basic(params, authorization)
    client_id = values.get("client_id")
    if client_id is None:
        raise InvalidClient(UNKNOWN_CLIENT, detail="client_id is absent", check="client.credentials")
    if secret is None:
        if request_credentials.certificate is None:
            raise InvalidClient(UNKNOWN_CLIENT, detail="client_secret is absent", check="client.credentials")
        return Certificate(client_id, request_credentials.certificate, request_credentials.chain)
    place = Place.QUERY if "client_secret" in params.in_query else Place.BODY
    return _checked(client_id, secret, place)


def _assertion(params: wire.Params) -> Assertion:
    """RFC 7521 section 4.2: an assertion of the one type there is, which names the client that the request does."""
    text = params.values.get("client_assertion")
    if text is None or params.values.get("client_assertion_type") != assertions.TYPE:
        raise InvalidRequest(
            f"Send client_assertion, with client_assertion_type={assertions.TYPE}.", check="assertion.form"
        )
    try:
        signed = assertions.read(text)
    except assertions.Symmetric as reason:
        raise InvalidClient(SYMMETRIC_ASSERTION, detail=str(reason), check="assertion.symmetric") from None
    except Malformed as reason:
        raise InvalidClient(UNKNOWN_CLIENT, detail=f"the assertion: {reason}", check="assertion.form") from None
    named = params.values.get("client_id")
    if named is not None and named != signed.client_id:
        raise InvalidRequest("The client_id parameter names another client than the assertion.", check="client.two_ids")
    place = Place.QUERY if "client_assertion" in params.in_query else Place.BODY
    return Assertion(signed.client_id, signed, place)


def _basic(params: wire.Params, authorization: bytes) -> Presented:
    """HTTP Basic, whose two halves are form-encoded (RFC 6749 section 2.3.1), or as many clients send them, raw.

    These are two readings where a half has a percent sign or a plus, which only imported ids and secrets can have. One
    that no id or secret can be is left out, and so is one that the parameter `client_id` contradicts.
    """
    if "client_secret" in params.values:
        raise InvalidRequest("Present the client's credentials in one way only.", check="client.two_ways")
    pair = basic_pair(authorization)
    if pair is None:
        raise InvalidClient(
            UNKNOWN_CLIENT, detail="the Authorization header is not well-formed Basic", check="client.basic"
        )
    if not all(pair):
        raise InvalidClient(UNKNOWN_CLIENT, detail="Basic with an empty user or password", check="client.basic")
    named = params.values.get("client_id")
    readings = [each for each in _readings(*pair) if named is None or named == each.client_id]
    if not readings:
        raise InvalidRequest(
            "The client_id parameter names another client than the Authorization header.", check="client.two_ids"
        )
    first, *others = readings
    return msgspec.structs.replace(first, raw=others[0]) if others else first


def _readings(user: str, password: str) -> list[Presented]:
    """Readings of a pair, the RFC's first: one where nothing in it is encoded, and otherwise two.

    The only reading that an id and a secret can be stands there twice, so that comparing takes the same time. Raises
    InvalidClient when neither is one.
    """
    if not _ENCODED.search(user) and not _ENCODED.search(password):
        return [_checked(user, password, Place.BASIC)]
    readings, faults = [], []
    for decode in (wire.decode, str):
        try:
            readings.append(_checked(decode(user), decode(password), Place.BASIC))
        except InvalidRequest as refusal:
            faults.append(InvalidClient(UNKNOWN_CLIENT, detail=f"Basic: {refusal.public}", check="client.basic"))
        except InvalidClient as refusal:
            faults.append(refusal)
    if not readings:
        raise faults[0]
    return readings if len(readings) > 1 else readings * 2


def _checked(client_id: str, secret: str, place: Place) -> Presented:
    both = client_id + secret
    long = len(client_id) > IMPORTED_LENGTH_MAX or len(secret) > IMPORTED_LENGTH_MAX
    if long or not (both.isascii() and both.isprintable()):
        raise InvalidClient(
            UNKNOWN_CLIENT,
            detail="an id or secret is not printable ASCII of at most 255 characters",
            check="client.characters",
        )
    return Presented(client_id, secret, place)


def basic_pair(authorization: bytes) -> tuple[str, str] | None:
    """User and password of an `Authorization: Basic` value (RFC 7617), or None when it is not one.

    Base64 is read strictly: stray characters, wrong padding and left-over bits are refused, so that one pair has
    one spelling.
    """
    if authorization[:6].lower() != b"basic ":
        return None
    encoded = authorization[6:].strip(b" ")
    try:
        raw = binascii.a2b_base64(encoded)
        user, colon, password = raw.decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not colon or binascii.b2a_base64(raw, newline=False) != encoded:
        return None
    return user, password


def bearer(authorization: bytes) -> str | None:
    """The token of an `Authorization: Bearer` value (RFC 6750 section 2.1), or None when it is not one."""
    if authorization[:7].lower() != b"bearer ":
        return None
    return authorization[7:].strip(b" ").decode("latin-1")


class Authenticated(msgspec.Struct, frozen=True, gc=False):
    """An application that has proved itself, with which credential (by number), and how it presented that.

    `assertion` is what it signed for that, which is still to be used up. `quotas` are those of its limits.
    """

    application: Application
    credential: int
    place: Place
    assertion: Assertion | None = None
    quotas: Quotas = ()

    @property
    def client(self) -> str:
        """Its client id."""
        return self.application.client_id
