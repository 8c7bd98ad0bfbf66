"""Reading lots of points."""

from tessera.core.loyalty.lots import Lots
from tessera.store.driver import Fetching
from tessera.store.sql import lots as sql
from tessera.store.sql.lots import LotRow
from tessera.store.sql.statement import Select


class LotReads(Fetching):
    """Implements `tessera.ports.LotReader`."""

    async def deposited(self, customer: int, after: int, through: int) -> Lots:
        return await self._lots(sql.DEPOSITED, customer, after, through)

    async def expired(self, customer: int, after: int, through: int) -> Lots:
        return await self._lots(sql.EXPIRED, customer, after, through)

    async def _lots(self, select: Select[LotRow], customer: int, after: int, through: int) -> Lots:
        found = await self._rows(select, {"customer": customer, "after": after, "through": through})
        return {(row.point_account, row.ends_at): row.amount for row in found}
