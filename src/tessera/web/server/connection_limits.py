"""The limits of connections: how many there are, how large a head may be, how long a request may take to arrive.

uvicorn's HTTP protocol has no such limits of its own. Times are the event loop's, in seconds.
"""

import asyncio
from collections.abc import Collection
from typing import Protocol

SWEEP_SECONDS = 0.5


class Watched(Protocol):
    """A connection that may be waiting for its client; `deadline` is when it has waited enough, None when it is not."""

    deadline: float | None

    def time_out(self) -> None:
        """The client took too long."""


class Limits:
    """The limits of one process, and the sweep that ends connections which take too long."""

    def __init__(
        self,
        *,
        connections_max: int,
        head_bytes_max: int,
        request_timeout_seconds: float,
        keep_alive_timeout_seconds: float,
    ) -> None:
        self.connections_max = connections_max
        self.head_bytes_max = head_bytes_max
        self.request_timeout_seconds = request_timeout_seconds
        self.keep_alive_timeout_seconds = keep_alive_timeout_seconds
        self._sweeping = False
        self._connections: Collection[Watched] = ()

    @property
    def taken(self) -> int:
        """How many connections there are, but for those that are still arriving."""
        return len(self._connections)

    def watch(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        """Have these connections swept for as long as there are any."""
        self._connections = connections
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(SWEEP_SECONDS, self._sweep, connections, loop)

    def _sweep(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._sweeping = False
        if connections:
            self.watch(connections, loop)
        for connection in [each for each in connections if each.deadline is not None and each.deadline < now]:
            try:
                connection.time_out()
            except Exception as error:  # noqa: BLE001  # the others are to end too
                loop.call_exception_handler({"message": "a connection could not be ended", "exception": error})
