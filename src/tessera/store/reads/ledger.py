"""Reading the ledger, the history of memberships, and what is due."""

from tessera.core.loyalty.entries import Entry
from tessera.ports.ledger import Due, PastMembership, Sum
from tessera.store.driver import Fetching
from tessera.store.sql import ledger as sql
from tessera.store.sql import upkeep


class LedgerReads(Fetching):
    """Implements `tessera.ports.LedgerReader`."""

    async def entry(self, customer: int, idempotency_id: str) -> Entry | None:
        found = await self._fetch(sql.ENTRY, {"customer": customer, "idempotency_id": idempotency_id})
        return Entry(*found[0]) if found else None

    async def entries_of_request(self, customer: int, request: str) -> list[Entry]:
        key = {"customer": customer, "request": request}
        return [Entry(*row) for row in await self._fetch(sql.ENTRIES_OF_REQUEST, key)]

    async def entries_between(self, customer: int, first: int, last: int) -> list[Entry]:
        key = {"customer": customer, "first": first, "last": last}
        return [Entry(*row) for row in await self._fetch(sql.ENTRIES_BETWEEN, key)]

    async def entries_before(self, customer: int, before: int, limit: int) -> list[Entry]:
        key = {"customer": customer, "before": before, "limit": limit}
        return [Entry(*row) for row in await self._fetch(sql.ENTRIES_BEFORE, key)]

    async def sums(self, customer: int, through: int) -> list[Sum]:
        found = await self._fetch(sql.SUMS, {"customer": customer, "through": through})
        return [Sum(row[0], int(row[1]), int(row[2])) for row in found]

    async def memberships(self, customer: int) -> list[PastMembership]:
        return [PastMembership(*row) for row in await self._fetch(sql.MEMBERSHIPS, {"customer": customer})]

    async def due(self, now: int, limit: int) -> list[Due]:
        return [Due(*row) for row in await self._fetch(sql.DUE, {"now": now, "limit": limit})]

    async def lease(self, name: str) -> tuple[str, int] | None:
        found = await self._fetch(upkeep.LEASE, {"name": name})
        return (found[0][0], found[0][1]) if found else None
