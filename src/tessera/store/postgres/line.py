"""A link that is made again whenever it is lost, for as long as it takes.

While the database is away nobody waits for it: once a try has failed, callers are refused at once, and a task goes on
trying beside them.
"""

import asyncio
from collections.abc import Callable, Sequence

import psycopg
from psycopg.pq.abc import PGresult

from tessera.ports import StoreUnavailable
from tessera.store.postgres import failures
from tessera.store.postgres.link import Link, LinkLostError, Message
from tessera.store.postgres.statements import prepared, rows

RETRY_SECONDS = 0.25
"""Between two tries to connect."""

Told = Callable[[str, str | None], None]
"""Told, with the name of a line, that it cannot connect, and why; without a reason that it can again."""

_WHO = prepared("select pg_backend_pid()")


class Line:
    """One connection of a process, by its name for the operator.

    `opened` is done with each new link before anybody uses it. Nothing is connected before it is first used.
    """

    def __init__(
        self,
        name: str,
        conninfo: str,
        timeout_seconds: float,
        told: Told,
        opened: Sequence[Message] = (),
        notified: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._conninfo = conninfo
        self._timeout = timeout_seconds
        self._told = told
        self._opened = opened
        self._notified = notified
        self._closed = False
        self._failed = ""
        self._connecting: asyncio.Task[None] | None = None
        self.link: Link | None = None

    async def linked(self) -> Link:
        """The link. Raises StoreUnavailable when there is none and the last try failed."""
        link = self.link
        if link is not None:
            return link
        if self._closed:
            raise StoreUnavailable("the store is closed")
        connecting = self._begin()
        if not self._failed:
            await asyncio.wait((connecting,), timeout=self._timeout)
        if self.link is None:
            raise StoreUnavailable(self._failed or f"no connection within {self._timeout:g} seconds")
        return self.link

    def reach(self) -> Link | None:
        """The link, or None while there is none: one is being made then, and nobody waits."""
        if self.link is None and not self._closed:
            self._begin()
        return self.link

    def _begin(self) -> "asyncio.Task[None]":
        """Have a link made, if that is not under way."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        return self._connecting

    async def ask(self, *messages: Message) -> list[PGresult]:
        """One exchange of statements that only read.

        Raises StoreUnavailable. What was under way on a connection that is lost is asked once more on another.
        """
        try:
            return await (self.link or await self.linked()).exchange(messages)
        except LinkLostError as error:
            if error.timed_out:
                raise StoreUnavailable(str(error)) from error
        try:
            return await (await self.linked()).exchange(messages)
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
        try:
            while self.link is None:
                try:
                    self.link = await asyncio.wait_for(self._open(), self._timeout)
                except (psycopg.Error, LinkLostError, OSError, TimeoutError, StoreUnavailable) as error:
                    reason = str(error).strip() or f"no connection within {self._timeout:g} seconds"
                    if not self._failed:
                        self._told(self._name, reason)
                    self._failed = reason
                    await asyncio.sleep(RETRY_SECONDS)
            if self._failed:
                self._told(self._name, None)
                self._failed = ""
        finally:
            self._connecting = None

    async def _open(self) -> Link:
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        told = connection.pgconn.backend_pid
        link = Link(connection, self._timeout, self._lost)
        try:
            link.pooled = True  # nothing is prepared before it is known who is at the other end
            (own,) = rows(failures.good(await link.exchange([(_WHO, [])]))[0])
            link.pooled = own[0] != told
            if self._opened and not link.pooled:  # a pooler would hand our session on to somebody else
                failures.good(await link.exchange(self._opened))
        except BaseException:
            link.end("not used")
            raise
        link.notified = self._notified
        return link

    def _lost(self, link: Link) -> None:
        if self.link is link:
            self.link = None
