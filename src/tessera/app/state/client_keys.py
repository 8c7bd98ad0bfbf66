"""Public keys of applications, read once for as long as their credentials stay as they are."""

from collections.abc import Callable

from tessera.core.clients.applications import Credential
from tessera.core.keys.jws import VerifyingKey

REMEMBERED_MAX = 10_000
"""Applications whose keys are remembered; beyond it all are read again."""

Holder = tuple[Credential, tuple[VerifyingKey, ...]]
"""A credential that stands for a public key, with that; without any when an address has to be asked."""

Holders = tuple[Holder, ...]
"""Those of an application."""


class ClientKeys:
    """The holders by what is stored of all credentials of an application."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Holders] = {}

    def get(self, packed: bytes, read: Callable[[], Holders]) -> Holders:
        """The holders for these credentials; `read` makes them when they are not known."""
        known = self._known.get(packed)
        if known is None:
            known = read()
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            self._known[packed] = known
        return known
