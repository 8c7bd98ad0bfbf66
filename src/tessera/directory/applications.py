"""Applications in memory: one entry found two ways, by client id and by number."""

from tessera.core import generations
from tessera.core.clients.applications import Application
from tessera.core.times import DAY
from tessera.directory.cache import drop_oldest
from tessera.ports import Clock, IdentityReader

ABSENT_MAX = 4096

ENDED_KEPT = DAY
"""How long a credential stays in memory after its end: a clock that was ahead goes back, and it is live again."""


class Applications:
    """A bounded memory of applications. Beyond `entries_max` the one that came first goes, by both its names.

    `known` and `numbered` are the maps themselves, for look-ups without a call. Numbers that do not exist are
    remembered too, boundedly. Client ids that do not exist are read every time, so that one that was asked for before
    it existed works in every process from the moment it does; a refusal costs a read anyway
    (`app/clients/authentication`).
    """

    __slots__ = ("_absent", "_clock", "_entries_max", "_epoch", "_reader", "known", "numbered")

    def __init__(self, reader: IdentityReader, clock: Clock, entries_max: int) -> None:
        self.known: dict[str, Application] = {}
        self.numbered: dict[int, Application] = {}
        self._absent: dict[int, None] = {}
        self._reader = reader
        self._clock = clock
        self._entries_max = entries_max
        self._epoch = 0

    async def with_client_id(self, client_id: str) -> Application | None:
        """The application, from memory or by one read."""
        application = self.known.get(client_id)
        if application is not None:
            return application
        epoch = self._epoch
        application = await self._reader.application(client_id)
        return None if application is None else self._remember(application, epoch)

    async def with_number(self, number: int) -> Application | None:
        """The application, from memory or by one read."""
        application = self.numbered.get(number)
        if application is not None or number in self._absent:
            return application
        epoch = self._epoch
        application = await self._reader.application_numbered(number)
        if application is not None:
            return self._remember(application, epoch)
        if epoch == self._epoch:
            if len(self._absent) >= ABSENT_MAX:
                drop_oldest(self._absent)
            self._absent[number] = None
        return None

    async def for_token(self, number: int, generation: int) -> Application | None:
        """The application of a token of this generation, from memory or by one read.

        A token of a later generation than the one in memory was issued by a node that knows of a cut-off of which this
        process has not heard yet. The application is then read again, so that the token is accepted here at once. What
        is in memory stays until the read has succeeded: other tokens go on while the database cannot be reached.
        """
        known = self.numbered.get(number)
        if known is None or not generations.is_later(generation, known.generation):
            return await self.with_number(number)
        epoch = self._epoch
        application = await self._reader.application_numbered(number)
        return None if application is None else self._remember(application, epoch)

    def _remember(self, application: Application, epoch: int) -> Application:
        if epoch != self._epoch:  # something changed while we read: right for this caller, not for later ones
            return application
        former = self.known.pop(application.client_id, None)
        if former is not None:  # perhaps another application, deleted since: its number must go with it
            del self.numbered[former.number]
        application = application.without_ended_credentials(self._clock.now() - ENDED_KEPT)
        if len(self.known) >= self._entries_max:
            for first in drop_oldest(self.known):
                del self.numbered[first.number]
        self.known[application.client_id] = application
        self.numbered[application.number] = application
        return application

    def drop(self, client_id: str) -> None:
        """Forget an application, so that the next look-up reads it."""
        self._epoch += 1
        self._absent.clear()
        application = self.known.pop(client_id, None)
        if application is not None:
            del self.numbered[application.number]

    def drop_organization(self, number: int) -> None:
        """Forget the applications of an organization, so that the next look-up of each reads it."""
        self._epoch += 1
        for application in [each for each in self.numbered.values() if each.organization == number]:
            self.drop(application.client_id)

    def clear(self) -> None:
        """Forget everything."""
        self._epoch += 1
        self._absent.clear()
        self.known.clear()
        self.numbered.clear()
