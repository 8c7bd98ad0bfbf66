"""Scopes: parse, print, narrow, and pack into a token.

A set of scopes is a tuple of scope tokens in canonical order: the platform's own scopes first, in the order of
`WELL_KNOWN`, then any others by code point. Two equal sets are equal tuples.
"""

import re
from functools import lru_cache

from tessera.core.errors import InvalidScope

Scopes = tuple[str, ...]

INTROSPECT = "tokens:introspect"
"""The scope by which an application may ask about every token of its organization."""

WELL_KNOWN: Scopes = (
    "openid",
    "profiles:read",
    "profiles:write",
    "loyalty:read",
    "loyalty:write",
    "loyalty:admin",
    INTROSPECT,
)
"""Scopes that the platform itself checks. Their positions are bits in issued tokens: append, never reorder."""

EVERYTHING = "openid"
"""The scope that opens the platform API of the token's own organization, but for what is in `APART`."""

APART = frozenset({"loyalty:admin", INTROSPECT})
"""Scopes that an application has only when they are given to it by name."""

MEANINGS = {
    "openid": "Everything that is here but `loyalty:admin` and `tokens:introspect`.",
    "profiles:read": "Read customers.",
    "profiles:write": "Create and change customers.",
    "loyalty:read": "Read points, tiers and their history.",
    "loyalty:write": "Move points and tiers.",
    "loyalty:admin": "Set up loyalty programs.",
    INTROSPECT: "Ask about every token of the organization.",
}
"""What each of `WELL_KNOWN` lets its holder do, as a sentence."""

MAX_LENGTH = 1000
"""Characters of a scope parameter, beyond which it is refused."""

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_RANK = {name: rank for rank, name in enumerate(WELL_KNOWN)}


def _order(name: str) -> tuple[int, str]:
    return (_RANK.get(name, len(WELL_KNOWN)), name)


@lru_cache(maxsize=1024)
def parse(text: str) -> Scopes:
    """Read a space-separated scope list (RFC 6749 section 3.3) into canonical order.

    Raises InvalidScope when it is over `MAX_LENGTH`, or a scope token has a character outside `NQCHAR`.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidScope(f"The scope is longer than {MAX_LENGTH} characters.", check="scope.malformed")
    names = [name for name in text.split(" ") if name]
    if not names or not all(_TOKEN.fullmatch(name) for name in names):
        raise InvalidScope(
            "The scope is malformed: send scope names with one space between them.", check="scope.malformed", sent=text
        )
    return tuple(sorted(set(names), key=_order))


def stored(text: str) -> Scopes:
    """Scopes as they were stored; an empty text is none."""
    return parse(text) if text else ()


def show(scopes: Scopes) -> str:
    """Print as the wire has it: names with one space between them."""
    return " ".join(scopes)


def narrow(allowed: Scopes, requested: str | None) -> Scopes:
    """The scopes a token gets: all that the application has, or the requested part of them.

    Raises InvalidScope when anything is requested that the application was not given (RFC 6749 section 3.3).
    """
    if requested is None:
        return allowed
    wanted = parse(requested)
    if not set(wanted) <= set(allowed):
        raise InvalidScope(
            "The requested scope is more than this client was given. Ask for less, or for nothing.",
            check="scope.granted",
            sent=requested,
        )
    return wanted


def allows(scopes: Scopes, needed: str) -> bool:
    """Whether a token with these scopes may use an endpoint that needs `needed`."""
    return needed in scopes or (EVERYTHING in scopes and needed not in APART)


@lru_cache(maxsize=1024)
def pack(scopes: Scopes) -> bytes:
    """Scopes as bytes: two bytes of bits for `WELL_KNOWN`, then the names of the others, space-separated."""
    bits = sum(1 << _RANK[name] for name in scopes if name in _RANK)
    return bits.to_bytes(2) + " ".join(name for name in scopes if name not in _RANK).encode("ascii")


@lru_cache(maxsize=1024)
def unpack(packed: bytes) -> Scopes:
    """The inverse of `pack`."""
    bits = int.from_bytes(packed[:2])
    known = tuple(name for rank, name in enumerate(WELL_KNOWN) if bits >> rank & 1)
    return known + tuple(packed[2:].decode("ascii").split())
