"""Reading what is warned of, and the counts by the hour."""

from tessera.core.clients.expiry_warnings import Ending, WastefulClient
from tessera.ports.rotation import HourCount
from tessera.store.driver import Fetching
from tessera.store.rows import warnings
from tessera.store.sql import rotation as sql
from tessera.store.sql import usage


class RotationReads(Fetching):
    """Implements `tessera.ports.RotationReader`."""

    async def endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        key = {"after": after, "after_number": after_number, "until": until, "limit": limit}
        return [warnings.ending(row) for row in await self._rows(sql.ENDING, key)]

    async def warning_sent(self, name: str) -> bool:
        return bool(await self._values(sql.WARNING_SENT, {"name": name}))

    async def usage_hours(self, application: int, first: int) -> list[HourCount]:
        return await self._rows(usage.HOURS, {"application": application, "first": first})

    async def wasteful_clients(self, hour: int, tokens: int, calls_each: int) -> list[WastefulClient]:
        key = {"hour": hour, "tokens": tokens, "calls_each": calls_each}
        return [warnings.wasteful_clients(row) for row in await self._rows(usage.WASTEFUL_CLIENTS, key)]
