"""Two ways to have a request answered: the ASGI application called directly, and the server over a socket."""

import asyncio
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from tessera import wiring
from tessera.core.oauth import metadata
from tessera.web.asgi import App
from tessera.web.challenges import Challenge
from tessera.web.server.exchange import Exchange
from tests.support import raw
from tests.support.raw import Answer
from tests.support.settings import settings_of


class OverSocket:
    """Each request on a connection of its own to a running server."""

    def __init__(self, port: int) -> None:
        self.port = port

    def play(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """The answer to one request."""
        answer = raw.ask(self.port, method, target, body, headers)
        assert answer.header("date"), "an answer of the server carries a date"
        return answer


class InProcess:
    """The ASGI application over a data folder, with its lifespan, in an event loop of its own."""

    def __init__(self, folder: Path) -> None:
        self._runner = asyncio.Runner()
        settings = settings_of(folder)
        address = metadata.protected_resource_address(settings.issuer_in_force)
        self._app = App(partial(wiring.serving, settings), challenge=Challenge(address))
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[Any] = asyncio.Queue()

    def __enter__(self) -> "InProcess":
        async def start() -> Any:
            scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}}
            self._lifespan = asyncio.create_task(self._app(scope, self._to_app.get, self._from_app.put))
            await self._to_app.put({"type": "lifespan.startup"})
            return await self._from_app.get()

        started = self._runner.run(start())
        assert started["type"] == "lifespan.startup.complete", started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async def stop() -> None:
            await self._to_app.put({"type": "lifespan.shutdown"})
            await self._lifespan

        self._runner.run(stop())
        self._runner.close()

    def play(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """The answer to one request."""
        return self._runner.run(answer_of(self._app, method, target, headers, body))


async def answer_of(app: App, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
    """What an application answers to one request."""
    raw_path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1),
    }
    exchange = Exchange(scope, lambda: None)
    exchange.add(body)
    exchange.complete = True
    response = await app.answer(scope, exchange)
    assert response is not None
    sent = [*response.headers, *response.varying, (b"content-length", b"%d" % len(response.body))]
    pairs = [(name.decode().lower(), value.decode()) for name, value in sent]
    return Answer(response.status, pairs, b"" if method == "HEAD" else response.body)
