"""Signed texts: JSON Web Signatures in the compact form (RFC 7515). The keys that check them are in `public_keys`.

Only what this service needs, and nothing that was ever abused: no `none`, no symmetric algorithm, no key that the
signed text itself brings (but for a DPoP proof, whose reader takes it by hand), no critical extension, no encryption.
Each key checks the algorithms of its own kind only, so that no text can choose how it is checked.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key

LENGTH_MAX = 4096
"""Characters of a signed text, beyond which it is not looked at."""

HEADER_LENGTH_MAX = 1024
"""Characters of its header."""

HEADERS_REMEMBERED_MAX = 1024
"""Headers remembered as read: a client's are alike, whatever it signs."""

_COORDINATE_BYTES = 32
_ECDSA = ec.ECDSA(SHA256())

_LACKING = re.compile(r"missing required field `([\w#]+)`")
_AT = re.compile(r"- at `\$\.([\w#]+)")
"""How msgspec names a member of ours that is absent, or whose value has another type."""

T = TypeVar("T")


class Algorithm(StrEnum):
    """The signature algorithms we know (RFC 7518, RFC 8037); Ed25519 has two names (RFC 9864)."""

    EDDSA = "EdDSA"
    ED25519 = "Ed25519"
    ES256 = "ES256"
    PS256 = "PS256"
    RS256 = "RS256"


ALGORITHMS = tuple(Algorithm)

PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class Malformed(ValueError):
    """It is no signed text, or no key, that we read; the text says why and quotes nothing of it."""


class Header(msgspec.Struct, frozen=True, gc=False, rename={"x5t_s256": "x5t#S256"}):
    """The members of a header that RFC 7515 section 4.1 defines, each of its type; null is as good as absent.

    `jwk` is JSON, still to be read. Members beyond these are passed over.
    """

    alg: str
    kid: str | None = None
    typ: str | None = None
    cty: str | None = None
    jku: str | None = None
    jwk: msgspec.Raw = msgspec.Raw()
    x5u: str | None = None
    x5c: list[str] | None = None
    x5t: str | None = None
    x5t_s256: str | None = None
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Unverified(msgspec.Struct, frozen=True, gc=False):
    """A signed text taken apart; nothing in it is to be believed before `verify`. Others may share its header."""

    header: Header
    payload: bytes
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """The algorithm that the header names, which may be none of ours."""
        return self.header.alg


class VerifyingKey(msgspec.Struct, frozen=True):
    """A public key and the algorithms it may be used with; `key_id` is its `kid`, when it has one."""

    key: PublicKey
    algorithms: tuple[Algorithm, ...]
    key_id: str | None


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return str(_encoded(raw), "ascii")


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def decode(text: str) -> bytes:
    """The inverse of `encode`, for the one spelling that `encode` gives. Raises Malformed."""
    return _decoded(_ascii(text))


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed("a part is not base64url") from None


def _decoded(part: bytes) -> bytes:
    try:
        raw = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise Malformed("a part is not base64url") from None
    # The library skips characters of no alphabet, padding in the middle and unused bits: encoding again finds them all.
    if _encoded(raw) != part:
        raise Malformed("a part is not base64url in its one spelling")
    return raw


def split(text: str) -> Unverified:
    """Take a signed text apart. Raises Malformed for anything else, or when it names what has to be understood."""
    if len(text) > LENGTH_MAX:
        raise Malformed("it is too long")
    raw = _ascii(text)
    parts = raw.split(b".")
    if len(parts) != 3:  # header, payload, signature
        raise Malformed("it does not have three parts")
    head, body, signature = parts
    if len(head) > HEADER_LENGTH_MAX:
        raise Malformed("its header is too long")
    return Unverified(_header(head), _decoded(body), raw[: len(head) + 1 + len(body)], _decoded(signature))


_HEADER = msgspec.json.Decoder(Header)


@lru_cache(maxsize=HEADERS_REMEMBERED_MAX)
def _header(head: bytes) -> Header:
    header = members(_HEADER, _decoded(head), "its header")
    if header.crit is not msgspec.UNSET:
        raise Malformed("its header has critical members, and we know none")
    return header


