"""Writes of the outbox: what others are to be told, in the same commit as what happened."""

from tessera.core.changes.change import Change


class AddEvent(Change, frozen=True):
    """Something happened in an organization; `data` is the JSON object that webhooks receive."""

    id: str
    organization: int
    kind: str
    data: str
    occurred_at: int
