"""The keys that sign: by algorithm, for issuing; by their name, for checking and for whoever checks elsewhere.

A key's name (`kid`) is its thumbprint (RFC 7638): two keys never have the same, and it tells nothing.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Algorithm
from tessera.core.keys.key_ring import KeyRing
from tessera.core.keys.wrapping import KeyPurpose

ALGORITHMS = {
    KeyPurpose.EDDSA: Algorithm.EDDSA,
    KeyPurpose.ES256: Algorithm.ES256,
    KeyPurpose.RS256: Algorithm.RS256,
}
"""The purposes of the keys that sign, and what each signs with."""


REMEMBERED_MAX = 4096
"""Signed tokens whose claims a ring keeps: callers use one token for many calls."""


class SigningKey:
    """A private key with its times; `number` is its number among those of its algorithm.

    Raises ValueError when the material is no private key.
    """

    __slots__ = ("_heads", "_private", "algorithm", "key_id", "number", "public", "signs_from", "verifies_until")

    def __init__(
        self, number: int, algorithm: Algorithm, material: bytes, signs_from: int, verifies_until: int | None
    ) -> None:
        self.number = number
        self.algorithm = algorithm
        self.signs_from = signs_from
        self.verifies_until = verifies_until
        self._private = jws.private_key(material)
        public = self._private.public_key()
        self.key_id = jws.encode(public_keys.thumbprint(public))
        self.public = jws.VerifyingKey(public, (algorithm,), self.key_id)
        self._heads: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"SigningKey(number={self.number}, algorithm={self.algorithm.value})"

    def sign(self, kind: str, payload: bytes) -> str:
        """A signed text whose header says what kind of text it is (`typ`), and which key signed it."""
        head = self._heads.get(kind)
        if head is None:
            head = self._heads[kind] = jws.head({"typ": kind, "kid": self.key_id}, self.algorithm)
        return jws.signed(head, payload, self._private, self.algorithm)

    def published(self) -> dict[str, str]:
        """The public half as a JWK."""
        return {**public_keys.jwk(self.public.key), "kid": self.key_id, "use": "sig", "alg": self.algorithm.value}


class SigningRing:
    """The signing keys in force, of all algorithms."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._by_id = {key.key_id: key for key in keys}
        self._successions = {
            algorithm: KeyRing(same)
            for algorithm in Algorithm
            if (same := [key for key in keys if key.algorithm is algorithm])
        }
        self.remembered: dict[str, Any] = {}

    @property
    def algorithms(self) -> list[str]:
        """What it can sign with."""
        return [algorithm.value for algorithm in self._successions]

    def signing(self, algorithm: Algorithm, now: int) -> SigningKey:
        """The key that signs at this moment. Raises KeyError when there is none of this algorithm."""
        return self._successions[algorithm].at(now)

    def name(self, algorithm: Algorithm, number: int) -> str | None:
        """The name (`kid`) of the key with this number; None when there is none."""
        found = (key for key in self._by_id.values() if (key.algorithm, key.number) == (algorithm, number))
        return next((key.key_id for key in found), None)

    def known(self, key_id: object, now: int) -> SigningKey | None:
        """The key with this name, when what it signed is still good."""
        key = self._by_id.get(key_id) if isinstance(key_id, str) else None
        if key is None or (key.verifies_until is not None and now >= key.verifies_until):
            return None
        return key

    def remember(self, token: str, key: SigningKey, claims: Any, expires_at: int) -> None:
        """Keep what a token said, for the next time it comes, unless its key ends before it; a full memory begins anew.

        Whether the token is live is decided each time anew.
        """
        if key.verifies_until is None or key.verifies_until >= expires_at:
            if len(self.remembered) >= REMEMBERED_MAX:
                self.remembered.clear()
            self.remembered[token] = claims

    def published(self, now: int) -> list[dict[str, str]]:
        """The public keys by which what we sign, or will sign, is checked (RFC 7517), oldest first."""
        return [
            key.published()
            for key in sorted(self._by_id.values(), key=lambda key: (key.signs_from, key.algorithm, key.number))
            if key.verifies_until is None or now < key.verifies_until
        ]


class JWKSet(msgspec.Struct, frozen=True):
    """A set of public keys as it is served (RFC 7517 section 5)."""

    keys: list[dict[str, str]]
