"""What the context needs from outside, as Protocols whose docstrings are contracts.

Offers the store (its read side by topic), the clock, entropy, the slow hash, the sender of messages, and what a store
can answer other than what was asked. Must not know: how any of it is done.
"""

from collections.abc import Sequence
from typing import Protocol

from tessera.core.changes import Change, Notice
from tessera.ports.audit import AuditReader, Search
from tessera.ports.counts import NodeCounts, SharedCounts
from tessera.ports.customers import CustomerReader, UserEvent
from tessera.ports.errors import Conflict, StoreError, StoreUnavailable, Unknown, Unusable
from tessera.ports.fetcher import Fetcher, NotAllowed, NotFetched
from tessera.ports.identity import IdentityReader
from tessera.ports.keys import KeyReader
from tessera.ports.ledger import Due, LedgerReader, PastMembership, Sum
from tessera.ports.lots import LotReader
from tessera.ports.nodes import NodeCount, NodeReader
from tessera.ports.organizations import OrganizationReader
from tessera.ports.outbox import Counts, OutboxReader, Sender
from tessera.ports.program import ProgramReader, WholeProgramReader
from tessera.ports.properties import PropertyReader
from tessera.ports.purchases import PurchaseReader
from tessera.ports.purges import PurgeReader
from tessera.ports.replay import ReplayReader
from tessera.ports.resources import ResourceReader
from tessera.ports.rotation import HourCount, RotationReader
from tessera.ports.timeline import TimelineReader


class DirectoryReader(IdentityReader, PropertyReader, ResourceReader, ProgramReader, Protocol):
    """What the directory keeps in memory is read by this."""


class Reader(
    IdentityReader,
    PropertyReader,
    KeyReader,
    ResourceReader,
    ProgramReader,
    WholeProgramReader,
    CustomerReader,
    LedgerReader,
    LotReader,
    OrganizationReader,
    PurchaseReader,
    TimelineReader,
    OutboxReader,
    AuditReader,
    ReplayReader,
    PurgeReader,
    RotationReader,
    NodeReader,
    Protocol,
):
    """The read side. Each call sees one moment: everything committed before it, nothing half.

    Absent rows are None or an empty list. Raises StoreUnavailable when the database does not answer.
    Lists are in a stable order and paged by `after`: the number of the last row seen (0 to begin).
    """


class Store(Reader, Protocol):
    """The read side, and the one way to write."""

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        """Write all of the changes or none; durable when it returns. Answers the notices it appended to the feed.

        Raises Conflict (nothing written), StoreUnavailable (nothing written), Unknown (safe to commit again).
        Many callers may commit at once: each outcome is that of some order, one after the other.
        """

    async def close(self) -> None:
        """Finish what was accepted, then let go of files and threads. Further commits raise StoreUnavailable."""


class Clock(Protocol):
    """The time of day."""

    def now(self) -> int:
        """Microseconds since the epoch. May step back when the machine's clock does."""

    def monotonic(self) -> int:
        """Elapsed microseconds since any beginning, which nobody can set: they go on whatever `now` does."""


class Entropy(Protocol):
    """Unpredictable bytes."""

    def random_bytes(self, length: int) -> bytes:
        """That many bytes from a cryptographically secure source."""


class SlowHash(Protocol):
    """The slow check for secrets that people made up (argon2id)."""

    def make(self, secret: str) -> bytes:
        """The encoded hash of a secret. Takes tens of milliseconds."""

    async def matches(self, encoded: bytes, secret: str, source: str = "") -> bool:
        """Whether the secret has this hash; off the event loop, and after whatever else the machine has to do.

        Checks for different sources take turns, however many one of them has waiting. Raises
        tessera.core.errors.Unavailable when more checks wait than the bound allows, for the source with the most.
        """


__all__ = [
    "AuditReader",
    "Clock",
    "Conflict",
    "Counts",
    "CustomerReader",
    "DirectoryReader",
    "Due",
    "Entropy",
    "Fetcher",
    "HourCount",
    "IdentityReader",
    "KeyReader",
    "LedgerReader",
    "LotReader",
    "NodeCount",
    "NodeCounts",
    "NodeReader",
    "NotAllowed",
    "NotFetched",
    "OutboxReader",
    "PastMembership",
    "ProgramReader",
    "PropertyReader",
    "PurchaseReader",
    "PurgeReader",
    "Reader",
    "ReplayReader",
    "ResourceReader",
    "RotationReader",
    "Search",
    "Sender",
    "SharedCounts",
    "SlowHash",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "Sum",
    "TimelineReader",
    "Unknown",
    "Unusable",
    "UserEvent",
    "WholeProgramReader",
]
