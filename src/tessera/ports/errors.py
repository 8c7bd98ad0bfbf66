"""What a store can answer other than what was asked."""

from tessera.core.changes import Change
from tessera.core.quotas import Quotas


class StoreError(Exception):
    """What a commit can end in, other than done.

    `client` names who had authenticated, when that is known, and `quotas` are those of its limits.
    """

    client = ""
    quotas: Quotas = ()


class Conflict(StoreError):
    """A fact that a change relied on no longer holds (`fact` names it); nothing was written."""

    def __init__(self, change: Change, fact: str) -> None:
        super().__init__(f"{type(change).__name__}: {fact}")
        self.change = change
        self.fact = fact


class Unknown(StoreError):
    """The outcome cannot be told. Committing the same changes again is safe."""


class StoreUnavailable(StoreError):
    """Nothing was attempted, or all of it was undone."""


class Unusable(StoreError):
    """The database cannot be used as it is; the text is a sentence that says what to do. Nothing was changed."""
