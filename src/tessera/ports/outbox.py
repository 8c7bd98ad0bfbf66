"""Reading the outbox."""

from typing import NamedTuple, Protocol


class Told(NamedTuple):
    """An event as it is told: `data` is the JSON object that webhooks receive."""

    number: int
    id: str
    kind: str
    data: str
    occurred_at: int


class EventReader(Protocol):
    """Events by the customer they are about."""

    async def events_about(self, user_id: str, after: int, limit: int) -> list[Told]:
        """Events about a customer, in pages by their number."""
