"""DPoP (RFC 9449): a proof, made for one request, that its sender holds the private key a token is bound to.

A proof brings its own public key. That the key signed it shows possession of that key, and nothing more; which key it
has to be is said by the token, or becomes so when a token is bound to it. Nonces are made from a key and the time
alone, so that every process makes and knows the same ones, and nothing is kept.
"""

import hashlib
import hmac
import re
from urllib.parse import urlsplit

import msgspec

from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Malformed
from tessera.core.times import SECOND

LENGTH_MAX = 2048
"""Characters of a proof, beyond which it is not looked at."""

TYPE = "dpop+jwt"

CLOCK_SECONDS = 60
"""How far the moment in a proof may lie from our own, either way."""

NONCE_SECONDS = 180
"""How long a nonce is handed out; it is taken for as long again."""

_NONCE_BYTES = 16
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class BadProof(Exception):
    """A proof that proves nothing here; the text says why, for the operator, and quotes nothing of it."""


class NonceNeeded(Exception):
    """A proof that is good but for the nonce: it has none, or one that is not taken (any more)."""


class DPoPProof(msgspec.Struct, frozen=True):
    """What a good proof says: its `jti`, the thumbprint of its key, and the microsecond from which it is stale."""

    proof_id: str
    thumbprint: bytes
    expires_at: int


class _Claims(msgspec.Struct, frozen=True):
    jti: str
    htm: str
    htu: str
    iat: int | float
    ath: str | None = None
    nonce: str | None = None


_CLAIMS = msgspec.json.Decoder(_Claims)


def read(
    proofs: tuple[bytes, ...],
    *,
    method: str,
    addresses: tuple[str, ...],
    now: int,
    nonces: tuple[str, ...] = (),
    token: str | None = None,
    algorithms: tuple[str, ...] = jws.ALGORITHMS,
) -> DPoPProof:
    """The one proof of a request with this method at one of its addresses (RFC 9449 section 4.3).

    It is signed by one of the `algorithms`. `nonces` are those taken now, and one is needed when there are any. `token`
    is the access token that the request carries, which the proof must name. Raises BadProof, and NonceNeeded when
    nothing but the nonce is amiss.
    """
    text = _single(proofs)
    try:
        thumbprint, payload = _signed(text, algorithms)
    except Malformed as reason:
        raise BadProof(f"the DPoP proof: {reason}") from None
    claims = _claims(payload)
    if claims.htm != method:
        raise BadProof("the DPoP proof is for another method (htm)")
    if not any(same_address(claims.htu, each) for each in addresses):
        raise BadProof(f"the DPoP proof is for another address (htu) than {' or '.join(addresses)}")
    issued_at = int(claims.iat * SECOND)
    if abs(now - issued_at) > CLOCK_SECONDS * SECOND:
        late = (now - issued_at) // SECOND
        raise BadProof(f"the DPoP proof was made {late} seconds before now (iat), and {CLOCK_SECONDS} are taken")
    if token is not None and not _names(claims.ath, token):
        raise BadProof("the DPoP proof does not name the access token that was sent (ath)")
    if nonces and claims.nonce not in nonces:
        raise NonceNeeded("the DPoP proof has no nonce" if claims.nonce is None else "its nonce is not taken any more")
    return DPoPProof(claims.jti, thumbprint, issued_at + (CLOCK_SECONDS + 1) * SECOND)


def _single(proofs: tuple[bytes, ...]) -> str:
    if not proofs:
        raise BadProof("the request has no DPoP header")
    if len(proofs) > 1:
        raise BadProof("the request has more than one DPoP header")
    if len(proofs[0]) > LENGTH_MAX:
        raise BadProof(f"the DPoP proof is longer than {LENGTH_MAX} characters")
    return proofs[0].decode("latin-1")


def _signed(text: str, algorithms: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The thumbprint of the key that a proof brings, and what that key signed. Raises Malformed."""
    unverified = jws.split(text)
    if unverified.header.typ != TYPE:
        raise Malformed(f"its type is not {TYPE}")
    if unverified.algorithm not in algorithms:
        raise Malformed(f"its algorithm is none of {' '.join(algorithms)}")
    if not unverified.header.jwk:
        raise Malformed("it brings no key (jwk)")
    key = public_keys.read_bare(unverified.header.jwk)
    if not jws.verify(unverified, key):
        raise Malformed("its own key did not sign it")
    return public_keys.thumbprint(key.key), unverified.payload


def _claims(payload: bytes) -> _Claims:
    try:
        claims = jws.members(_CLAIMS, payload, "what it says")
    except Malformed as reason:
        raise BadProof(f"the DPoP proof: {reason}") from None
    if not claims.jti or not claims.jti.isprintable():
        raise BadProof("the DPoP proof has an empty or unprintable jti")
    if not 0 <= claims.iat < 2**40:
        raise BadProof("the DPoP proof has an iat that is no moment")
    return claims


def _names(ath: str | None, token: str) -> bool:
    expected = jws.encode(hashlib.sha256(token.encode("utf-8")).digest())
    return ath is not None and hmac.compare_digest(ath.encode("utf-8"), expected.encode("ascii"))


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same but for query, fragment and ways of writing (RFC 3986 section 6.2)."""
    plain = _plain(one)
    return plain is not None and plain == _plain(other)


def _plain(address: str) -> tuple[str, str, int, str] | None:
    """Scheme, host, port and path in one spelling, or None for what is no address of a server."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    default = _DEFAULT_PORTS.get(parts.scheme)
    if (
        default is None
        or not parts.hostname
        or "@" in parts.netloc
        or not (address.isascii() and address.isprintable())
    ):
        return None
    return parts.scheme, parts.hostname, port or default, _PERCENT.sub(_one_spelling, parts.path) or "/"


def _one_spelling(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def nonces(key: bytes, now: int) -> tuple[str, str]:
    """The nonce that is handed out now, and the one before it, which is still taken."""
    window = now // (NONCE_SECONDS * SECOND)
    return _nonce(key, window), _nonce(key, window - 1)


def _nonce(key: bytes, window: int) -> str:
    digest = hashlib.blake2b(window.to_bytes(8), digest_size=_NONCE_BYTES, key=key, person=b"dpop nonce").digest()
    return jws.encode(digest)


def token(authorization: bytes) -> str | None:
    """The token of an `Authorization: DPoP` value (RFC 9449 section 7.1), or None when it is not one."""
    if authorization[:5].lower() != b"dpop ":
        return None
    return authorization[5:].strip(b" ").decode("latin-1")
