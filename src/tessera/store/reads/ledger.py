"""Reading the ledger, the history of memberships, and what is due."""

from tessera.core.loyalty.entries import Entry
from tessera.ports.ledger import Due, PastMembership, Sum
from tessera.store.driver import Fetching
from tessera.store.sql import ledger as sql
from tessera.store.sql import upkeep


class LedgerReads(Fetching):
    """Implements `tessera.ports.LedgerReader`."""

    async def entry(self, customer: int, idempotency_id: str) -> Entry | None:
        return await self._first(sql.ENTRY, {"customer": customer, "idempotency_id": idempotency_id})

    async def entries_of_request(self, customer: int, request: str) -> list[Entry]:
        key = {"customer": customer, "request": request}
        return await self._rows(sql.ENTRIES_OF_REQUEST, key)

    async def entries_between(self, customer: int, first: int, last: int) -> list[Entry]:
        key = {"customer": customer, "first": first, "last": last}
        return await self._rows(sql.ENTRIES_BETWEEN, key)

    async def entries_before(self, customer: int, before: int, limit: int) -> list[Entry]:
        key = {"customer": customer, "before": before, "limit": limit}
        return await self._rows(sql.ENTRIES_BEFORE, key)

    async def sums(self, customer: int, through: int) -> list[Sum]:
        return await self._rows(sql.SUMS, {"customer": customer, "through": through})

    async def memberships(self, customer: int) -> list[PastMembership]:
        return await self._rows(sql.MEMBERSHIPS, {"customer": customer})

    async def due(self, now: int, limit: int) -> list[Due]:
        return await self._rows(sql.DUE, {"now": now, "limit": limit})

    async def lease(self, name: str) -> tuple[str, int] | None:
        found = await self._first(upkeep.LEASE, {"name": name})
        return None if found is None else (found.holder, found.ends_at)
