"""Counts of what was issued, held in memory and written in batches: issuing a token waits on no database."""

from itertools import islice

from tessera.core.changes import Change, CountTokens, MarkSecretUsed
from tessera.core.credentials import Place
from tessera.core.grants import Authenticated

FLUSH_MAX = 500
"""Applications written in one flush, so that a flush never holds up requests; the others wait for the next."""


class Usage:
    """Per application: tokens issued, how many by credentials in a URL, the last one; per secret: its last use."""

    __slots__ = ("_counts", "_used")

    def __init__(self) -> None:
        self._counts: dict[int, list[int]] = {}
        self._used: dict[int, int] = {}

    def count(self, caller: Authenticated, now: int) -> None:
        """One more token was issued."""
        counts = self._counts.get(caller.application.number)
        if counts is None:
            counts = self._counts[caller.application.number] = [0, 0, 0]
        counts[0] += 1
        if caller.place is Place.QUERY:
            counts[1] += 1
        counts[2] = now
        self._used[caller.secret] = now

    def take(self, limit: int = FLUSH_MAX) -> list[Change]:
        """Counts of up to `limit` applications and secrets, as changes; they are no longer held here."""
        counts = [CountTokens(number, *self._counts.pop(number)) for number in list(islice(self._counts, limit))]
        uses = [MarkSecretUsed(secret, self._used.pop(secret)) for secret in list(islice(self._used, limit))]
        return [*counts, *uses]

    def put_back(self, changes: list[Change]) -> None:
        """Take counts back that could not be written."""
        for change in changes:
            if isinstance(change, CountTokens):
                counts = self._counts.setdefault(change.application, [0, 0, change.last_at])
                counts[0] += change.issued
                counts[1] += change.query_credentials_used
            elif isinstance(change, MarkSecretUsed):
                self._used.setdefault(change.number, change.at)

    def __len__(self) -> int:
        """How many applications and secrets have something to be written, whichever are more."""
        return max(len(self._counts), len(self._used))
