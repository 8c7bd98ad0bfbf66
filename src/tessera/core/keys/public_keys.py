"""Public keys as others write them: JSON Web Keys (RFC 7517, RFC 7518, RFC 8037) and PEM.

A key from elsewhere is read whole before it is used: each member that the RFCs define has its type, the key is public,
for signatures, of a kind that we check, and none that proves nothing because anybody could sign for it.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import UNSET, UnsetType

from tessera.core.keys import jws
from tessera.core.keys.jws import Algorithm, Malformed, PublicKey, VerifyingKey

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 4096
RSA_EXPONENT_MIN = 65_537
"""FIPS 186-5 section 5.1; smaller ones have been the door to most attacks on signatures."""

RSA_EXPONENT_BITS_MAX = 32
"""A long exponent would make checking as slow as signing."""

_COORDINATE_BYTES = 32

_FIELD = 2**255 - 19
"""The prime of Curve25519."""

_ORDER_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT})
"""The y of all points of Ed25519 whose order divides eight: under such a key anybody makes signatures that hold."""

_KINDS = "a key is Ed25519, P-256 or RSA"
_PRIVATE = "it holds a private or a secret key"

_Anything = msgspec.Raw | UnsetType


class _Members(msgspec.Struct, frozen=True, rename={"x5t_s256": "x5t#S256"}):
    """The members of a JWK (RFC 7517 section 4, RFC 7518 section 6); null is as good as absent, others are ignored."""

    kty: str
    use: str | None = None
    key_ops: list[str] | None = None
    alg: str | None = None
    kid: str | None = None
    x5u: str | None = None
    x5c: list[str] | None = None
    x5t: str | None = None
    x5t_s256: str | None = None
    crv: str | None = None
    x: str | None = None
    y: str | None = None
    n: str | None = None
    e: str | None = None
    d: _Anything = UNSET
    p: _Anything = UNSET
    q: _Anything = UNSET
    dp: _Anything = UNSET
    dq: _Anything = UNSET
    qi: _Anything = UNSET
    oth: _Anything = UNSET
    k: _Anything = UNSET

    def private(self) -> list[msgspec.Raw]:
        """The members that only a private or a secret key has, whatever is in them."""
        members = (self.d, self.p, self.q, self.dp, self.dq, self.qi, self.oth, self.k)
        return [each for each in members if not isinstance(each, UnsetType)]


_JWK = msgspec.json.Decoder(_Members)


def read(raw: bytes | msgspec.Raw) -> VerifyingKey:
    """The key that a JWK as JSON describes.

    Raises Malformed, and nothing else: for what is no JWK, for a private or symmetric key, one of another kind or too
    weak, or one that is not for signatures.
    """
    jwk = jws.members(_JWK, raw, "the key")
    if any(bytes(each) != b"null" for each in jwk.private()):
        raise Malformed(_PRIVATE)
    return _verifying(jwk)


def read_bare(raw: bytes | msgspec.Raw) -> VerifyingKey:
    """As `read`, for a key that has not even an empty member of a private one (RFC 9449 section 4.2)."""
    jwk = jws.members(_JWK, raw, "the key")
    if jwk.private():
        raise Malformed(_PRIVATE)
    return _verifying(jwk)


def verifying_key(members: Mapping[str, Any]) -> VerifyingKey:
    """The key of a JWK's members. Raises Malformed as `read` does."""
    return read(msgspec.json.encode(members))


def _verifying(jwk: _Members) -> VerifyingKey:
    if jwk.use not in (None, "sig") or "verify" not in (jwk.key_ops or ["verify"]):
        raise Malformed("the key is not for signatures")
    key, algorithms = _public(jwk)
    if jwk.alg is not None:
        algorithms = tuple(each for each in algorithms if each == jwk.alg)
        if not algorithms:
            raise Malformed("the key is for an algorithm that we do not take")
    return VerifyingKey(key, algorithms, jwk.kid)


def read_pem(raw: bytes) -> PublicKey:
    """The public key of a PEM text. Raises Malformed for anything else, above all for a private key."""
    if b"PRIVATE" in raw:
        raise Malformed(_PRIVATE)
    try:
        key = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("it is not a public key in PEM") from None
    if not isinstance(key, PublicKey) or (
        isinstance(key, ec.EllipticCurvePublicKey) and not isinstance(key.curve, ec.SECP256R1)
    ):
        raise Malformed(_KINDS)
    return verifying_key(jwk(key)).key


def _public(jwk: _Members) -> tuple[PublicKey, tuple[Algorithm, ...]]:
    try:
        if jwk.kty == "OKP" and jwk.crv == "Ed25519":
            return _ed25519(_bytes(jwk.x, "x")), (Algorithm.EDDSA, Algorithm.ED25519)
        if jwk.kty == "EC" and jwk.crv == "P-256":
            # Every point of P-256 has the order of the group: none is weak, and what is no point is refused.
            x, y = (int.from_bytes(_bytes(value, name)) for value, name in ((jwk.x, "x"), (jwk.y, "y")))
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key(), (Algorithm.ES256,)
        if jwk.kty == "RSA":
            return _rsa(_bytes(jwk.n, "n"), _bytes(jwk.e, "e")), (Algorithm.PS256, Algorithm.RS256)
    except (ValueError, OverflowError, UnsupportedAlgorithm) as error:
        raise error if isinstance(error, Malformed) else Malformed("the key's members do not make a key") from None
    raise Malformed(_KINDS)


def _ed25519(point: bytes) -> PublicKey:
    key = ed25519.Ed25519PublicKey.from_public_bytes(point)
    y = int.from_bytes(point, "little") & (2**255 - 1)  # the highest bit is the sign of x
    if y >= _FIELD or y in _SMALL_ORDER:
        raise Malformed("the key is a point of small order, or not in its one spelling: anybody could sign for it")
    return key


def _rsa(modulus: bytes, exponent: bytes) -> PublicKey:
    n, e = int.from_bytes(modulus), int.from_bytes(exponent)
    if not RSA_BITS_MIN <= n.bit_length() <= RSA_BITS_MAX:
        raise Malformed(f"an RSA key has {RSA_BITS_MIN} to {RSA_BITS_MAX} bits")
    if n % 2 == 0:
        raise Malformed("an RSA key's modulus is odd")
    if e % 2 == 0 or e < RSA_EXPONENT_MIN or e.bit_length() > RSA_EXPONENT_BITS_MAX:
        raise Malformed(f"an RSA key's exponent is odd, at least {RSA_EXPONENT_MIN}, and below 2^32")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _bytes(value: str | None, name: str) -> bytes:
    if value is None:
        raise Malformed(f"the key lacks {name}")
    return jws.decode(value)


def jwk(key: PublicKey) -> dict[str, str]:
    """A public key as a JWK, with the members that its thumbprint is made of and no other."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": jws.encode(key.public_bytes_raw())}
    if isinstance(key, ec.EllipticCurvePublicKey):
        numbers = key.public_numbers()
        x, y = (jws.encode(each.to_bytes(_COORDINATE_BYTES)) for each in (numbers.x, numbers.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    of_rsa = key.public_numbers()
    e, n = (jws.encode(each.to_bytes((each.bit_length() + 7) // 8)) for each in (of_rsa.e, of_rsa.n))
    return {"e": e, "kty": "RSA", "n": n}


def thumbprint(key: PublicKey) -> bytes:
    """The SHA-256 thumbprint of a public key (RFC 7638): 32 bytes."""
    canonical = msgspec.json.encode(jwk(key), order="sorted")
    return hashlib.sha256(canonical).digest()
