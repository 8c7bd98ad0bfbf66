"""Client assertions: a client proves who it is by a text that it signed (RFC 7523, and its successor 7523bis)."""

import hashlib
from typing import NamedTuple

import msgspec

from tessera.core import wire
from tessera.core.clients import signing_methods
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import ALGORITHMS, Malformed, Unverified, VerifyingKey
from tessera.core.times import SECOND

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""The only `client_assertion_type` there is (RFC 7523 section 2.2)."""

LIFE_SECONDS_MAX = 3600
"""Longest time until an assertion's end; until then it is remembered."""

SKEW_SECONDS = 30
"""How far a client's clock may be ahead of ours."""

NAME_LENGTH_MAX = 255
"""Characters of a client id, and of what an assertion is called by its maker (`jti`)."""

SYMMETRIC = ("HS256", "HS384", "HS512")
"""Algorithms that sign with the client's secret."""

_MEDIA_TYPES = ("jwt", "client-authentication+jwt")


class Claims(msgspec.Struct, frozen=True, gc=False):
    """What an assertion says, each claim of its type (RFC 7519 section 4.1); times in seconds since the epoch."""

    iss: str
    sub: str
    exp: int | float
    jti: str
    aud: str | list[str] | None = None
    iat: int | float | None = None
    nbf: int | float | None = None


class Signed(msgspec.Struct, frozen=True, gc=False):
    """A signed text by which a client wants to prove itself: nothing in it is to be believed before it is checked."""

    client_id: str
    text: Unverified
    claims: Claims

    @property
    def key_id(self) -> str | None:
        """Which of its keys the client says it signed with."""
        return self.text.header.kid

    @property
    def ends_at(self) -> int:
        """The microsecond from which on nobody takes it any more."""
        return int(self.claims.exp * SECOND)


_CLAIMS = msgspec.json.Decoder(Claims)


class Symmetric(Malformed):
    """It was signed with the client's secret."""


def read(text: str) -> Signed:
    """Take an assertion apart. Raises Malformed for what nobody may prove himself with, whoever signed it.

    Raises Symmetric for one that was signed with a secret: secrets are held as digests, which check no signature.
    """
    split = jws.split(text)
    if split.algorithm in SYMMETRIC:
        raise Symmetric("it was signed with a secret")
    if split.algorithm not in ALGORITHMS:
        raise Malformed("its algorithm is none that we take")
    kind = "JWT" if split.header.typ is None else split.header.typ
    if kind.lower().removeprefix("application/") not in _MEDIA_TYPES:
        raise Malformed("its typ is that of another kind of text")
    claims = jws.members(_CLAIMS, split.payload, "what it says")
    if claims.iss != claims.sub:
        raise Malformed("iss and sub differ")
    for name in (claims.sub, claims.jti):
        if not 0 < len(name) <= NAME_LENGTH_MAX:
            raise Malformed(f"sub and jti have 1 to {NAME_LENGTH_MAX} characters")
    if not wire.printable(claims.sub, NAME_LENGTH_MAX):
        raise Malformed("sub has characters that no client id has")
    return Signed(claims.sub, split, claims)


def may_be_of(key: VerifyingKey, algorithm: str, key_id: str | None) -> bool:
    """Whether a key may have signed: it is for this algorithm, and has no name or the one that is given, if any."""
    return algorithm in key.algorithms and (key_id is None or key.key_id is None or key.key_id == key_id)


class Terms(NamedTuple):
    """Terms that an assertion has to keep to: the algorithms, the audience, and the moment.

    `addresses` has the issuer first. `strict` asks for that alone; otherwise the token endpoint will do, or `endpoint`,
    the path that is asked, at any of the addresses.
    """

    algorithms: tuple[str, ...]
    addresses: tuple[str, ...]
    endpoint: str
    strict: bool
    now: int


def fault(assertion: Signed, terms: Terms) -> str:
    """Why an assertion, whoever signed it, is not taken; empty when it is."""
    claims, now = assertion.claims, terms.now
    if assertion.text.algorithm not in terms.algorithms:
        return f"its algorithm is none that the client may sign with ({', '.join(terms.algorithms)})"
    if not signing_methods.addressed_to(claims.aud, terms.addresses, terms.endpoint, strict=terms.strict):
        others = "" if terms.strict else ", nor the address of the token endpoint or of the one that was asked"
        return f"aud is not the issuer, {terms.addresses[0]}, as a sole text{others}"
    latest = (now + SKEW_SECONDS * SECOND) / SECOND
    if claims.exp * SECOND <= now:
        return "it has expired"
    if claims.exp > now / SECOND + LIFE_SECONDS_MAX + SKEW_SECONDS:
        return f"it ends more than {LIFE_SECONDS_MAX} seconds from now"
    if claims.iat is not None and claims.iat > latest:
        return "it was issued in the future"
    if claims.nbf is not None and claims.nbf > latest:
        return "it is not valid yet"
    return ""


def _dummies() -> dict[str, VerifyingKey]:
    """Public keys that nobody has the other half of, or that standards print: they check in vain."""
    modulus = 1 << 2047 | int.from_bytes(b"".join(hashlib.sha256(bytes([place])).digest() for place in range(8))) | 1
    known = (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
        },
        {"kty": "RSA", "n": jws.encode(modulus.to_bytes(256)), "e": "AQAB"},
    )
    return {name: key for key in map(public_keys.verifying_key, known) for name in key.algorithms}


_DUMMIES = _dummies()


def verify_dummy(assertion: Signed) -> None:
    """The work of one check, whose outcome says nothing: so that time does not tell which clients are known."""
    jws.verify(assertion.text, _DUMMIES[assertion.text.algorithm])
