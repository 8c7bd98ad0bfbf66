"""Reading the outbox, and sending what is in it."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from tessera.core.webhooks.deliveries import Answer
from tessera.core.webhooks.webhooks import Delivery, Event, Webhook


class Counts(NamedTuple):
    """How many deliveries of a webhook there are, and how many of these were given up."""

    deliveries: int
    given_up: int


class OutboxReader(Protocol):
    """Events of an organization (its number), its webhooks, and their deliveries."""

    async def webhooks(self) -> list[Webhook]:
        """All webhooks."""

    async def webhook(self, organization: int, name: str) -> Webhook | None:
        """The webhook with this name, compared exactly."""

    async def webhooks_in_force(self, now: int) -> list[tuple[Webhook, bool]]:
        """The webhooks that are not disabled, each with whether a delivery is due at `now`."""

    async def last_event(self) -> int:
        """The number of the newest event there is; one that commits later never has a lower number."""

    async def events_after(self, organization: int, after: int, limit: int) -> list[Event]:
        """Events with greater numbers, in their order."""

    async def events_before(self, organization: int, before: int, limit: int) -> list[Event]:
        """Events with lower numbers, the newest first."""

    async def event(self, event_id: str) -> Event | None:
        """The event with this id, compared exactly. May read all events: not for a request."""

    async def events_about(self, user_id: str, after: int, limit: int) -> list[Event]:
        """Events about a customer (the id on the wire), in pages by their number. May read all events, likewise."""

    async def event_span(self, after: int, limit: int) -> list[tuple[int, int]]:
        """Number and time of the next events of any organization, in the order of their numbers."""

    async def waiting(self, organization: int, position: int) -> dict[str, int]:
        """How many events come after a position, by kind."""

    async def deliveries_due(self, webhook: int, now: int, limit: int) -> list[Delivery]:
        """Deliveries of a webhook that are due at `now`, the longest due first."""

    async def deliveries(self, webhook: int, after: int, limit: int) -> list[Delivery]:
        """Deliveries of a webhook by the number of their event, those given up included."""

    async def delivery_counts(self, webhook: int) -> Counts:
        """How many deliveries of a webhook there are."""


class Sender(Protocol):
    """Sends messages over the network."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a message, once, and answer what came of it, within bounds of time and size.

        No redirect is followed. Never raises for anything that the network or the receiver does.
        """
