"""Events that may come in floods, told at a capped rate."""

from tessera.core.times import SECOND

KEYS_MAX = 10_000


class Reports:
    """Says when something is to be told again, and how often it has happened since it last was."""

    __slots__ = ("_interval", "_told")

    def __init__(self, interval_seconds: int) -> None:
        self._interval = interval_seconds * SECOND
        self._told: dict[object, tuple[int, int]] = {}

    def due(self, key: object, now: int) -> int:
        """One more of this: how many there were since the last report when it is due again, otherwise 0."""
        at, count = self._told.get(key, (None, 0))
        if at is not None and at <= now < at + self._interval:
            self._told[key] = at, count + 1
            return 0
        if at is None and len(self._told) >= KEYS_MAX:
            self._told.clear()
        self._told[key] = now, 0
        return count + 1
