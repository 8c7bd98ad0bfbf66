"""Sealing: claims into an opaque token with AES-SIV (RFC 5297), and back.

    token = hex( key_id (1 byte) || AES-SIV(key, claims, associated data = purpose) )

Encryption, so that a token tells its holder nothing; SIV, because it needs no nonce discipline across nodes.
The ring holds the keys: a new key is known to all nodes before it signs (`signs_from`), and an old one opens tokens
until `verifies_until`. Times are integer microseconds since the epoch.
"""

from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from tessera.core.keys.key_ring import KeyRing

KEY_BYTES = 64
"""Length of a sealing key: two AES-256 keys, as AES-SIV asks for."""

KEYS_MAX = 255

REMEMBERED_MAX = 4096
"""Tokens whose claims a ring keeps: callers use one token for many calls."""

OVERHEAD_BYTES = 17
"""What sealing adds to the claims: the key's number and the synthetic initialization vector."""


class SealingKey(msgspec.Struct, frozen=True):
    """One key of the ring; `verifies_until` is None while its end is not yet set. `number` is 1 to 255."""

    number: int
    material: bytes
    signs_from: int
    verifies_until: int | None

    def __repr__(self) -> str:
        return f"SealingKey(number={self.number})"


class Ring:
    """The sealing keys in force.

    Raises ValueError when made of no keys, a number out of range or twice, or material of a wrong length.
    """

    def __init__(self, keys: list[SealingKey]) -> None:
        numbers = {key.number for key in keys}
        if not keys or len(numbers) != len(keys) or not all(1 <= number <= KEYS_MAX for number in numbers):
            raise ValueError("a ring holds 1 to 255 keys, each with a number of its own")
        if any(len(key.material) != KEY_BYTES for key in keys):
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        self._succession = KeyRing(keys)
        self._ciphers = {key.number: (AESSIV(key.material), key.verifies_until) for key in keys}
        self.remembered: dict[str, Any] = {}

    def remember(self, token: str, claims: Any, expires_at: int) -> None:
        """Keep what a token opened to, for the next time it comes; a full memory begins afresh.

        Whether the token is live is decided each time anew. What ends later than its key is not kept.
        """
        verifies_until = self._ciphers[int(token[:2], 16)][1]
        if verifies_until is None or verifies_until >= expires_at:
            if len(self.remembered) >= REMEMBERED_MAX:
                self.remembered.clear()
            self.remembered[token] = claims

    def seal(self, claims: bytes, purpose: list[bytes], now: int) -> str:
        """Seal claims under the newest key that signs at `now`; lower-case hex."""
        number = self._succession.at(now).number
        return (number.to_bytes(1) + self._ciphers[number][0].encrypt(claims, purpose)).hex()

    def signs(self, now: int) -> bool:
        """Whether a key may seal at `now`."""
        key = self._succession.at(now)
        return key.signs_from <= now and (key.verifies_until is None or now < key.verifies_until)

    def open(self, token: str, purpose: list[bytes], now: int) -> bytes | None:
        """The claims of a token, or None when no key in force opens it.

        A token has one spelling: upper-case hex, blanks, or a byte more or less open nothing.
        """
        try:
            sealed = bytes.fromhex(token)
        except ValueError:
            return None
        if len(sealed) <= OVERHEAD_BYTES or sealed.hex() != token:
            return None
        entry = self._ciphers.get(sealed[0])
        if entry is None:
            return None
        cipher, verifies_until = entry
        if verifies_until is not None and now >= verifies_until:
            return None
        try:
            return cipher.decrypt(sealed[1:], purpose)
        except InvalidTag:
            return None
