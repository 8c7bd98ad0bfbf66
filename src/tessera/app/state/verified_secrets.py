"""Imported secrets that were right: taken by their keyed digest from then on, until the database has that as well."""

import math
from itertools import islice

from tessera.core.changes import RekeyCredential

VERIFIED_MAX = 10_000
"""Secrets remembered as verified; beyond it all are checked again."""

HALVED_SECONDS = 10.0
"""Time in which the longest recent wait counts half."""


class VerifiedSecrets:
    """Secrets by number and keyed digest, those whose digest is still to be written, and the waits for slow checks."""

    __slots__ = ("_to_write", "_verified", "_wait")

    def __init__(self) -> None:
        self._verified: dict[tuple[int, bytes], None] = {}
        self._to_write: dict[int, RekeyCredential] = {}
        self._wait = (0.0, 0.0)

    def __len__(self) -> int:
        """The number of digests that are still to be written."""
        return len(self._to_write)

    def holds(self, number: int, digest: bytes) -> bool:
        """Whether this secret was right before."""
        return (number, digest) in self._verified

    def remember(self, change: RekeyCredential) -> None:
        """Take a secret by its keyed digest, which this change writes."""
        if len(self._verified) >= VERIFIED_MAX:
            self._verified.clear()
        self._verified[change.number, change.digest] = None
        if len(self._to_write) < VERIFIED_MAX:
            self._to_write[change.number] = change

    def waiting(self, limit: int) -> list[RekeyCredential]:
        """The oldest changes that are to be written, so many at most."""
        return list(islice(self._to_write.values(), limit))

    def written(self, change: RekeyCredential) -> None:
        """Forget a change that was written; a newer one for the same secret stays."""
        if self._to_write.get(change.number) is change:
            del self._to_write[change.number]

    def waited(self, seconds: float, at: float) -> None:
        """Note how long a slow check took that ended at this moment of the event loop."""
        self._wait = at, max(seconds, self.longest_wait(at))

    def longest_wait(self, at: float) -> float:
        """How long slow checks took lately, in seconds: the longest, forgotten little by little."""
        noted, seconds = self._wait
        return seconds * math.exp2((noted - at) / HALVED_SECONDS)
