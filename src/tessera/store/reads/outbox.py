"""Reading the outbox."""

from tessera.core.webhooks.webhooks import Delivery, Event, Webhook
from tessera.ports.outbox import Counts
from tessera.store.driver import Fetching, Row
from tessera.store.sql import outbox as sql


class OutboxReads(Fetching):
    """Implements `tessera.ports.OutboxReader`."""

    async def webhooks(self) -> list[Webhook]:
        return [Webhook(*row) for row in await self._fetch(sql.WEBHOOKS, {})]

    async def webhook(self, organization: int, name: str) -> Webhook | None:
        found = await self._fetch(sql.WEBHOOK, {"organization": organization, "name": name})
        return Webhook(*found[0]) if found else None

    async def webhooks_in_force(self, now: int) -> list[tuple[Webhook, bool]]:
        return [(Webhook(*row[:-1]), row[-1] == 1) for row in await self._fetch(sql.WEBHOOKS_IN_FORCE, {"now": now})]

    async def last_event(self) -> int:
        return int((await self._fetch(sql.LAST_EVENT, {}))[0][0])

    async def events_after(self, organization: int, after: int, limit: int) -> list[Event]:
        key = {"organization": organization, "after": after, "limit": limit}
        return [Event(*row) for row in await self._fetch(sql.EVENTS_AFTER, key)]

    async def events_before(self, organization: int, before: int, limit: int) -> list[Event]:
        key = {"organization": organization, "before": before, "limit": limit}
        return [Event(*row) for row in await self._fetch(sql.EVENTS_BEFORE, key)]

    async def event(self, event_id: str) -> Event | None:
        found = await self._fetch(sql.EVENT, {"id": event_id})
        return Event(*found[0]) if found else None

    async def events_about(self, user_id: str, after: int, limit: int) -> list[Event]:
        key = {"user_id": user_id, "after": after, "limit": limit}
        return [Event(*row) for row in await self._fetch(sql.EVENTS_ABOUT, key)]

    async def event_span(self, after: int, limit: int) -> list[tuple[int, int]]:
        return [(row[0], row[1]) for row in await self._fetch(sql.EVENT_SPAN, {"after": after, "limit": limit})]

    async def waiting(self, organization: int, position: int) -> dict[str, int]:
        found = await self._fetch(sql.WAITING, {"organization": organization, "position": position})
        return {row[0]: int(row[1]) for row in found}

    async def deliveries_due(self, webhook: int, now: int, limit: int) -> list[Delivery]:
        found = await self._fetch(sql.DELIVERIES_DUE, {"webhook": webhook, "now": now, "limit": limit})
        return [_delivery(row) for row in found]

    async def deliveries(self, webhook: int, after: int, limit: int) -> list[Delivery]:
        found = await self._fetch(sql.DELIVERIES, {"webhook": webhook, "after": after, "limit": limit})
        return [_delivery(row) for row in found]

    async def delivery_counts(self, webhook: int) -> Counts:
        found = await self._fetch(sql.DELIVERY_COUNTS, {"webhook": webhook})
        return Counts(int(found[0][0]), int(found[0][1]))


def _delivery(row: Row) -> Delivery:
    webhook, attempts, next_attempt_at, last_error, gave_up_at, *event = row
    return Delivery(
        webhook=webhook,
        attempts=attempts,
        next_attempt_at=next_attempt_at,
        last_error=last_error,
        gave_up_at=gave_up_at,
        event=Event(*event),
    )
