"""Sealing: claims into an opaque token with AES-SIV (RFC 5297), and back.

    token = hex( key_id (1 byte) || AES-SIV(key, claims, associated data = purpose) )

Encryption, so that a token tells its holder nothing; SIV, because it needs no nonce discipline across nodes.
The ring holds the keys: a new key is known to all nodes before it signs (`signs_from`), and an old one opens tokens
until `verifies_until`. Times are integer microseconds since the epoch.
"""

import re

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BYTES = 64
"""Length of a sealing key: two AES-256 keys, as AES-SIV asks for."""

KEYS_MAX = 255

_HEX = re.compile(r"(?:[0-9a-f]{2})+")


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
        self._keys = sorted(keys, key=lambda key: key.signs_from)
        self._ciphers = {key.number: (AESSIV(key.material), key.verifies_until) for key in keys}
        self._signing = (0, 0, 0)

    def seal(self, claims: bytes, purpose: list[bytes], now: int) -> str:
        """Seal claims under the newest key that signs at `now`; lower-case hex."""
        number = self._signing_number(now)
        return (number.to_bytes(1) + self._ciphers[number][0].encrypt(claims, purpose)).hex()

    def _signing_number(self, now: int) -> int:
        """The newest key whose `signs_from` has come, remembered for as long as that stays the answer."""
        begins, ends, number = self._signing
        if begins <= now < ends:
            return number
        begins, ends = 0, 2**63
        number = self._keys[0].number
        for key in self._keys:
            if key.signs_from <= now:
                begins, number = key.signs_from, key.number
            else:
                ends = key.signs_from
                break
        self._signing = (begins, ends, number)
        return number

    def open(self, token: str, purpose: list[bytes], now: int) -> bytes | None:
        """The claims of a token, or None when no key in force opens it.

        A token has one spelling: upper-case hex, blanks, or a byte more or less open nothing.
        """
        if not _HEX.fullmatch(token):
            return None
        sealed = bytes.fromhex(token)
        entry = self._ciphers.get(sealed[0])
        if entry is None or len(sealed) <= 17:
            return None
        cipher, verifies_until = entry
        if verifies_until is not None and now >= verifies_until:
            return None
        try:
            return cipher.decrypt(sealed[1:], purpose)
        except InvalidTag:
            return None
