"""Reading loyalty programs."""

from tessera.core.loyalty.program import Program
from tessera.store.driver import Fetching
from tessera.store.rows import program as rows
from tessera.store.sql import program_reads as sql
from tessera.store.sql.statement import Select


class ProgramReads(Fetching):
    """Implements `tessera.ports.ProgramReader` and `tessera.ports.WholeProgramReader`."""

    async def program(self, organization: int) -> Program | None:
        return await self._program(organization, sql.PROGRAM_LEVELS, sql.PROGRAM_EVENTS, sql.PROGRAM_PURCHASES)

    async def whole_program(self, organization: int) -> Program | None:
        return await self._program(organization, sql.WHOLE_LEVELS, sql.WHOLE_EVENTS, sql.WHOLE_PURCHASES)

    async def _program(
        self,
        organization: int,
        levels_of: Select[sql.LevelRow],
        events_of: Select[sql.EventRow],
        purchases_of: Select[sql.PurchaseRow],
    ) -> Program | None:
        """Read again when the program was changed meanwhile: every change of one makes its version another."""
        key = {"organization": organization}
        found = await self._first(sql.PROGRAM, key)
        while found is not None:
            accounts = await self._rows(sql.PROGRAM_ACCOUNTS, key)
            levels = await self._rows(levels_of, key)
            sources = await self._rows(sql.PROGRAM_SOURCES, key)
            events = await self._rows(events_of, key)
            purchases = await self._rows(purchases_of, key)
            before, found = found, await self._first(sql.PROGRAM, key)
            if before == found:
                return rows.program(found, accounts, levels, sources, events, purchases)
        return None

    async def holders(self, tier_level: int, limit: int) -> int:
        return int(await self._value(sql.HOLDERS, {"tier_level": tier_level, "limit": limit}))

    async def is_taken(self, program_id: str) -> bool:
        return bool(await self._values(sql.IDS_TAKEN, {"id": program_id}))
