"""What a store can answer other than what was asked."""

from copy import copy
from typing import Self

from tessera.core.changes import Change
from tessera.core.quotas import Quotas


class StoreError(Exception):
    """What a commit can end in, other than done.

    `client` names who had authenticated, when that is known, and `quotas` are those of its limits.
    """

    client = ""
    quotas: Quotas = ()

    def for_each_caller(self) -> Self:
        """A copy of this error, for one of several callers that one failure concerns.

        An error goes on to say whose request it ended (`client`, `quotas`), so no two callers may get the same one.
        """
        return copy(self)


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
