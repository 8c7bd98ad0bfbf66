"""Connections from the moment they are accepted: a TLS handshake counts as one, and has as long as a request has.

The event loop's own servers know a connection only when its handshake is over, give it a minute for that, and say
nothing when the process runs out of file descriptors.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any

import uvloop

from tessera.app.state.log_sampling import Reports
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.web.server.connection_limits import Limits

ACCEPTED_AT_ONCE = 64
"""Connections taken before the others have their turn again."""

REFUSED_AT_ONCE = 64
"""Connections beyond the limit that are told so; what comes beyond these is closed without a word."""

PAUSE_SECONDS = 0.5
"""How long nothing is accepted when the process has no file descriptor left: clients wait in the system's queue."""

REPORT_SECONDS = 60
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Accepts the connections of a listening socket, within limits. It is what an `asyncio.Server` is to its users."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        connect: Callable[[], asyncio.BaseProtocol],
        limits: Limits,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._connect = connect
        self._limits = limits
        self._options: dict[str, Any] = {}
        if context is not None:
            seconds = limits.request_timeout_seconds
            self._options = {"ssl": context, "ssl_handshake_timeout": seconds, "ssl_shutdown_timeout": seconds}
        self._arriving: set[asyncio.Task[None]] = set()
        self._reports = Reports(REPORT_SECONDS)
        self._pause: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Accept nothing more, and give up handshakes."""
        self._loop.remove_reader(self._listener)
        if self._pause is not None:
            self._pause.cancel()
        for task in self._arriving:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until handshakes are given up."""
        await asyncio.gather(*self._arriving, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connected, _address = self._listener.accept()
            except OSError as error:  # there is none, or it has gone already, or there is no room for it
                if error.errno in _NO_ROOM:
                    self._wait_for_room(error)
                return
            if self._limits.taken + len(self._arriving) >= self._limits.connections_max + REFUSED_AT_ONCE:
                connected.close()
                continue
            connected.setblocking(False)
            task = self._loop.create_task(self._admit(connected))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _admit(self, connected: socket.socket) -> None:
        """Make a connection of an accepted socket, when its client shakes hands in time."""
        try:
            await self._loop.connect_accepted_socket(self._connect, connected, **self._options)
        except OSError:  # it has gone, does not speak TLS, or took too long: there is nobody to tell
            connected.close()
        except asyncio.CancelledError:
            connected.close()
            raise

    def _wait_for_room(self, error: OSError) -> None:
        times = self._reports.due("files", int(self._loop.time() * SECOND))
        if times:
            log.error(
                "connections_not_accepted",
                reason=error.strerror,
                times=times,
                advice="Raise the limit of open files (LimitNOFILE= of systemd, ulimit -n) well above connections_max,"
                " or lower connections_max.",
            )
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(PAUSE_SECONDS, self._loop.add_reader, self._listener, self._accept)


class Loop(uvloop.Loop):
    """The event loop of a server process: its listening sockets have an `Acceptor`."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    async def create_server(self, protocol_factory: Any, *_address: Any, **options: Any) -> Any:
        """Make the `Acceptor` of the listening socket `sock`, over TLS with the context `ssl`."""
        return Acceptor(self, options["sock"], protocol_factory, self._limits, options.get("ssl"))
