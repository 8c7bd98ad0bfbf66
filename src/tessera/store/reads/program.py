"""Reading loyalty programs."""

from tessera.core.loyalty.program import Program
from tessera.store import rows
from tessera.store.driver import Fetching
from tessera.store.sql import program as sql


class ProgramReads(Fetching):
    """Implements `tessera.ports.ProgramReader`."""

    async def program(self, organization: int) -> Program | None:
        key = {"organization": organization}
        found = await self._fetch(sql.PROGRAM, key)
        if not found:
            return None
        accounts = await self._fetch(sql.PROGRAM_ACCOUNTS, key)
        levels = await self._fetch(sql.PROGRAM_LEVELS, key)
        sources = await self._fetch(sql.PROGRAM_SOURCES, key)
        events = await self._fetch(sql.PROGRAM_EVENTS, key)
        return rows.program(organization, found[0][1], accounts, levels, sources, events)
