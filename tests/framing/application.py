"""A small application behind the server's own protocol: it records each request and answers with what it was."""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Any, NamedTuple, cast

import uvicorn
import uvloop
from uvicorn.server import ServerState

from tessera import server
from tessera.settings import Settings
from tessera.web.asgi import App, Served
from tessera.web.messages import CLOSE, Request, Response
from tessera.web.routes import Route, Routes
from tessera.web.server.connection_limits import Limits, Watched
from tessera.web.surfaces import PLATFORM

BODY_BYTES_MAX = 1_000_000
CONNECTIONS_MAX = 100_000
LARGE = b"x" * 300_000

Headers = tuple[tuple[bytes, bytes], ...]


class Received(NamedTuple):
    """One request as the application was given it."""

    method: str
    target: bytes
    headers: Headers
    body: bytes


class Recorder(Routes):
    """Routes that answer every address.

    The last segment of a path says how: `early` answers before the body is read, `slow` waits for some rounds of the
    event loop first, `held` until it is `released`, `bye` asks for the connection to be closed, `same` is answered
    304, `large` with much. A path in `hooks` has that function called once, just before its answer is returned.
    """

    def __init__(self) -> None:
        super().__init__([])
        self.received: dict[int, list[Received]] = {}
        self.answers = 0
        self.hooks: dict[bytes, Callable[[], object]] = {}
        self.released = asyncio.Event()

    def find(self, method: str, raw_path: bytes) -> tuple[Route, tuple[str, ...]]:
        """The one handler, whatever the address is."""
        return Route(method, "/recorded", self._answer, PLATFORM), ()

    async def _answer(self, request: Request) -> Response:
        scope = request.scope
        path, query = scope["raw_path"], scope["query_string"]
        how = path.rpartition(b"/")[2]
        body = b"" if how == b"early" else await request.body(BODY_BYTES_MAX)
        if how == b"slow":
            for _ in range(3):
                await asyncio.sleep(0)
        elif how == b"held":
            await self.released.wait()
        target = path + b"?" + query if query else path
        received = Received(scope["method"], target, tuple(scope["headers"]), body)
        self.received.setdefault(scope["client"][1], []).append(received)
        self.answers += 1
        hook = self.hooks.pop(path, None)
        if hook is not None:
            hook()
        if how == b"same":
            return Response(304, b"", ())
        text = LARGE if how == b"large" else b"%b %b %d %b" % (scope["method"].encode(), target, len(body), body[:8])
        return Response(200, text.replace(b"\r", b"~").replace(b"\n", b"~"), (CLOSE,) if how == b"bye" else ())


class _Unhurried(Limits):
    """Limits that end no connection, however long a busy machine takes to read what a client sent.

    Those of a loop whose time is stepped do.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(
            connections_max=limits.connections_max, head_bytes_max=limits.head_bytes_max,
            request_timeout_seconds=limits.request_timeout_seconds,
            keep_alive_timeout_seconds=limits.keep_alive_timeout_seconds,
        )  # fmt: skip

    def watch(self, connections: Collection[Watched], loop: asyncio.AbstractEventLoop) -> None:
        self._connections = connections


def connections(routes: Routes, loop: asyncio.AbstractEventLoop) -> Callable[[], asyncio.Protocol]:
    """What makes the protocol of each connection, put together as the server and uvicorn do; to be called in the loop.

    This is the only place of these tests that knows how.
    """
    application = App(cast("Any", None), Served(routes))
    config = uvicorn.Config(
        cast("Any", application), ws="none", log_config=None, access_log=False, server_header=False, date_header=False,
        proxy_headers=False, lifespan="off",
    )  # fmt: skip
    config.load()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a line for each refusal is a minute for all
    state = ServerState()
    limits = server._limits(Settings(connections_max=CONNECTIONS_MAX))
    protocol = server._protocol(_Unhurried(limits) if isinstance(loop, uvloop.Loop) else limits)

    def connect() -> asyncio.Protocol:
        made: asyncio.Protocol = protocol(config=config, server_state=state, app_state={}, _loop=loop)
        return made

    return connect
