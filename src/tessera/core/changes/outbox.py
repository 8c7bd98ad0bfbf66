"""Writes of the outbox: what others are to be told, in the same commit as what happened."""

from tessera.core.changes.change import Change


class AddEvent(Change, frozen=True):
    """Something happened in an organization; `data` is the JSON object that webhooks receive.

    `user_id` is the customer it is about, by which its events are found when it is to be forgotten.
    """

    id: str
    organization: int
    kind: str
    data: str
    occurred_at: int
    user_id: str | None = None


class RedactEvent(Change, frozen=True):
    """What is told of something that happened, without what a forgotten customer may be known by."""

    number: int
    data: str
