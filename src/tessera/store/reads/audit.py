"""Reading the audit, and what was refused."""

from tessera.core.administration.audit_chain import Checkpoint, Entry
from tessera.ports.audit import Search
from tessera.store.driver import Fetching
from tessera.store.sql import audit as sql


class AuditReads(Fetching):
    """Implements `tessera.ports.AuditReader`."""

    async def audit_entries(self, after: int, limit: int) -> list[Entry]:
        return [Entry(*row) for row in await self._fetch(sql.ENTRIES_AFTER, {"after": after, "limit": limit})]

    async def audit_entries_before(self, before: int, limit: int, search: Search) -> list[Entry]:
        key = {"before": before, "limit": limit, **search._asdict()}
        return [Entry(*row) for row in await self._fetch(sql.ENTRIES_BEFORE, key)]

    async def audit_refusals(self, after: int, limit: int) -> list[Entry]:
        return [Entry(*row) for row in await self._fetch(sql.REFUSALS_AFTER, {"after": after, "limit": limit})]

    async def audit_checkpoints(self) -> list[Checkpoint]:
        return [Checkpoint(*row) for row in await self._fetch(sql.CHECKPOINTS, {"first": 0})]

    async def audit_checkpoint(self, number: int) -> Checkpoint | None:
        found = [Checkpoint(*row) for row in await self._fetch(sql.CHECKPOINT_OVER, {"number": number})]
        return found[0] if found and found[0].last_number >= number else None

    async def refusal(self, request_id: str) -> str | None:
        found = await self._fetch(sql.REFUSAL, {"request_id": request_id})
        return found[0][0] if found else None

    async def refusals_with(self, text: str, limit: int) -> list[str]:
        return [row[0] for row in await self._fetch(sql.REFUSALS_WITH, {"text": text, "limit": limit})]

    async def refusal_at(self, place: int) -> int | None:
        found = await self._fetch(sql.REFUSAL_AT, {"place": place})
        return found[0][0] if found else None
