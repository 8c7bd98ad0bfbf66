"""Writes of the upkeep: who does it."""

from tessera.core.changes.change import Change


class TakeLease(Change, frozen=True):
    """A process holds a lease alone until `ends_at`; nobody else holds it at `now`. Taking it again extends it."""

    name: str
    holder: str
    now: int
    ends_at: int


class ReleaseLease(Change, frozen=True):
    """A process lets go of a singleton task, if it still holds it."""

    name: str
    holder: str
