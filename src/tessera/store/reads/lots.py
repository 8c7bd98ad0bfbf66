"""Reading lots of points."""

from tessera.core.loyalty.lots import Lots
from tessera.store.driver import Fetching
from tessera.store.sql import lots as sql


class LotReads(Fetching):
    """Implements `tessera.ports.LotReader`."""

    async def deposited(self, customer: int, after: int, through: int) -> Lots:
        return await self._lots(sql.DEPOSITED, customer, after, through)

    async def expired(self, customer: int, after: int, through: int) -> Lots:
        return await self._lots(sql.EXPIRED, customer, after, through)

    async def _lots(self, statement: str, customer: int, after: int, through: int) -> Lots:
        found = await self._fetch(statement, {"customer": customer, "after": after, "through": through})
        return {(row[0], row[1]): int(row[2]) for row in found}
