"""Handing a live token out again, to applications that are set to it: for a caller that keeps no token.

Each process remembers the tokens that it issued to such applications itself, a bounded number of them.
"""

from typing import NamedTuple

from tessera.core.clients.applications import Application
from tessera.core.keys.sealing import Ring
from tessera.core.scopes import Scopes
from tessera.core.times import SECOND
from tessera.core.tokens import access_tokens
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.resource_servers import Resources
from tessera.directory import Directory
from tessera.directory.cache import drop_oldest

ENTRIES_MAX = 10_000
"""Tokens remembered, at most half a kilobyte each; beyond it the tenth of them that came first goes."""

_Key = tuple[int, int, Scopes, int, int, bytes, int, int, str, int]


class _Handed(NamedTuple):
    application: Application
    ring: Ring
    resources: Resources
    token: str
    claims: Claims


class TokenReuse:
    """The tokens that may be handed out again, by everything that a token says but its id and its time."""

    __slots__ = ("_directory", "_handed")

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._handed: dict[_Key, _Handed] = {}

    def find(self, application: Application, claims: Claims, now: int) -> tuple[str, Claims] | None:
        """A token that says what `claims` say and has more than half of its life before it, with its own claims.

        None when there is none, when it was revoked or cut off, and when anything about the application, the resources
        or the keys has changed since: then the directory holds other values for these.
        """
        directory = self._directory
        known = self._handed.get(_key(claims))
        if known is None:
            return None
        if (
            known.application is application is directory.applications.numbered.get(application.number)
            and known.ring is directory.ring
            and known.resources is directory.resources
            and known.claims.issued_at <= now < known.claims.issued_at + claims.lifetime_seconds * SECOND // 2
            and access_tokens.live(known.claims, application, directory.revocations, now, directory.resources)
        ):
            return known.token, known.claims
        del self._handed[_key(claims)]
        return None

    def keep(self, application: Application, claims: Claims, token: str) -> None:
        """Remember a token that was just issued."""
        if len(self._handed) >= ENTRIES_MAX:
            drop_oldest(self._handed)
        self._handed[_key(claims)] = _Handed(
            application, self._directory.ring, self._directory.resources, token, claims
        )

    def __len__(self) -> int:
        """How many tokens are remembered."""
        return len(self._handed)


def _key(claims: Claims) -> _Key:
    return (
        claims.application,
        claims.credential,
        claims.scopes,
        claims.resource,
        claims.binding,
        claims.thumbprint,
        claims.lifetime_seconds,
        claims.generation,
        claims.subject,
        claims.grant,
    )
