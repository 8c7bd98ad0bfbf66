"""Keys that follow one another: which of them signs at a moment.

A key is known to everybody before it signs (`signs_from`), and still opens what it made after the next one signs
(`verifies_until`, None while its end is not set). Times are integer microseconds since the epoch.
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

FOREVER = 2**63 - 1


class Timed(Protocol):
    """A key with its times."""

    @property
    def signs_from(self) -> int:
        """When it begins to sign."""

    @property
    def verifies_until(self) -> int | None:
        """When it no longer opens anything."""


K = TypeVar("K", bound=Timed)


class KeyRing(Generic[K]):
    """Keys of one kind. Raises ValueError when there are none."""

    __slots__ = ("_begins", "_ends", "_signing", "keys")

    def __init__(self, keys: Iterable[K]) -> None:
        self.keys = sorted(keys, key=lambda key: key.signs_from)
        if not self.keys:
            raise ValueError("a succession holds at least one key")
        self._begins = self._ends = 0
        self._signing = self.keys[0]

    def at(self, now: int) -> K:
        """The newest key whose `signs_from` has come and whose end has not, remembered while that is the answer.

        Where there is none, because the clock went back, it is the first.
        """
        if self._begins <= now < self._ends:
            return self._signing
        begins, ends = 0, FOREVER
        found = None
        for key in self.keys:
            end = FOREVER if key.verifies_until is None else key.verifies_until
            for moment in (key.signs_from, end):
                if moment <= now:
                    begins = max(begins, moment)
                else:
                    ends = min(ends, moment)
            if key.signs_from <= now < end:
                found = key
        self._begins, self._ends = begins, ends
        self._signing = found or self.keys[0]
        return self._signing
