"""Sets of public keys (JWK sets, RFC 7517) that clients publish, and the addresses at which they may stand."""

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from tessera.core import jws, public_keys
from tessera.core.jws import Malformed, VerifyingKey

BYTES_MAX = 64 * 1024
"""What is read of a key set."""

KEYS_MAX = 50
"""Keys in a set; one with more is not taken."""

ADDRESS_LENGTH_MAX = 1024

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "192.0.0.192")))
"""Where clouds answer their own machines, beside the link-local addresses."""

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6 ones (RFC 6052)."""


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
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError("The address of a key set is no URL: its host or its port is none.") from None
    if parts.scheme != "https" or not parts.hostname or port == 0:
        raise ValueError("The address of a key set begins with https://, and a host.")
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in address:
        raise ValueError("The address of a key set has no user, no password and no fragment.")
    return address


def public(address: Address) -> bool:
    """Whether an address is one of the world's, and not of this machine, its networks, or the cloud it runs in."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in _METADATA
