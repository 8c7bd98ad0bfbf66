"""Signed texts: JSON Web Signatures in the compact form (RFC 7515), and the keys that make and check them.

Only what this service needs, and nothing that was ever abused: no `none`, no symmetric algorithm, no key that the
signed text itself brings (but for a DPoP proof, whose reader takes it by hand), no critical extension, no encryption.
Each key checks the algorithms of its own kind only, so that no text can choose how it is checked.
"""

import binascii
import hashlib
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_public_key

LENGTH_MAX = 4096
"""Characters of a signed text, beyond which it is not looked at."""

HEADER_LENGTH_MAX = 1024
"""Characters of its header."""

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 4096
RSA_EXPONENT_BITS_MAX = 32
"""A long exponent would make checking as slow as signing."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_+/=", b"+/\0\0\0")
"""Undoes `_URL_SAFE`; what stands in no base64url becomes what stands in no base64."""

_PADDING = (b"", None, b"==", b"=")
"""What a last group of so many characters lacks; one alone is no group."""

_LAST = (None, None, frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))
"""Characters that a last group of so many may end with: others have bits that say nothing, and must be zero."""

HEADERS_REMEMBERED_MAX = 1024
"""Headers remembered as read: a client's are alike, whatever it signs."""

_COORDINATE_BYTES = 32
_ECDSA = ec.ECDSA(SHA256())


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


class Unverified(msgspec.Struct, frozen=True, gc=False):
    """A signed text taken apart; nothing in it is to be believed before `verify`. Others may share its header."""

    header: Mapping[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """What the header says it was signed with; a text that is no algorithm's name when it says nothing."""
        algorithm = self.header.get("alg")
        return algorithm if isinstance(algorithm, str) else ""


class VerifyingKey(msgspec.Struct, frozen=True):
    """A public key and the algorithms it may be used with; `key_id` is its `kid`, when it has one."""

    key: PublicKey
    algorithms: tuple[Algorithm, ...]
    key_id: str | None


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return str(_encoded(raw), "ascii")


def _encoded(raw: bytes) -> bytes:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=")


def decode(text: str) -> bytes:
    """The inverse of `encode`, which has one spelling only. Raises Malformed."""
    return _decoded(_ascii(text))


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed("a part is not base64url") from None


def _decoded(part: bytes) -> bytes:
    rest = len(part) % 4
    padding, last = _PADDING[rest], _LAST[rest]
    if padding is None:
        raise Malformed("a part is not base64url")
    if last is not None and part[-1] not in last:
        raise Malformed("a part is not base64url in its one spelling")
    try:
        return binascii.a2b_base64(part.translate(_FROM_URL_SAFE) + padding, strict_mode=True)
    except binascii.Error:
        raise Malformed("a part is not base64url") from None


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


_JSON_OBJECT = msgspec.json.Decoder(dict[str, Any])


@lru_cache(maxsize=HEADERS_REMEMBERED_MAX)
def _header(head: bytes) -> Mapping[str, Any]:
    raw = _decoded(head)
    try:
        header = _JSON_OBJECT.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Malformed("its header is not a JSON object") from None
    if "crit" in header:
        raise Malformed("its header has critical members, and we know none")
    return header


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


def verifying_key(jwk: dict[str, Any]) -> VerifyingKey:
    """The key that a JWK (RFC 7517) describes.

    Raises Malformed for a private or symmetric key, one of another kind or too weak, or one that is not for signatures.
    """
    if jwk.get("d") is not None or jwk.get("k") is not None:
        raise Malformed("it holds a private or a secret key")
    if jwk.get("use", "sig") != "sig" or "verify" not in (jwk.get("key_ops") or ["verify"]):
        raise Malformed("the key is not for signatures")
    key, algorithms = _public(jwk)
    only, key_id = jwk.get("alg"), jwk.get("kid")
    if only is not None:
        algorithms = tuple(each for each in algorithms if each == only)
        if not algorithms:
            raise Malformed("the key is for an algorithm that we do not take")
    return VerifyingKey(key, algorithms, key_id if isinstance(key_id, str) else None)


def read_key(raw: bytes) -> VerifyingKey:
    """The key of a JWK as JSON. Raises Malformed as `verifying_key` does."""
    try:
        jwk = _JSON_OBJECT.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Malformed("it is not a JSON object") from None
    return verifying_key(jwk)


def read_pem(raw: bytes) -> PublicKey:
    """The public key of a PEM text. Raises Malformed for anything else, above all for a private key."""
    if b"PRIVATE" in raw:
        raise Malformed("it holds a private or a secret key")
    try:
        key = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("it is not a public key in PEM") from None
    if not isinstance(key, PublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and not isinstance(key.curve, ec.SECP256R1)
    ):
        raise Malformed("a key is Ed25519, P-256 or RSA")
    return verifying_key(dict(public_jwk(key))).key


def _public(jwk: dict[str, Any]) -> tuple[PublicKey, tuple[Algorithm, ...]]:
    kind, curve = jwk.get("kty"), jwk.get("crv")
    try:
        if kind == "OKP" and curve == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(_member(jwk, "x")), (Algorithm.EDDSA, Algorithm.ED25519)
        if kind == "EC" and curve == "P-256":
            x, y = (int.from_bytes(_member(jwk, name)) for name in ("x", "y"))
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key(), (Algorithm.ES256,)
        if kind == "RSA":
            modulus = int.from_bytes(_member(jwk, "n"))
            if not RSA_BITS_MIN <= modulus.bit_length() <= RSA_BITS_MAX:
                raise Malformed(f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits")
            exponent = int.from_bytes(_member(jwk, "e"))
            if exponent.bit_length() > RSA_EXPONENT_BITS_MAX:
                raise Malformed("an RSA key's exponent is small")
            numbers = rsa.RSAPublicNumbers(exponent, modulus)
            return numbers.public_key(), (Algorithm.PS256, Algorithm.RS256)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise error if isinstance(error, Malformed) else Malformed("the key's members do not make a key") from None
    raise Malformed("a key is Ed25519, P-256 or RSA")


def _member(jwk: dict[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise Malformed(f"the key lacks {name}")
    return decode(value)


def public_jwk(key: PublicKey) -> dict[str, str]:
    """A public key as a JWK, with the members that its thumbprint is made of and no other."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": encode(key.public_bytes_raw())}
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        x, y = (encode(each.to_bytes(_COORDINATE_BYTES)) for each in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    of_rsa = key.public_numbers()
    e, n = (encode(each.to_bytes((each.bit_length() + 7) // 8)) for each in (of_rsa.e, of_rsa.n))
    return {"e": e, "kty": "RSA", "n": n}


def thumbprint(key: PublicKey) -> bytes:
    """The SHA-256 thumbprint of a public key (RFC 7638): 32 bytes."""
    canonical = msgspec.json.encode(public_jwk(key), order="sorted")
    return hashlib.sha256(canonical).digest()


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
