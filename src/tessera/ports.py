"""What the house needs from outside, as Protocols whose docstrings are contracts."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from tessera.core.applications import Application, ApplicationRecord, SecretRecord
from tessera.core.changes import Change, Notice
from tessera.core.customers import Customer
from tessera.core.keys import WrappedKey
from tessera.core.loyalty.program import Program
from tessera.core.organizations import OrganizationRecord, Property, PropertyRecord


class StoreError(Exception):
    """What a commit can end in, other than done."""


class Conflict(StoreError):
    """A fact that a change relied on no longer holds (`fact` names it); nothing was written."""

    def __init__(self, change: Change, fact: str) -> None:
        super().__init__(f"{type(change).__name__}: {fact}")
        self.change = change
        self.fact = fact


class Unknown(StoreError):
    """The outcome cannot be told. Committing the same changes again is safe."""


class StoreUnavailable(StoreError):
    """Nothing was attempted, or all of it was undone."""


class Unusable(StoreError):
    """The database cannot be used as it is; the text is a sentence that says what to do. Nothing was changed."""


class Entry(msgspec.Struct, frozen=True):
    """A ledger entry, as a repeated request with the same idempotency id needs it."""

    id: str
    point_account: int
    amount: int
    fingerprint: str
    occurred_at: int


class Reader(Protocol):
    """The read side. Each call sees one moment: everything committed before it, nothing half.

    Absent rows are None or an empty list. Raises StoreUnavailable when the database does not answer.
    Lists are in a stable order and paged by `after`: the number of the last row seen (0 to begin).
    """

    async def application(self, client_id: str) -> Application | None:
        """The application with this client id, compared exactly."""

    async def application_numbered(self, number: int) -> Application | None:
        """The application with this number."""

    async def property_with_key(self, api_key: str) -> Property | None:
        """The digital property with this API key, compared exactly."""

    async def program(self, organization: int) -> Program | None:
        """The loyalty program of an organization; None when there is no such organization."""

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        """A customer of this organization, with its balances and current memberships, all of one moment."""

    async def customer_with_external_id(self, organization: int, external_id: str) -> Customer | None:
        """The same, found by any of its external ids."""

    async def customer_id_with_email(self, organization: int, folded_email: str) -> str | None:
        """The id of the customer with this email address, in its folded form."""

    async def entry(self, customer: int, idempotency_id: str) -> Entry | None:
        """The ledger entry of a customer with this idempotency id."""

    async def keys(self) -> list[WrappedKey]:
        """All wrapped keys, by purpose and number."""

    async def revocations(self, now: int) -> list[tuple[int, int]]:
        """Token id and expiry of every revoked token that has not expired at `now`."""

    async def last_sequence(self) -> int:
        """The sequence number of the newest notice; 0 when there is none."""

    async def notices_after(self, sequence: int) -> list[Notice]:
        """The notices with a greater sequence number, in order. One that commits later never has a lower number."""

    async def changed(self) -> bool:
        """Whether anything may have been committed since the last call; False is certain, True is cheap to check."""

    async def organizations(self) -> list[OrganizationRecord]:
        """All organizations."""

    async def properties(self) -> list[PropertyRecord]:
        """All digital properties."""

    async def applications(self, after: int, limit: int) -> list[ApplicationRecord]:
        """A page of applications."""

    async def application_record(self, name_or_client_id: str) -> ApplicationRecord | None:
        """The application with this client id or, failing that, this name."""

    async def secrets(self, client_id: str) -> list[SecretRecord]:
        """The secrets of an application, oldest first, ended ones included."""


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


class Entropy(Protocol):
    """Unpredictable bytes."""

    def random_bytes(self, length: int) -> bytes:
        """That many bytes from a cryptographically secure source."""


class SlowHash(Protocol):
    """The slow check for secrets that people made up (argon2id)."""

    def make(self, secret: str) -> bytes:
        """The encoded hash of a secret. Takes tens of milliseconds."""

    async def matches(self, encoded: bytes, secret: str) -> bool:
        """Whether the secret has this hash; off the event loop.

        Raises tessera.core.errors.Unavailable when more checks wait than the bound allows.
        """

    async def waste(self) -> None:
        """Take as long as `matches` does, and say nothing."""
