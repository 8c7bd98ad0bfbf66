"""A second listener in the process of the server, for routes that are not for the public port."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from uvicorn.server import ServerState

from tessera.web.accepting import Acceptor
from tessera.web.asgi import App, Served
from tessera.web.limits import Limits
from tessera.web.protocol import HttpConnection
from tessera.web.routes import Route, Routes
from tessera.web.turns import Turns

LIMITS = Limits(connections_max=256, head_bytes_max=16 * 1024, request_timeout_seconds=5.0, keep_alive_seconds=75.0)


@asynccontextmanager
async def listening(routes: list[Route], listener: socket.socket | None) -> AsyncIterator[None]:
    """Answer these routes there for the length of the block; without a listener nothing is done.

    Its requests are neither logged nor counted. Other processes may listen on the same socket: any one answers.
    """
    if listener is None:
        yield
        return
    app = App(_never, Served(Routes(routes)))
    state, turns = ServerState(), Turns()

    def connected() -> asyncio.Protocol:
        return HttpConnection(app, state, LIMITS, turns)

    server = Acceptor(asyncio.get_running_loop(), listener, connected, LIMITS)
    try:
        yield
    finally:
        server.close()
        for connection in cast("list[HttpConnection]", list(state.connections)):
            connection.close()


@asynccontextmanager
async def _never(_app: App) -> AsyncIterator[Served]:
    """This application opens nothing of its own."""
    yield Served(Routes([]))
