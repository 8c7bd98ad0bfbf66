"""Hosts that requests can be for: what a `Host` may hold (RFC 9110 section 7.2, RFC 9112 section 3.2)."""

import re

from tessera.core import networks

_HOST = re.compile(
    rb"(?:\[(?P<address>[0-9A-Fa-f:.]+)(?:%[\w.~%-]+)?\]|(?P<name>(?:[\w.~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+))"
    rb"(?::(?P<port>\d{0,5}))?"
)
"""A name or an address, and a port, which may be empty (RFC 3986 section 3.2.3).

A comma, which the grammar has, is what two hosts in one look like.
"""

BYTES_MAX = 255 + len(":65535")
PORT_MAX = 65_535
DEFAULT_PORT = 80
REMEMBERED_MAX = 64

remembered: set[bytes] = set()
"""Hosts that were found sound: nearly every request names one of few."""


def name(value: bytes) -> str:
    """The name in a sound host, in lower case and without the dot at its end; "" for an address, or nothing."""
    found = _HOST.fullmatch(value)
    text = "" if found is None or found["name"] is None else found["name"].decode().lower().removesuffix(".")
    return "" if networks.address(text) is not None else text


def is_sound(value: bytes) -> bool:
    """Whether a request can be for this host. What can be is `remembered`, where callers look first."""
    found = _HOST.fullmatch(value) if len(value) <= BYTES_MAX else None
    if found is None or not 0 < int(found["port"] or DEFAULT_PORT) <= PORT_MAX:
        return False
    if found["address"] is not None and networks.address(found["address"].decode()) is None:
        return False
    if len(remembered) >= REMEMBERED_MAX:
        remembered.clear()
    remembered.add(value)
    return True
