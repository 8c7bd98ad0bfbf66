"""Reading loyalty programs."""

from tessera.core.loyalty.program import Program
from tessera.store import rows
from tessera.store.driver import Fetching
from tessera.store.sql import program as sql


class ProgramReads(Fetching):
    """Implements `tessera.ports.ProgramReader` and `tessera.ports.WholeProgramReader`."""

    async def program(self, organization: int) -> Program | None:
        return await self._read(organization, sql.PROGRAM_LEVELS, sql.PROGRAM_EVENTS, sql.PROGRAM_PURCHASES)

    async def whole_program(self, organization: int) -> Program | None:
        return await self._read(organization, sql.WHOLE_LEVELS, sql.WHOLE_EVENTS, sql.WHOLE_PURCHASES)

    async def _read(self, organization: int, levels_of: str, events_of: str, purchases_of: str) -> Program | None:
        """Read again when the program was changed meanwhile: every change of one makes its version another."""
        key = {"organization": organization}
        found = await self._fetch(sql.PROGRAM, key)
        while found:
            accounts = await self._fetch(sql.PROGRAM_ACCOUNTS, key)
            levels = await self._fetch(levels_of, key)
            sources = await self._fetch(sql.PROGRAM_SOURCES, key)
            events = await self._fetch(events_of, key)
            purchases = await self._fetch(purchases_of, key)
            before, found = found, await self._fetch(sql.PROGRAM, key)
            if before == found:
                return rows.program(found[0], accounts, levels, sources, events, purchases)
        return None

    async def holders(self, tier_level: int, limit: int) -> int:
        found = await self._fetch(sql.HOLDERS, {"tier_level": tier_level, "limit": limit})
        return int(found[0][0])

    async def is_taken(self, program_id: str) -> bool:
        return bool(await self._fetch(sql.IDS_TAKEN, {"id": program_id}))
