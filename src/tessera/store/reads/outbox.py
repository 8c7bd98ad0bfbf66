"""Reading the outbox."""

from tessera.ports.outbox import Told
from tessera.store.driver import Fetching
from tessera.store.sql import outbox as sql


class EventReads(Fetching):
    """Implements `tessera.ports.EventReader`."""

    async def events_about(self, user_id: str, after: int, limit: int) -> list[Told]:
        key = {"user_id": user_id, "after": after, "limit": limit}
        return [Told(*row) for row in await self._fetch(sql.EVENTS_ABOUT, key)]
