"""A connection that is made again whenever it is lost.

While the database is away no caller waits for it: once an attempt to connect has failed, or an answer was late, callers
are refused at once. A task of its own goes on trying, with backoff and jitter, until there is a connection again.

    connected -> connect_in_background -> _reconnect (task) -> Servers.connect -> `current`
    connection lost -> _on_lost -> connect_in_background

Which server it leads to is the business of `servers.py`; what is sent over it, of the callers.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from time import monotonic

from tessera.ports import StoreUnavailable
from tessera.store.postgres.pipeline import ConnectionLostError, PipelinedConnection
from tessera.store.postgres.servers import CONNECT_ERRORS, Servers
from tessera.store.postgres.statements import BoundStatement

RETRY_SECONDS = 0.75
"""Between the beginnings of two attempts to connect, give or take 30 percent: many processes do not come at once."""

RETRY_SECONDS_MIN = 0.1
"""The shortest pause after an attempt, and the one after the first that failed."""

OnOutage = Callable[[str, str | None], None]
"""Called with the name of a connection and why it cannot be made; with None for the reason once it can again."""


class ReconnectingConnection:
    """One connection of the process, under the name by which operators know it.

    `setup` is run on each new connection before anybody uses it. Nothing is connected before the first use; from then
    on a lost connection is replaced, whether anybody needs it or not. `current` is the connection, or None while there
    is none.
    """

    def __init__(
        self,
        name: str,
        servers: Servers,
        timeout_seconds: float,
        on_outage: OnOutage,
        setup: Sequence[BoundStatement] = (),
        on_notify: Callable[[], None] | None = None,
    ) -> None:
        self._name = name
        self._servers = servers
        self._timeout = timeout_seconds
        self._on_outage = on_outage
        self._setup = setup
        self._on_notify = on_notify
        self._closed = False
        self._failure = ""
        self._outage_reported = False
        self._connected_at = -RETRY_SECONDS
        self._reconnecting: asyncio.Task[None] | None = None
        self._attempt: asyncio.Future[None] | None = None
        self.current: PipelinedConnection | None = None

    async def connected(self, timeout_seconds: float | None = None) -> PipelinedConnection:
        """The connection, once there is one. Raises StoreUnavailable when the last attempt to connect failed.

        Waits for the end of a first attempt at most, and no longer than `timeout_seconds`, by default the timeout of
        the connection.
        """
        if self.current is not None:
            return self.current
        if self._closed:
            raise StoreUnavailable("the store is closed")
        self.connect_in_background()
        if not self._failure and self._attempt is not None:
            timeout = self._timeout if timeout_seconds is None else timeout_seconds
            await asyncio.wait((self._attempt,), timeout=timeout)
        return self._require_current()

    def connect_in_background(self) -> PipelinedConnection | None:
        """The connection, or None while there is none; then one is being made when this returns."""
        if self.current is None and self._reconnecting is None and not self._closed:
            self._attempt = asyncio.get_running_loop().create_future()
            self._reconnecting = asyncio.create_task(self._reconnect())
        return self.current

    async def close(self) -> None:
        """Close the connection, for good. Whoever waits for an answer on it gets ConnectionLostError."""
        self._closed = True
        if self._reconnecting is not None:
            self._reconnecting.cancel()
            await asyncio.gather(self._reconnecting, return_exceptions=True)
        if self.current is not None:
            self.current.close("the store is closed")

    def _require_current(self) -> PipelinedConnection:
        if self.current is None:
            raise StoreUnavailable(self._failure or self._too_late())
        return self.current

    async def _reconnect(self) -> None:
        """Attempt until there is a connection."""
        try:
            if monotonic() - self._connected_at < RETRY_SECONDS:
                # The last connection did not live long. A server that hangs up on every client must not be stormed.
                await asyncio.sleep(RETRY_SECONDS_MIN)
            pause = RETRY_SECONDS_MIN
            while self.current is None:
                began = monotonic()
                if not await self._try_to_connect():
                    spent = monotonic() - began
                    await self._servers.wait_for_another(max(pause - spent, RETRY_SECONDS_MIN))
                    pause = RETRY_SECONDS * random.uniform(0.7, 1.3)  # noqa: S311  # nothing secret about it
            self._report_recovery()
        finally:
            self._reconnecting = None
            self._end_attempt()

    async def _try_to_connect(self) -> bool:
        """One attempt; whether a server was reached."""
        try:
            connection = await self._servers.connect(self._on_lost, self._setup)
        except (*CONNECT_ERRORS, TimeoutError) as error:
            self._report_failure(str(error).strip() or self._too_late())
            return False
        connection.on_notify = self._on_notify
        self._connected_at = monotonic()
        if connection.closed:
            # It ended before it was `current`, so `_on_lost` did not know it: the next attempt is made here.
            await asyncio.sleep(RETRY_SECONDS_MIN)
        else:
            self.current = connection
        return True

    def _report_failure(self, reason: str) -> None:
        """Refuse those who wait for a connection, and all who come until there is one; tell the operator, once."""
        self._failure = reason
        if not self._outage_reported:
            self._outage_reported = True
            self._on_outage(self._name, reason)
        self._end_attempt()

    def _report_recovery(self) -> None:
        self._failure = ""
        if self._outage_reported:
            self._outage_reported = False
            self._on_outage(self._name, None)

    def _end_attempt(self) -> None:
        if self._attempt is not None and not self._attempt.done():
            self._attempt.set_result(None)

    def _on_lost(self, connection: PipelinedConnection, error: ConnectionLostError) -> None:
        if self.current is connection:
            self.current = None
            if error.timed_out:
                # The next caller would wait as long to learn the same: refuse until a new connection is there.
                self._failure = str(error)
            self.connect_in_background()

    def _too_late(self) -> str:
        return f"no connection within {self._timeout:g} seconds"
