"""A bounded map that is filled by reading through, and emptied entry by entry when the feed says so."""

from collections.abc import Awaitable, Callable, Hashable
from itertools import islice
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def drop_oldest(entries: dict[K, V]) -> list[V]:
    """Drop the tenth of the entries that came first, at least one: a map is slow at giving up its first one by one."""
    return [entries.pop(key) for key in list(islice(entries, max(1, len(entries) // 10)))]


class Cache(Generic[K, V]):
    """Values by key. Beyond `entries_max` the entry that came first goes.

    `known` is the map itself, for look-ups without a call. A key that has no value is remembered too (as None), up
    to `absent_max` of them: a flood of unknown keys costs no database and no memory.
    """

    __slots__ = ("_absent", "_absent_max", "_entries_max", "_epoch", "_read", "known")

    def __init__(self, read: Callable[[K], Awaitable[V | None]], entries_max: int, absent_max: int = 1024) -> None:
        self.known: dict[K, V] = {}
        self._absent: dict[K, None] = {}
        self._read = read
        self._entries_max = entries_max
        self._absent_max = absent_max
        self._epoch = 0

    async def get(self, key: K) -> V | None:
        """The value of a key, from memory or by one read."""
        value = self.known.get(key)
        if value is not None or key in self._absent:
            return value
        epoch = self._epoch
        value = await self._read(key)
        if epoch == self._epoch:  # nothing was changed while we read, so what we read is current
            self._remember(key, value)
        return value

    def known_absent(self, key: K) -> bool:
        """Whether it is in memory that this key has no value."""
        return key in self._absent

    def _remember(self, key: K, value: V | None) -> None:
        if value is None:
            if len(self._absent) >= self._absent_max:
                drop_oldest(self._absent)
            self._absent[key] = None
            return
        if len(self.known) >= self._entries_max:
            drop_oldest(self.known)
        self.known[key] = value

    def drop(self, key: K) -> None:
        """Forget a key, so that the next look-up reads it."""
        self._epoch += 1
        self.known.pop(key, None)
        self._absent.pop(key, None)

    def drop_where(self, unwanted: Callable[[V], bool]) -> None:
        """Forget the keys of all such values, and those that have none, which may have one now."""
        self._epoch += 1
        self._absent.clear()
        for key in [key for key, value in self.known.items() if unwanted(value)]:
            del self.known[key]

    def clear(self) -> None:
        """Forget everything."""
        self._epoch += 1
        self.known.clear()
        self._absent.clear()
