"""Reading the audit, and what was refused."""

from tessera.core.administration.audit_chain import Checkpoint, Entry
from tessera.ports.audit import Search
from tessera.store.driver import Fetching
from tessera.store.sql import audit as sql


class AuditReads(Fetching):
    """Implements `tessera.ports.AuditReader`."""

    async def audit_entries(self, after: int, limit: int) -> list[Entry]:
        return await self._rows(sql.ENTRIES_AFTER, {"after": after, "limit": limit})

    async def audit_entries_before(self, before: int, limit: int, search: Search) -> list[Entry]:
        key = {"before": before, "limit": limit, **search._asdict()}
        return await self._rows(sql.ENTRIES_BEFORE, key)

    async def audit_refusals(self, after: int, limit: int) -> list[Entry]:
        return await self._rows(sql.REFUSALS_AFTER, {"after": after, "limit": limit})

    async def audit_checkpoints(self) -> list[Checkpoint]:
        return await self._rows(sql.CHECKPOINTS, {"first": 0})

    async def audit_checkpoint(self, number: int) -> Checkpoint | None:
        found = await self._first(sql.CHECKPOINT_OVER, {"number": number})
        return found if found is not None and found.last_number >= number else None

    async def refusal(self, request_id: str) -> str | None:
        found: str | None = await self._value(sql.REFUSAL, {"request_id": request_id})
        return found

    async def refusals_with(self, text: str, limit: int) -> list[str]:
        return await self._values(sql.REFUSALS_WITH, {"text": text, "limit": limit})

    async def refusal_at(self, place: int) -> int | None:
        found: int | None = await self._value(sql.REFUSAL_AT, {"place": place})
        return found
