"""Counts of what was issued and called, held in memory and written in batches: issuing a token waits on no database.

Counts stand in arrays by the number of the application or credential, 33 and 12 bytes each, since a process may hold
many. Numbers are dense: databases hand them out one after the other.
"""

from array import array

from tessera.core.changes import Change, CountHour, CountTokens, MarkCredentialUsed, MarkPropertySecretUsed
from tessera.core.clients.credentials import Authenticated, Place
from tessera.core.clients.expiry_warnings import HOUR

FLUSH_MAX = 250
"""Applications and credentials written in one flush, so that a flush never holds up requests; others wait for the next.

The statements of a flush run on the event loop, one after the other, and a full flush takes a few milliseconds.
"""

SOURCES_MAX = 10_000
"""Credentials of which the address of the last use is kept until it is written; of more, only the time is written."""

_ROOM = 1024
"""Places by which an array grows beyond what is asked of it."""


class Usage:
    """Per application: tokens, those by credentials in a URL, the last one, calls, refusals; per credential: last use.

    `_applications` and `_credentials` are the numbers of those with something to write, each once. `_of_properties` has
    the last use of each secret of a digital property, of which there are few.
    """

    __slots__ = (
        "_applications",
        "_calls",
        "_credentials",
        "_elsewhere",
        "_in_query",
        "_issued",
        "_last_at",
        "_marked",
        "_of_properties",
        "_refused",
        "_sources",
        "_used_at",
    )

    def __init__(self) -> None:
        self._issued = array("I")
        self._in_query = array("I")
        self._last_at = array("Q")
        self._calls = array("I")
        self._refused = array("I")
        self._elsewhere = array("I")
        self._marked = array("B")
        self._used_at = array("Q")
        self._sources: dict[int, str] = {}
        self._applications = array("I")
        self._credentials = array("I")
        self._of_properties: dict[int, tuple[int, str]] = {}

    def count(self, caller: Authenticated, now: int, source: str, resource: int = 0, issued: int = 1) -> None:
        """One more token for a resource was issued, or with `issued` 0 handed out again; `source` is the address."""
        number, credential = caller.application.number, caller.credential
        if number >= len(self._marked) or credential >= len(self._used_at):
            self._make_room(number, credential)
        if not self._marked[number]:
            self._mark(number)
        if not self._used_at[credential]:
            self._credentials.append(credential)
        self._issued[number] += issued
        if resource:
            self._elsewhere[number] += issued
        if caller.place is Place.QUERY:
            self._in_query[number] += 1
        self._last_at[number] = self._used_at[credential] = now
        if credential in self._sources or len(self._sources) < SOURCES_MAX:
            self._sources[credential] = source

    def call(self, number: int) -> None:
        """One more call was made with a token of an application."""
        if number >= len(self._marked):
            self._make_room(number, 0)
        if not self._marked[number]:
            self._mark(number)
        self._calls[number] += 1

    def use_property_secret(self, number: int, now: int, source: str) -> None:
        """A secret of a digital property (its number) was used, from this address."""
        self._of_properties[number] = (now, source)

    def refuse(self, number: int) -> None:
        """An application was refused a token once more; 0 stands for an unknown one, and costs the same."""
        if number >= len(self._marked):
            self._make_room(number, 0)
        if not self._marked[number]:
            self._mark(number)
        self._refused[number] += 1

    def _mark(self, number: int) -> None:
        self._marked[number] = 1
        self._applications.append(number)

    def _make_room(self, number: int, credential: int) -> None:
        for column in (
            self._issued,
            self._in_query,
            self._last_at,
            self._calls,
            self._refused,
            self._elsewhere,
            self._marked,
        ):
            _grow(column, number)
        _grow(self._used_at, credential)

    def take(self, now: int, limit: int = FLUSH_MAX) -> list[Change]:
        """Counts of up to `limit` applications and credentials, as changes; they are no longer held here.

        Those with neighbouring numbers go together, because their rows lie together. What is counted between two
        flushes is counted in the hour of the second.
        """
        changes: list[Change] = []
        hour = now // HOUR
        self._applications = array("I", sorted(self._applications))
        self._credentials = array("I", sorted(self._credentials))
        for number in self._applications[:limit]:
            issued, in_query, calls = self._issued[number], self._in_query[number], self._calls[number]
            if issued or in_query or self._last_at[number]:
                changes.append(CountTokens(number, issued, in_query, self._last_at[number]))
            if issued or calls or self._refused[number]:
                changes.append(
                    CountHour(
                        application=number,
                        hour=hour,
                        tokens=issued,
                        calls=calls,
                        refused=self._refused[number],
                        elsewhere=self._elsewhere[number],
                    )
                )
            self._issued[number] = self._in_query[number] = self._calls[number] = self._refused[number] = 0
            self._last_at[number] = self._elsewhere[number] = self._marked[number] = 0
        for credential in self._credentials[:limit]:
            source = self._sources.pop(credential, "") or None
            changes.append(MarkCredentialUsed(credential, self._used_at[credential], source))
            self._used_at[credential] = 0
        for secret in sorted(self._of_properties)[:limit]:
            at, source_of_use = self._of_properties.pop(secret)
            changes.append(MarkPropertySecretUsed(secret, at, source_of_use or None))
        del self._applications[:limit]
        del self._credentials[:limit]
        return changes

    def put_back(self, changes: list[Change]) -> None:
        """Take counts back that could not be written."""
        for change in changes:
            match change:
                case CountTokens():
                    number = self._application(change.application)
                    self._issued[number] += change.issued
                    self._in_query[number] += change.query_credentials_used
                    self._last_at[number] = max(change.last_at, self._last_at[number])
                case CountHour():  # its tokens come back with `CountTokens`
                    number = self._application(change.application)
                    self._calls[number] += change.calls
                    self._refused[number] += change.refused
                    self._elsewhere[number] += change.elsewhere
                case MarkCredentialUsed():
                    self._put_back_use(change)
                case MarkPropertySecretUsed():
                    use = (change.at, change.source or "")
                    self._of_properties[change.number] = max(use, self._of_properties.get(change.number, use))

    def _application(self, number: int) -> int:
        """The number, with room for its counts, among those to be written."""
        self._make_room(number, 0)
        if not self._marked[number]:
            self._mark(number)
        return number

    def _put_back_use(self, change: MarkCredentialUsed) -> None:
        credential = change.number
        self._make_room(0, credential)
        if not self._used_at[credential]:
            self._credentials.append(credential)
        if change.at > self._used_at[credential]:
            self._used_at[credential] = change.at
            if change.source is not None and len(self._sources) < SOURCES_MAX:
                self._sources[credential] = change.source

    def __len__(self) -> int:
        """How many applications and credentials have something to be written, whichever are more."""
        return max(len(self._applications), len(self._credentials), len(self._of_properties))


def _grow(column: "array[int]", number: int) -> None:
    if number >= len(column):
        column.frombytes(bytes((number + _ROOM - len(column)) * column.itemsize))
