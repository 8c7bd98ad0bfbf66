"""Reading what happened to one customer."""

from collections.abc import Sequence

from tessera.core.loyalty.entries import Entry
from tessera.ports.customers import UserEvent
from tessera.store.driver import Fetching
from tessera.store.sql import timeline as sql

_KINDS = ("k0", "k1", "k2", "k3")


class TimelineReads(Fetching):
    """Implements `tessera.ports.TimelineReader`."""

    async def entries_of_kinds(
        self, customer: int, kinds: Sequence[str], beyond: int, limit: int, *, newest_first: bool
    ) -> list[Entry]:
        """Kinds that are not asked for are null in the statement, which equals nothing."""
        parameters: dict[str, object] = dict.fromkeys(_KINDS)
        parameters.update(zip(_KINDS, kinds, strict=False), customer=customer, beyond=beyond, limit=limit)
        select = sql.ENTRIES_NEWEST_FIRST if newest_first else sql.ENTRIES_OLDEST_FIRST
        return await self._rows(select, parameters)

    async def user_events_before(self, customer: int, before: str, limit: int) -> list[UserEvent]:
        key = {"customer": customer, "before": before, "limit": limit}
        return await self._rows(sql.USER_EVENTS_NEWEST_FIRST, key)
