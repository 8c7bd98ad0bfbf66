"""Reading what happened to one customer, by the customer's number."""

from collections.abc import Sequence
from typing import Protocol

from tessera.core.loyalty.entries import Entry
from tessera.ports.customers import UserEvent


class TimelineReader(Protocol):
    """The ledger by kind of entry, and user events from the newest on."""

    async def entries_of_kinds(
        self, customer: int, kinds: Sequence[str], beyond: int, limit: int, *, newest_first: bool
    ) -> list[Entry]:
        """Up to `limit` entries of these kinds with numbers above `beyond`, or below it, the newest first.

        `kinds` are up to four.
        """

    async def user_events_before(self, customer: int, before: str, limit: int) -> list[UserEvent]:
        """Up to `limit` events with ids below this one, the newest first."""
