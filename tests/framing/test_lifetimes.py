"""How long connections last: each one that waits for its client has an end, and none ends with an answer on its way."""

import asyncio
import random
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn, cast

import pytest
from uvicorn.server import ServerState

from tessera.web.asgi import App, Served
from tessera.web.server.batching import EventLoopBatch
from tessera.web.server.connection_limits import Limits
from tessera.web.server.protocol import HttpConnection
from tests.framing.application import Recorder
from tests.framing.wire import Line, Stand, run

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PARTS = (
    GET, LAST, b"\r\n", b"GET /n HT", b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", b"c",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + b"x" * 17_000, b"nonsense\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: b\r\n\r\n",
)  # fmt: skip
"""What a client may send, whole or not."""


def connection(line: Line) -> HttpConnection:
    """The server's side of a line."""
    return cast("HttpConnection", line.protocol)


def scripts(count: int) -> Iterator[list[bytes]]:
    """Random things that clients send."""
    chance = random.Random(7)
    for _ in range(count):
        yield [b"".join(chance.choices(PARTS, k=chance.randint(1, 4))) for _ in range(chance.randint(1, 3))]


@pytest.mark.parametrize("reads", [True, False])
def test_whoever_is_waited_for_has_a_deadline(reads: bool) -> None:
    """Whatever a client sends, and whether or not it reads: when nothing is being answered, its time is running."""

    async def scene() -> list[list[bytes]]:
        stand = Stand()
        endless = []
        for script in scripts(400):
            line = stand.connect(reads=reads)
            for piece in script:
                line.arrive(piece)
                await stand.settle()
            if not line.is_closing() and connection(line).deadline is None:
                endless.append(script)
        await stand.leave()
        return endless

    assert run(scene) == []


@pytest.mark.parametrize("reads", [True, False])
def test_time_ends_every_connection(reads: bool) -> None:
    """A connection whose time is up, twice at most, is gone: with a word, without one, or with what nobody reads."""

    async def scene() -> list[list[bytes]]:
        stand = Stand()
        left = []
        for script in scripts(400):
            line = stand.connect(reads=reads)
            for piece in script:
                line.arrive(piece)
            await stand.settle()
            for _ in range(2):
                if not line.is_closing():
                    connection(line).time_out()
                    await stand.settle()
            if not line.is_closing():
                left.append(script)
        return left

    assert run(scene) == []


def test_a_closed_connection_that_nobody_reads_is_ended() -> None:
    """Also when the last answer was decided while the one before it lay unread in the system's buffers."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        recorder, state = Recorder(), ServerState()
        application = App(cast("Any", None), Served(recorder))
        limits = Limits(
            connections_max=9, head_bytes_max=16_384, request_timeout_seconds=0.2, keep_alive_timeout_seconds=60
        )
        turns = EventLoopBatch()
        server = await loop.create_server(
            lambda: HttpConnection(application, state, limits, turns, loop), "127.0.0.1", 0
        )
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, server.sockets[0].getsockname())
            await loop.sock_sendall(client, GET.replace(b"/a", b"/large") + LAST.replace(b"/a", b"/slow"))
            for _ in range(200):
                if recorder.answers and not state.connections:
                    break
                await asyncio.sleep(0.05)
            left = len(state.connections)
        server.close()
        # Where a task begins at once, the first answer is on its way before the second request has its turn.
        assert (recorder.answers, left) == (1 if sys.version_info >= (3, 12) else 2, 0)

    run(scene)


class Unable(HttpConnection):
    """A connection with a defect: no request of it can be begun."""

    def begin(self) -> NoReturn:
        raise LookupError


def test_a_client_whose_request_cannot_be_begun_is_told_at_once() -> None:
    """Its connection is over before any time is, and the server keeps nothing of it."""

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        state = ServerState()
        reported: list[type] = []
        loop.set_exception_handler(lambda _loop, context: reported.append(type(context["exception"])))
        application = App(cast("Any", None), Served(Recorder()))
        limits = Limits(
            connections_max=9, head_bytes_max=16_384, request_timeout_seconds=600, keep_alive_timeout_seconds=600
        )
        turns = EventLoopBatch()
        server = await loop.create_server(lambda: Unable(application, state, limits, turns, loop), "127.0.0.1", 0)
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, server.sockets[0].getsockname())
            await loop.sock_sendall(client, GET)
            async with asyncio.timeout(60):
                with suppress(ConnectionError):  # a reset is an end as good as any
                    assert await loop.sock_recv(client, 1) == b""
        server.close()
        assert (reported, len(state.connections)) == ([LookupError], 0)

    asyncio.run(scene())


def test_a_stray_line_end_is_no_reason_to_speak() -> None:
    """A client that has its answer and then sends an empty line is not answered again when its time is up."""

    async def scene() -> tuple[int, ...]:
        stand = Stand()
        line = stand.connect()
        for piece in (GET, b"\r\n"):
            line.arrive(piece)
            await stand.settle()
        connection(line).time_out()
        await stand.settle()
        assert line.is_closing()
        return stand.outcome(line).statuses

    assert run(scene) == (200,)


def test_what_is_here_at_the_end_is_answered() -> None:
    """A server that ends answers the requests that it has, and says with the last answer that there are no more."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect(reads=False)
        line.arrive(GET + GET)
        line.arrive(GET)
        await stand.settle()
        server = connection(line)
        server.shutdown()
        server._close_when_idle()
        assert not line.is_closing(), "its client still reads"
        line.reads = True
        server.resume_writing()
        await stand.settle()
        outcome = stand.outcome(line)
        assert outcome.statuses == (200, 200, 200)
        assert outcome.closed
        assert outcome.said_to_close

    run(scene)


class Reset(Line):
    """A connection that its client reset before it was looked at: nobody is at its other end."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if name == "peername" else super().get_extra_info(name, default)


def test_a_client_without_an_address_is_not_heard() -> None:
    """A connection that was reset before it was looked at runs nothing in nobody's name."""

    async def scene() -> None:
        stand = Stand()
        gone = Reset(stand.loop, stand._connect(), 9, stand.changes, reads=True)
        gone.arrive(GET)
        await stand.settle()
        assert gone.is_closing()
        assert stand.recorder.received == {}

    run(scene)


def test_one_connection_that_cannot_be_ended_keeps_no_other() -> None:
    """The sweep goes on behind an error, and comes again."""

    class Waiting:
        """A connection whose time is up."""

        deadline: float | None = 0.0

        def __init__(self, *, fails: bool) -> None:
            self.fails = fails
            self.ended = 0

        def time_out(self) -> None:
            self.ended += 1
            if self.fails:
                raise MemoryError

    async def scene() -> None:
        stand = Stand()
        reported: list[object] = []
        stand.loop.set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
        limits = Limits(connections_max=1, head_bytes_max=1, request_timeout_seconds=1, keep_alive_timeout_seconds=1)
        one, other = Waiting(fails=True), Waiting(fails=False)
        for _ in range(2):
            limits._sweep([one, other], stand.loop)
        assert (one.ended, other.ended) == (2, 2)
        assert [type(error) for error in reported] == [MemoryError] * 2
        assert limits._sweeping

    run(scene)
