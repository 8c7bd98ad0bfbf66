"""Reading the outbox."""

from tessera.core.webhooks.webhooks import Delivery, Event, Webhook
from tessera.ports.outbox import Counts
from tessera.store.driver import Fetching
from tessera.store.sql import outbox as sql


class OutboxReads(Fetching):
    """Implements `tessera.ports.OutboxReader`."""

    async def webhooks(self) -> list[Webhook]:
        return await self._rows(sql.WEBHOOKS, {})

    async def webhook(self, organization: int, name: str) -> Webhook | None:
        return await self._first(sql.WEBHOOK, {"organization": organization, "name": name})

    async def webhooks_in_force(self, now: int) -> list[tuple[Webhook, bool]]:
        return [(_webhook(row), row.is_due == 1) for row in await self._rows(sql.WEBHOOKS_IN_FORCE, {"now": now})]

    async def last_event(self) -> int:
        return int(await self._value(sql.LAST_EVENT, {}))

    async def events_after(self, organization: int, after: int, limit: int) -> list[Event]:
        key = {"organization": organization, "after": after, "limit": limit}
        return await self._rows(sql.EVENTS_AFTER, key)

    async def events_before(self, organization: int, before: int, limit: int) -> list[Event]:
        key = {"organization": organization, "before": before, "limit": limit}
        return await self._rows(sql.EVENTS_BEFORE, key)

    async def event(self, event_id: str) -> Event | None:
        return await self._first(sql.EVENT, {"id": event_id})

    async def events_about(self, user_id: str, after: int, limit: int) -> list[Event]:
        key = {"user_id": user_id, "after": after, "limit": limit}
        return await self._rows(sql.EVENTS_ABOUT, key)

    async def event_span(self, after: int, limit: int) -> list[tuple[int, int]]:
        found = await self._rows(sql.EVENT_SPAN, {"after": after, "limit": limit})
        return [(row.number, row.occurred_at) for row in found]

    async def waiting(self, organization: int, position: int) -> dict[str, int]:
        found = await self._rows(sql.WAITING, {"organization": organization, "position": position})
        return {row.kind: row.events for row in found}

    async def deliveries_due(self, webhook: int, now: int, limit: int) -> list[Delivery]:
        found = await self._rows(sql.DELIVERIES_DUE, {"webhook": webhook, "now": now, "limit": limit})
        return [_delivery(row) for row in found]

    async def deliveries(self, webhook: int, after: int, limit: int) -> list[Delivery]:
        found = await self._rows(sql.DELIVERIES, {"webhook": webhook, "after": after, "limit": limit})
        return [_delivery(row) for row in found]

    async def delivery_counts(self, webhook: int) -> Counts:
        (counts,) = await self._rows(sql.DELIVERY_COUNTS, {"webhook": webhook})
        return counts


def _webhook(row: sql.WebhookInForceRow) -> Webhook:
    return Webhook(
        number=row.number,
        organization=row.organization,
        name=row.name,
        url=row.url,
        kinds=row.kinds,
        secret=row.secret,
        former_secret=row.former_secret,
        former_ends_at=row.former_ends_at,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        position=row.position,
        failures=row.failures,
        next_attempt_at=row.next_attempt_at,
        delivered_at=row.delivered_at,
        last_error=row.last_error,
    )


def _delivery(row: sql.DeliveryRow) -> Delivery:
    event = Event(
        number=row.number,
        id=row.id,
        organization=row.organization,
        kind=row.kind,
        data=row.data,
        occurred_at=row.occurred_at,
    )
    return Delivery(
        webhook=row.webhook,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
        gave_up_at=row.gave_up_at,
        event=event,
    )
