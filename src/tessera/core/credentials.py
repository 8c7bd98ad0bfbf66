"""What did the caller present? The query, the body, or HTTP Basic: exactly one of them."""

import binascii
from enum import IntEnum

import msgspec

from tessera.core import wire
from tessera.core.applications import IMPORTED_LENGTH_MAX
from tessera.core.errors import InvalidClient, InvalidRequest
from tessera.core.evidence import Evidence

UNKNOWN_CLIENT = (
    "Client authentication failed: the client id or secret is wrong, or the client may not be used now, "
    "or no credentials were sent."
)
"""One text for every failed authentication, so that it tells nobody which it was."""


class Place(IntEnum):
    """Where a client secret stood."""

    QUERY = 0
    BODY = 1
    BASIC = 2


class Presented(msgspec.Struct, frozen=True, gc=False):
    """A client id and secret, and where the secret stood."""

    client_id: str
    client_secret: str
    place: Place


def present(params: wire.Params, evidence: Evidence) -> Presented:
    """The credentials of an OAuth request (RFC 6749 section 2.3).

    Raises InvalidRequest when more than one way was used, InvalidClient when none was, or one that cannot be read.
    """
    values = params.values
    authorization = evidence.authorization
    secret = values.get("client_secret")
    if "client_assertion" in values or "client_assertion_type" in values:
        raise _assertion_refusal(another_way=secret is not None or authorization is not None)
    if authorization is not None:
        return _basic(params, authorization)
    client_id = values.get("client_id")
    if client_id is None or secret is None:
        raise InvalidClient(UNKNOWN_CLIENT, detail="client_id or client_secret is absent", check="client.absent")
    place = Place.QUERY if "client_secret" in params.in_query else Place.BODY
    return _checked(client_id, secret, place)


def _assertion_refusal(*, another_way: bool) -> InvalidRequest | InvalidClient:
    if another_way:
        return InvalidRequest("Present the client's credentials in one way only.", check="client.two_ways")
    return InvalidClient(UNKNOWN_CLIENT, detail="client assertions are not supported", check="client.assertion")


def _basic(params: wire.Params, authorization: bytes) -> Presented:
    """HTTP Basic, whose two halves are form-encoded (RFC 6749 section 2.3.1)."""
    if "client_secret" in params.values:
        raise InvalidRequest("Present the client's credentials in one way only.", check="client.two_ways")
    pair = basic_pair(authorization)
    if pair is None:
        raise InvalidClient(
            UNKNOWN_CLIENT, detail="the Authorization header is not well-formed Basic", check="client.basic"
        )
    client_id, secret = pair
    try:
        if "%" in client_id or "+" in client_id:
            client_id = wire.decode(client_id)
        if "%" in secret or "+" in secret:
            secret = wire.decode(secret)
    except InvalidRequest as refusal:
        raise InvalidClient(UNKNOWN_CLIENT, detail=f"Basic: {refusal.public}", check="client.basic") from None
    named = params.values.get("client_id")
    if named is not None and named != client_id:
        raise InvalidRequest(
            "The client_id parameter names another client than the Authorization header.", check="client.two_ids"
        )
    if not client_id or not secret:
        raise InvalidClient(UNKNOWN_CLIENT, detail="Basic with an empty user or password", check="client.basic")
    return _checked(client_id, secret, Place.BASIC)


def _checked(client_id: str, secret: str, place: Place) -> Presented:
    if not (wire.printable(client_id, IMPORTED_LENGTH_MAX) and wire.printable(secret, IMPORTED_LENGTH_MAX)):
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
