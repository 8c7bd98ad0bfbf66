"""A second listener in the process of the server, for routes that are not for the public port."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from uvicorn.server import ServerState

from tessera.core.oauth import issuers
from tessera.web.asgi import App, Served, opens_nothing
from tessera.web.messages import Incoming, Response, Scope
from tessera.web.routes import Route, Routes
from tessera.web.server import hosts
from tessera.web.server.accepting import Acceptor
from tessera.web.server.batching import EventLoopBatch
from tessera.web.server.connection_limits import Limits
from tessera.web.server.protocol import HttpConnection

TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
MISDIRECTED = (
    b"The management port is not asked by this name. Ask by its address or by localhost, or put the name into the"
    b" setting management_names.\n"
)

LIMITS = Limits(
    connections_max=256, head_bytes_max=16 * 1024, request_timeout_seconds=5.0, keep_alive_timeout_seconds=75.0
)


LOCAL = "localhost"


class ManagementApp(App):
    """Answers requests that are for it: by an address, or by a name that nobody else can give to this machine.

    A page of a stranger's site can have a browser ask this machine by a name of the site (DNS rebinding). What the
    browser then sends as `Host` is that name. With `names` None any is answered.
    """

    def __init__(self, routes: Routes, names: frozenset[str] | None) -> None:
        super().__init__(opens_nothing, Served(routes))
        self._names = names

    async def answer(self, scope: Scope, incoming: Incoming) -> Response | None:
        """The answer, or a 421 when the request is for somebody else (RFC 9110 section 15.5.20)."""
        if self._names is not None and hosts.name(scope["host"]) not in self._names:
            return Response(421, MISDIRECTED, TEXT)
        return await super().answer(scope, incoming)


def names_answered(listener: socket.socket, names: tuple[str, ...]) -> frozenset[str] | None:
    """The names by which a management port may be asked; None for any.

    Beyond loopback callers use names that only they know (of a service in a cluster), so any is answered until some
    are set. "" is no name: an address.
    """
    if not (names or issuers.loopback(str(listener.getsockname()[0]))):
        return None
    return frozenset({"", LOCAL, *names})


@asynccontextmanager
async def listening(
    routes: list[Route], listener: socket.socket | None, names: tuple[str, ...] = ()
) -> AsyncIterator[None]:
    """Answer these routes there for the length of the block; without a listener nothing is done.

    `names` is the setting `management_names`. Its requests are neither logged nor counted. Other processes may listen
    on the same socket: any one answers.
    """
    if listener is None:
        yield
        return
    app = ManagementApp(Routes(routes), names_answered(listener, names))
    state, turns = ServerState(), EventLoopBatch()

    def connected() -> asyncio.Protocol:
        return HttpConnection(app, state, LIMITS, turns)

    server = Acceptor(asyncio.get_running_loop(), listener, connected, LIMITS)
    try:
        yield
    finally:
        server.close()
        for connection in cast("list[HttpConnection]", list(state.connections)):
            connection.close()
