"""Counts of what was issued, held in memory and written in batches: issuing a token waits on no database.

Counts stand in arrays by the number of the application or secret, 20 and 12 bytes each, since a process may hold many.
Numbers are dense: databases hand them out one after the other.
"""

from array import array

from tessera.core.changes import Change, CountTokens, MarkCredentialUsed
from tessera.core.credentials import Place
from tessera.core.grants import Authenticated

FLUSH_MAX = 250
"""Applications and secrets written in one flush, so that a flush never holds up requests; others wait for the next.

The statements of a flush run on the event loop, one after the other, and a full flush takes a few milliseconds.
"""

_ROOM = 1024
"""Places by which an array grows beyond what is asked of it."""


class Usage:
    """Per application: tokens issued, how many by credentials in a URL, the last one; per secret: its last use.

    `_applications` and `_secrets` are the numbers of those with something to write, each once.
    """

    __slots__ = ("_applications", "_in_query", "_issued", "_last_at", "_secrets", "_used_at")

    def __init__(self) -> None:
        self._issued = array("I")
        self._in_query = array("I")
        self._last_at = array("Q")
        self._used_at = array("Q")
        self._applications = array("I")
        self._secrets = array("I")

    def count(self, caller: Authenticated, now: int) -> None:
        """One more token was issued."""
        number, secret = caller.application.number, caller.credential
        if number >= len(self._issued) or secret >= len(self._used_at):
            self._make_room(number, secret)
        if not self._issued[number]:
            self._applications.append(number)
        if not self._used_at[secret]:
            self._secrets.append(secret)
        self._issued[number] += 1
        if caller.place is Place.QUERY:
            self._in_query[number] += 1
        self._last_at[number] = self._used_at[secret] = now

    def _make_room(self, number: int, secret: int) -> None:
        for column in (self._issued, self._in_query, self._last_at):
            _grow(column, number)
        _grow(self._used_at, secret)

    def take(self, limit: int = FLUSH_MAX) -> list[Change]:
        """Counts of up to `limit` applications and secrets, as changes; they are no longer held here.

        Those with neighbouring numbers go together, because their rows lie together.
        """
        changes: list[Change] = []
        self._applications = array("I", sorted(self._applications))
        self._secrets = array("I", sorted(self._secrets))
        for number in self._applications[:limit]:
            changes.append(CountTokens(number, self._issued[number], self._in_query[number], self._last_at[number]))
            self._issued[number] = self._in_query[number] = 0
        for secret in self._secrets[:limit]:
            changes.append(MarkCredentialUsed(secret, self._used_at[secret]))
            self._used_at[secret] = 0
        del self._applications[:limit]
        del self._secrets[:limit]
        return changes

    def put_back(self, changes: list[Change]) -> None:
        """Take counts back that could not be written."""
        for change in changes:
            if isinstance(change, CountTokens):
                number = change.application
                self._make_room(number, 0)
                if not self._issued[number]:
                    self._applications.append(number)
                self._issued[number] += change.issued
                self._in_query[number] += change.query_credentials_used
                self._last_at[number] = max(change.last_at, self._last_at[number])
            elif isinstance(change, MarkCredentialUsed):
                secret = change.number
                self._make_room(0, secret)
                if not self._used_at[secret]:
                    self._secrets.append(secret)
                self._used_at[secret] = max(change.at, self._used_at[secret])

    def __len__(self) -> int:
        """How many applications and secrets have something to be written, whichever are more."""
        return max(len(self._applications), len(self._secrets))


def _grow(column: "array[int]", number: int) -> None:
    if number >= len(column):
        column.frombytes(bytes((number + _ROOM - len(column)) * column.itemsize))
