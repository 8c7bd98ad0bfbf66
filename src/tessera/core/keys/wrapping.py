"""Key material at rest: how the master key wraps what the database holds.

The master key comes from a file or the environment and never enters the database. Wrapping is AES-SIV under a key
derived from it, bound to the purpose and number, so that a wrong master key, or a row moved to another place, opens
nothing.
"""

import re
from enum import StrEnum

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PEPPER_BYTES = 32

_MASTER = re.compile(r"[0-9a-f]{64}")


class KeyPurpose(StrEnum):
    """What a stored key is for; those that sign are named by their algorithm and held as PKCS #8."""

    SEALING = "sealing"
    PEPPER = "pepper"
    EDDSA = "eddsa"
    ES256 = "es256"
    RS256 = "rs256"


class WrappedKey(msgspec.Struct, frozen=True):
    """A key as the database holds it; `verifies_until` is None while its end is not set."""

    purpose: KeyPurpose
    number: int
    wrapped: bytes
    created_at: int
    signs_from: int
    verifies_until: int | None


def _derived(material: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA512(), length=length, salt=None, info=purpose).derive(material)


class MasterKey:
    """The key that wraps the others. Raises ValueError when the text is not 64 lower-case hex characters.

    `fingerprint` tells it from others, and tells nothing of it.
    """

    def __init__(self, text: str) -> None:
        if not _MASTER.fullmatch(text):
            raise ValueError("a master key is 64 lower-case hexadecimal characters")
        material = bytes.fromhex(text)
        self._cipher = AESSIV(_derived(material, b"tessera key wrapping", 64))
        self.fingerprint = _derived(material, b"tessera master key fingerprint", 8).hex()

    def wrap(self, purpose: KeyPurpose, number: int, material: bytes) -> bytes:
        """The key, sealed for storage at this place only."""
        return self._cipher.encrypt(material, [purpose.encode(), number.to_bytes(4)])

    def unwrap(self, key: WrappedKey) -> bytes | None:
        """The key's material, or None when this master key did not wrap it."""
        try:
            return self._cipher.decrypt(key.wrapped, [key.purpose.encode(), key.number.to_bytes(4)])
        except InvalidTag:
            return None

    def encrypt(self, place: str, material: bytes) -> bytes:
        """Something that has to be read again, sealed for this place of the database only."""
        return self._cipher.encrypt(material, [b"enclosed", place.encode()])

    def decrypt(self, place: str, enclosed: bytes) -> bytes | None:
        """What was enclosed for this place, or None when it was not, or by another master key."""
        try:
            return self._cipher.decrypt(enclosed, [b"enclosed", place.encode()])
        except InvalidTag:
            return None
