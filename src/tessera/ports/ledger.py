"""Reading the ledger, the history of memberships, and what is due."""

from typing import NamedTuple, Protocol

from tessera.core.loyalty.entries import Entry


class Sum(NamedTuple):
    """What the ledger of one customer sums up to in one point account; amounts in units."""

    point_account: int
    available: int
    life_time: int


class PastMembership(NamedTuple):
    """A level that a customer holds or held; `left_at` is None while it does."""

    id: str
    tier_system: int
    tier_level: int
    joined_at: int
    left_at: int | None
    reason: str


class Due(NamedTuple):
    """A customer to whom something is due by itself."""

    number: int
    id: str
    organization: int


class LedgerReader(Protocol):
    """The ledger by customer (their number)."""

    async def entry(self, customer: int, idempotency_id: str) -> Entry | None:
        """The entry of a customer with this idempotency id."""

    async def entries_of_request(self, customer: int, request: str) -> list[Entry]:
        """The entries that were made by a request, by its fingerprint, in their order."""

    async def entries_between(self, customer: int, first: int, last: int) -> list[Entry]:
        """The entries with numbers from `first` to `last`, in their order."""

    async def entries_before(self, customer: int, before: int, limit: int) -> list[Entry]:
        """Up to `limit` entries with lower numbers than `before`, the newest first."""

    async def sums(self, customer: int, through: int) -> list[Sum]:
        """What the entries up to the number `through` sum up to, by point account."""

    async def memberships(self, customer: int) -> list[PastMembership]:
        """Every level that a customer holds or held, in the order of entering."""

    async def due(self, now: int, limit: int) -> list[Due]:
        """Customers to whom something is due at `now`, the longest due first."""

    async def lease(self, name: str) -> tuple[str, int] | None:
        """Who does a singleton task, and until when."""
