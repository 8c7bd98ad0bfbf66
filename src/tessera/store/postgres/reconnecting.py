"""A link that is made again whenever it is lost, for as long as it takes.

While the database is away nobody waits for it: once a try has failed, or an answer has not come in time, callers are
refused at once, and a task goes on trying beside them.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from time import monotonic

from psycopg.pq.abc import PGresult

from tessera.ports import StoreUnavailable
from tessera.store.postgres.pipeline import Link, LinkLostError, Message
from tessera.store.postgres.servers import TROUBLES, Servers

RETRY_SECONDS = 0.75
"""From the beginning of a try to connect to the next, about: where processes are many they do not come all at once."""

RETRY_SECONDS_MIN = 0.1
"""At least so long after a try; it is also how soon the first that failed is followed by another."""

Told = Callable[[str, str | None], None]
"""Told, with the name of a line, that it cannot connect, and why; without a reason that it can again."""


class Line:
    """One connection of a process, by its name for the operator.

    `opened` is done with each new link before anybody uses it. Nothing is connected before it is first used; from then
    on it is kept, whether anybody asks or not.
    """

    def __init__(
        self,
        name: str,
        servers: Servers,
        timeout_seconds: float,
        told: Told,
        opened: Sequence[Message] = (),
        notified: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._servers = servers
        self._timeout = timeout_seconds
        self._told = told
        self._opened = opened
        self._notified = notified
        self._closed = False
        self._failed = ""
        self._said = False
        self._linked_at = -RETRY_SECONDS
        self._connecting: asyncio.Task[None] | None = None
        self._tried: asyncio.Future[None] | None = None
        self.link: Link | None = None

    def reach(self) -> Link | None:
        """The link, or None while there is none: one is being made then, and nobody waits."""
        if self.link is None and self._connecting is None and not self._closed:
            self._tried = asyncio.get_running_loop().create_future()
            self._connecting = asyncio.create_task(self._connect())
        return self.link

    async def linked(self, timeout_seconds: float | None = None) -> Link:
        """The link. Raises StoreUnavailable when there is none and the last try failed."""
        if self.link is not None:
            return self.link
        if self._closed:
            raise StoreUnavailable("the store is closed")
        self.reach()
        if not self._failed and self._tried is not None:
            await asyncio.wait((self._tried,), timeout=self._timeout if timeout_seconds is None else timeout_seconds)
        return self._made()

    def _made(self) -> Link:
        if self.link is None:
            raise StoreUnavailable(self._failed or f"no connection within {self._timeout:g} seconds")
        return self.link

    async def ask(self, *messages: Message) -> list[PGresult]:
        """One exchange of statements that only read.

        Raises StoreUnavailable. What was under way on a connection that is lost is asked once more on another. No
        longer than an exchange may take is waited for all of it.
        """
        link = self.link
        now = asyncio.get_running_loop().time
        latest = now() + self._timeout
        if link is not None:
            try:
                return await link.exchange(messages)
            except LinkLostError as error:
                if error.timed_out:
                    raise StoreUnavailable(str(error)) from error
        link = await self.linked(latest - now())
        answer = link.exchange(messages)
        done, _ = await asyncio.wait((answer,), timeout=latest - now())  # no `asyncio.timeout`: this may be in no task
        if not done:
            answer.cancel()
            raise StoreUnavailable(f"no answer within {self._timeout:g} seconds")
        try:
            return answer.result()
        except LinkLostError as error:
            raise StoreUnavailable(str(error)) from error

    async def close(self) -> None:
        """Let go of the connection."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self.link is not None:
            self.link.end("the store is closed")

    async def _connect(self) -> None:
        """Try until there is a link."""
        pause = RETRY_SECONDS_MIN
        try:
            if monotonic() - self._linked_at < RETRY_SECONDS:  # a server that hangs up on us at once is not stormed
                await asyncio.sleep(RETRY_SECONDS_MIN)
            while self.link is None:
                began = monotonic()
                try:
                    link = await self._servers.link(self._lost, self._opened)
                except (*TROUBLES, TimeoutError) as error:
                    self._refuse(str(error).strip() or f"no connection within {self._timeout:g} seconds")
                    await self._servers.pause(max(pause - (monotonic() - began), RETRY_SECONDS_MIN))
                    pause = RETRY_SECONDS * random.uniform(0.7, 1.3)  # noqa: S311  # nothing secret about it
                else:
                    link.notified = self._notified
                    self._linked_at = monotonic()
                    if link.ended:
                        await asyncio.sleep(RETRY_SECONDS_MIN)
                    else:
                        self.link = link
            self._failed = ""
            if self._said:
                self._said = False
                self._told(self._name, None)
        finally:
            self._connecting = None
            self._end_try()

    def _refuse(self, reason: str) -> None:
        """A try has failed: whoever waits for a link is told, and the operator, once."""
        self._failed = reason
        if not self._said:
            self._said = True
            self._told(self._name, reason)
        self._end_try()

    def _end_try(self) -> None:
        if self._tried is not None and not self._tried.done():
            self._tried.set_result(None)

    def _lost(self, link: Link, error: LinkLostError) -> None:
        if self.link is link:
            self.link = None
            if error.timed_out:  # whoever comes now need not wait as long to learn the same
                self._failed = str(error)
            self.reach()
