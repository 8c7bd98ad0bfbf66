"""A second listener in the process of the server, for routes that are not for the public port."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from uvicorn.server import ServerState

from tessera.web.asgi import App, Served
from tessera.web.limits import Limits
from tessera.web.protocol import LimitedProtocol
from tessera.web.routes import Route, Routes
from tessera.web.turns import Turns

LIMITS = Limits(connections_max=256, head_bytes_max=16 * 1024, request_timeout_seconds=5.0, keep_alive_seconds=60.0)


@asynccontextmanager
async def listening(routes: list[Route], listener: socket.socket | None) -> AsyncIterator[None]:
    """Answer these routes there for the length of the block; without a listener nothing is done.

    Its requests are neither logged nor counted. Other processes may listen on the same socket: any one answers.
    """
    if listener is None:
        yield
        return
    app = App(_never, Served(Routes(routes)))
    config = uvicorn.Config(app, ws="none", log_config=None, access_log=False, server_header=False, proxy_headers=False)
    config.load()
    state = ServerState()

    def connected() -> asyncio.Protocol:
        return LimitedProtocol(config=config, server_state=state, app_state={}, limits=LIMITS, turns=Turns())

    server = await asyncio.get_running_loop().create_server(connected, sock=listener)
    try:
        yield
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.close()


@asynccontextmanager
async def _never(_app: App) -> AsyncIterator[Served]:
    """This application opens nothing of its own."""
    yield Served(Routes([]))
