"""Digital properties, through which an organization's partners call the platform, and their secrets.

A property has secrets as an application has: any number may be live at once, each with an end of its own. All of them
are random, so each is held as a keyed digest, and comparing one with all of them takes no time that anybody notices.
"""

import re
from hmac import compare_digest
from typing import NamedTuple

import msgspec

from tessera.core.clients.applications import FOREVER

API_KEY_LENGTH = 40
"""Lower-case hex characters of an API key, and of a secret, that we make: 160 bits."""

IMPORTED_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
"""An API key imported from another system: it stands in the path of calls, and before a colon in HTTP Basic."""

IMPORTED_SECRET = re.compile(r"[!-~]{32,255}")
"""An imported secret: long enough that it is random, because every call is compared with a fast digest of it."""


class Secret(NamedTuple):
    """A secret as every request needs it: its keyed digest, and when it ends (`FOREVER` for one without an end)."""

    number: int
    digest: bytes
    ends_at: int


class Property(msgspec.Struct, frozen=True, gc=False):
    """A digital property as every platform request needs it; `limits` are its limits as stored, empty for none."""

    number: int
    api_key: str
    organization: int
    enabled: bool
    secrets: tuple[Secret, ...]
    limits: str = ""

    def matching_secret(self, digest: bytes, now: int) -> int | None:
        """The number of the live secret whose keyed digest this is. All are compared, in constant time each."""
        found = None
        for number, held, ends_at in self.secrets:
            if compare_digest(held, digest) and now < ends_at:
                found = number
        return found


NO_PROPERTY = Property(
    number=0, api_key="", organization=0, enabled=False, secrets=(Secret(number=0, digest=bytes(32), ends_at=FOREVER),)
)
"""Stands in for an unknown API key, so that refusing one takes the same work as refusing a wrong secret."""


class PropertyRecord(msgspec.Struct, frozen=True):
    """A digital property as its operator sees it; without any secret. `last_used_at` is that of its secrets."""

    number: int
    name: str
    organization: str
    api_key: str
    enabled: bool
    limits: str
    created_at: int
    last_used_at: int | None
