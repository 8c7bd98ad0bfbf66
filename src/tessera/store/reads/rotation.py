"""Reading what is warned of, and the counts by the hour."""

from tessera.core.clients.expiry_warnings import Ending, Greedy, Owner
from tessera.ports.rotation import HourCount
from tessera.store import rows
from tessera.store.driver import Fetching
from tessera.store.sql import rotation as sql
from tessera.store.sql import usage


class RotationReads(Fetching):
    """Implements `tessera.ports.RotationReader`."""

    async def endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        key = {"after": after, "after_number": after_number, "until": until, "limit": limit}
        return [rows.ending(row) for row in await self._fetch(sql.ENDING, key)]

    async def warning_told(self, name: str) -> bool:
        return bool(await self._fetch(sql.WARNING_TOLD, {"name": name}))

    async def usage_hours(self, application: int, first: int) -> list[HourCount]:
        return [HourCount(*row) for row in await self._fetch(usage.HOURS, {"application": application, "first": first})]

    async def greedy(self, hour: int, tokens: int, calls_each: int) -> list[Greedy]:
        key = {"hour": hour, "tokens": tokens, "calls_each": calls_each}
        return [Greedy(Owner(*row[:5]), *row[5:]) for row in await self._fetch(usage.GREEDY, key)]
