"""Reading the times of purges, and whether they have anything to do."""

from tessera.core.changes import Change
from tessera.store.driver import Fetching
from tessera.store.sql import purges as sql


class PurgeReads(Fetching):
    """Implements `tessera.ports.PurgeReader`."""

    async def database_time(self) -> int | None:
        return await self._driver.time()

    async def noted_time(self) -> int | None:
        found: int | None = await self._value(sql.NOTED, {})
        return found

    async def purgeable(self, kind: type[Change], until: int) -> bool:
        return bool(await self._values(sql.LEFT[kind], {"until": until}))
