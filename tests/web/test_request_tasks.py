"""The task of a request: a handler has one from its first line, and context variables of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import pytest
import uvloop

from tessera.web.messages import Handler, Request, Response
from tessera.web.routes import Route, Routes
from tessera.web.surfaces import PLATFORM
from tests.framing.application import connections

SECONDS = 10.0

MARK: ContextVar[str] = ContextVar("MARK", default="unset")


class Caller:
    """A client's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *paths: str) -> None:
        """Send requests in one piece."""
        self._writer.write(b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode() for path in paths))

    async def answer(self) -> str:
        """Read the body of the next answer, which must be a success."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = (await self._reader.readexactly(length)).decode()
        assert head.startswith(b"http/1.1 200 "), body
        return body

    def close(self) -> None:
        """Go away."""
        self._writer.close()


@asynccontextmanager
async def serving(**handlers: Handler) -> AsyncIterator[list[Caller]]:
    """A server that listens, with a handler at each address, and two clients."""
    loop = asyncio.get_running_loop()
    routes = Routes([Route("GET", f"/{name}", handler, PLATFORM) for name, handler in handlers.items()])
    server = await loop.create_server(connections(routes, loop), "127.0.0.1", 0)
    callers = [Caller(*await asyncio.open_connection(*server.sockets[0].getsockname())) for _ in range(2)]
    try:
        yield callers
    finally:
        for caller in callers:
            caller.close()
        server.close()


def answered(text: str) -> Response:
    """A success with this text."""
    return Response(200, text.encode(), ())


Play = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def play(request: pytest.FixtureRequest) -> Play:
    """A function that plays a scene, within a time, on an event loop of either make."""

    def play(scene: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(scene, SECONDS))

    return play


def test_a_timeout_works_at_the_first_await(play: Play) -> None:
    """A handler may begin with `asyncio.timeout`, over a wait that ends in time, no wait, or one that never ends."""

    async def none(request: Request) -> Response:
        async with asyncio.timeout(SECONDS):
            await request.body(0)
        return answered("in time")

    async def short(_request: Request) -> Response:
        async with asyncio.timeout(SECONDS):
            await asyncio.sleep(0)
        return answered("in time")

    async def endless(_request: Request) -> Response:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return answered("too late")
        return answered("never")

    async def scene() -> None:
        async with serving(none=none, short=short, endless=endless) as (caller, _):
            caller.send("/none", "/short", "/endless")
            assert [await caller.answer() for _ in range(3)] == ["in time", "in time", "too late"]

    play(scene())


def test_each_request_has_a_task_of_its_own(play: Play) -> None:
    """A handler finds its task before and after it waits: the same one, and no other request's."""
    tasks: list[asyncio.Task[object] | None] = []

    async def at_once(_request: Request) -> Response:
        tasks.append(asyncio.current_task())
        return answered("at once")

    async def waits(_request: Request) -> Response:
        task = asyncio.current_task()
        tasks.append(task)
        await asyncio.sleep(0)
        return answered("the same" if asyncio.current_task() is task else "another")

    async def scene() -> None:
        async with serving(at_once=at_once, waits=waits) as (caller, other):
            caller.send("/at_once", "/waits", "/at_once")
            other.send("/waits")
            assert [await caller.answer() for _ in range(3)] == ["at once", "the same", "at once"]
            assert await other.answer() == "the same"

    play(scene())
    assert None not in tasks
    assert len(set(tasks)) == 4


def test_a_context_variable_is_seen_in_its_request_alone(play: Play) -> None:
    """A value set in a request is kept while it waits, and unset in the next one, on any connection."""
    begun: list[str] = []

    def marked(name: str, waits: int) -> Handler:
        async def handler(_request: Request) -> Response:
            begun.append(MARK.get())
            MARK.set(name)
            for _ in range(waits):
                await asyncio.sleep(0)
            return answered(MARK.get())

        return handler

    async def scene() -> None:
        async with serving(at_once=marked("at once", 0), waits=marked("waits", 3)) as (caller, other):
            paths = ["/at_once", "/waits", "/at_once", "/waits", "/waits", "/at_once"]
            caller.send(*paths)
            other.send(*paths)
            for path in paths:
                name = path[1:].replace("_", " ")
                assert (await caller.answer(), await other.answer()) == (name, name)
            for path in paths * 5:  # one after the other, while another waits
                other.send("/waits")
                caller.send(path)
                assert await caller.answer() == path[1:].replace("_", " ")
                assert await other.answer() == "waits"

    play(scene())
    assert set(begun) == {"unset"}


def test_a_request_that_arrives_while_another_is_answered_sees_nothing_of_it(play: Play) -> None:
    """A request begun in the turn in which another one ends its wait has no value of it."""
    seen: list[str] = []

    async def scene() -> None:
        released, arrived = asyncio.Event(), asyncio.Event()

        async def held(_request: Request) -> Response:
            MARK.set("held")
            arrived.set()
            await released.wait()
            return answered(MARK.get())

        async def seeing(_request: Request) -> Response:
            seen.append(MARK.get())
            return answered(MARK.get())

        async with serving(held=held, seeing=seeing) as (caller, other):
            caller.send("/held", "/seeing")
            await arrived.wait()
            other.send("/seeing")
            released.set()
            assert [await caller.answer(), await caller.answer()] == ["held", "unset"]
            assert await other.answer() == "unset"

    play(scene())
    assert seen == ["unset", "unset"]
