"""The key sets that clients publish: got when needed, kept for a while, got again when a key is missing."""

import asyncio

from tessera.core.clients import key_sets
from tessera.core.keys.jws import Malformed, VerifyingKey
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.ports import Clock, Fetcher, NotFetched

FRESH_SECONDS = 300
"""How long a set is used without asking again."""

STALE_SECONDS = 86_400
"""How long a set is used that cannot be got again."""

PAUSE_SECONDS = 60
"""The least time between two attempts to get one set, whatever is asked for."""

SETS_MAX = 1_000
"""Sets that are kept; beyond it the one that came first goes."""


class _Known:
    """What is known of one set: its keys, when they were got, when it was last tried, and who waits for it."""

    __slots__ = ("got_at", "keys", "lock", "tried_at")

    def __init__(self) -> None:
        self.keys: list[VerifyingKey] = []
        self.got_at: int | None = None
        self.tried_at: int | None = None
        self.lock = asyncio.Lock()


class KeySets:
    """A bounded memory of key sets by address."""

    def __init__(self, fetcher: Fetcher, clock: Clock) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def keys(self, address: str, key_id: str | None) -> list[VerifyingKey]:
        """The keys of the set at this address; it is got again when it is old, or lacks the key that is asked for."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= SETS_MAX:
                del self._known[next(iter(self._known))]
            known = self._known[address] = _Known()
        if self._wanting(known, key_id):
            async with known.lock:
                if self._wanting(known, key_id):  # whoever held the lock may have got it
                    await self._get(address, known)
        return known.keys

    def _wanting(self, known: _Known, key_id: str | None) -> bool:
        """Whether the set is to be got now."""
        now = self._clock.now()
        if known.tried_at is not None and 0 <= now - known.tried_at < PAUSE_SECONDS * SECOND:
            return False
        if known.got_at is None or not 0 <= now - known.got_at < FRESH_SECONDS * SECOND:
            return True
        return key_id is not None and all(each.key_id != key_id for each in known.keys)

    async def _get(self, address: str, known: _Known) -> None:
        try:
            known.keys = key_sets.read(await self._fetcher.fetch(address, key_sets.BYTES_MAX))
            known.got_at = self._clock.now()
        except (NotFetched, Malformed) as error:
            log.warning("key_set_unavailable", address=address, reason=str(error))
            if known.got_at is None or self._clock.now() - known.got_at > STALE_SECONDS * SECOND:
                known.keys = []
        finally:  # whatever came of it, a defect of ours too: nothing lifts the brake
            known.tried_at = self._clock.now()