def members(decoder: msgspec.json.Decoder[T], raw: bytes, called: str) -> T:
    """Decode a JSON object that a stranger wrote, each member of the type it must have.

    Raises Malformed, and nothing else, whatever the bytes are; the text names the member, which is one of ours.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise Malformed(f"{called} {_fault(str(error))}") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Malformed(f"{called} is not a JSON object") from None


def _fault(text: str) -> str:
    """Reduce a validation message to the name of the member: the rest may hold what was sent."""
    lacking = _LACKING.search(text)
    if lacking:
        return f"lacks {lacking[1]}"
    at = _AT.search(text)
    return f"has {at[1]} of the wrong type" if at else "is not a JSON object"


def verify(text: Unverified, key: VerifyingKey, allowed: Collection[str] = ALGORITHMS) -> bool:
    """Whether this key signed it, by an algorithm of the key's own that is allowed here."""
    algorithm = text.algorithm
    if algorithm not in allowed or algorithm not in key.algorithms:
        return False
    try:
        _CHECKS[algorithm](key.key, text.signature, text.signed)
    except InvalidSignature:
        return False
    return True


def _check_ed25519(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed)


def _check_es256(key: Any, signature: bytes, signed: bytes) -> None:
    if len(signature) != 2 * _COORDINATE_BYTES:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:_COORDINATE_BYTES]), int.from_bytes(signature[_COORDINATE_BYTES:])
    key.verify(encode_dss_signature(r, s), signed, _ECDSA)


def _check_ps256(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())


def _check_rs256(key: Any, signature: bytes, signed: bytes) -> None:
    key.verify(signature, signed, padding.PKCS1v15(), SHA256())


_CHECKS: dict[str, Callable[[Any, bytes, bytes], None]] = {
    Algorithm.EDDSA: _check_ed25519,
    Algorithm.ED25519: _check_ed25519,
    Algorithm.ES256: _check_es256,
    Algorithm.PS256: _check_ps256,
    Algorithm.RS256: _check_rs256,
}
"""How a signature of each algorithm is checked; the key is of its kind. What is wrong raises InvalidSignature."""


def private_key(material: bytes) -> PrivateKey:
    """The private key of these bytes (PKCS #8, DER), which are ours and were not tampered with.

    Raises Malformed when they are a key of a kind that does not sign, ValueError when they are none.
    """
    key = load_der_private_key(material, None, unsafe_skip_rsa_key_validation=True)  # which would take half a second
    if not isinstance(key, PrivateKey):
        raise Malformed("it is no key that signs")
    return key


def sign(header: dict[str, Any], payload: bytes, key: PrivateKey, algorithm: Algorithm) -> str:
    """A signed text; `header` has everything but the algorithm."""
    return signed(head(header, algorithm), payload, key, algorithm)


def head(header: dict[str, Any], algorithm: Algorithm) -> bytes:
    """The first part of a signed text and the dot behind it: the same for all texts with the same header."""
    return encode(msgspec.json.encode({"alg": algorithm, **header})).encode("ascii") + b"."


def signed(head: bytes, payload: bytes, key: PrivateKey, algorithm: Algorithm) -> str:
    """A signed text with this first part, which names this algorithm."""
    text = head + _encoded(payload)
    return str(b"%b.%b" % (text, _encoded(_SIGNATURES[algorithm](key, text))), "ascii")


def _sign_ed25519(key: Any, text: bytes) -> bytes:
    signature: bytes = key.sign(text)
    return signature


def _sign_es256(key: Any, text: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(text, _ECDSA))
    return r.to_bytes(_COORDINATE_BYTES) + s.to_bytes(_COORDINATE_BYTES)


def _sign_ps256(key: Any, text: bytes) -> bytes:
    signature: bytes = key.sign(text, padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256())
    return signature


def _sign_rs256(key: Any, text: bytes) -> bytes:
    signature: bytes = key.sign(text, padding.PKCS1v15(), SHA256())
    return signature


_SIGNATURES: dict[Algorithm, Callable[[Any, bytes], bytes]] = {
    Algorithm.EDDSA: _sign_ed25519,
    Algorithm.ED25519: _sign_ed25519,
    Algorithm.ES256: _sign_es256,
    Algorithm.PS256: _sign_ps256,
    Algorithm.RS256: _sign_rs256,
}
"""How each algorithm signs; the key is one of its kind."""
