"""Sets of public keys (JWK sets, RFC 7517) that clients publish, and the addresses at which they may stand."""

from contextlib import suppress

import msgspec

from tessera.core import urls
from tessera.core.keys import jws, public_keys
from tessera.core.keys.jws import Malformed, VerifyingKey

BYTES_MAX = 64 * 1024
"""What is read of a key set."""

KEYS_MAX = 50
"""Keys in a set; one with more is not taken."""

ADDRESS_LENGTH_MAX = 1024


class _Set(msgspec.Struct, frozen=True):
    keys: list[msgspec.Raw]


_SET = msgspec.json.Decoder(_Set)


def read(raw: bytes) -> list[VerifyingKey]:
    """The keys of a set that can check signatures. Raises Malformed, and nothing else, for what is no set.

    A key that cannot be used, for whatever is in it, is passed over: those beside it work.
    """
    written = jws.members(_SET, raw, "the set").keys
    if len(written) > KEYS_MAX:
        raise Malformed(f"it has more than {KEYS_MAX} keys")
    keys = []
    for each in written:
        with suppress(Malformed):
            keys.append(public_keys.read(each))
    return keys


def check_address(address: str) -> str:
    """The address of a key set as it is. Raises ValueError, with a sentence, when it cannot be one."""
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > ADDRESS_LENGTH_MAX:
        raise ValueError(f"The address is at most {ADDRESS_LENGTH_MAX} printable characters without spaces.")
    parts = urls.split(address, "The address of a key set")
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("The address of a key set begins with https://, and a host.")
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in address:
        raise ValueError("The address of a key set has no user, no password and no fragment.")
    return address
