"""A receiver of webhooks: a real HTTP server on the loopback, that does what a test tells it to."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

import msgspec


class Received(NamedTuple):
    """A message as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The id of the message, the same for every attempt."""
        return self.headers["webhook-id"]

    @property
    def kind(self) -> str:
        """The kind of event."""
        kind: str = msgspec.json.decode(self.body)["type"]
        return kind


ActivityCounter = Callable[[Received], Awaitable[int | None]]
"""Answers the status; None closes the connection without an answer."""


async def takes(_message: Received) -> int | None:
    """A receiver that takes everything."""
    return 200


class Receiver:
    """What came, and how it is answered: `behaviour` may be changed at any time. `most` were under way at once."""

    def __init__(self) -> None:
        self.behaviour: ActivityCounter = takes
        self.attempts: list[Received] = []
        self.taken: list[Received] = []
        self.port = 0
        self.extra = b""
        self.most = 0
        self.under_way = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook?for=test"

    @property
    def ids(self) -> list[str]:
        """The ids of what was taken, in the order of coming."""
        return [each.id for each in self.taken]

    async def open(self) -> None:
        """Begin to listen, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more: connections are refused, and those there are end."""
        for writer in self._open:
            writer.transport.abort()
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while self._server is not None and await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        received = Received(headers, await reader.readexactly(int(headers["content-length"])))
        self.attempts.append(received)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            status = await self.behaviour(received)
        finally:
            self.under_way -= 1
        if status is None:
            return False
        if 200 <= status < 300:
            self.taken.append(received)
        writer.write(b"HTTP/1.1 %d X\r\n%scontent-length: 2\r\n\r\nok" % (status, self.extra))
        await writer.drain()
        return True


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver for the length of a block."""
    receiver = Receiver()
    await receiver.open()
    try:
        yield receiver
    finally:
        await receiver.close()


async def _end_others() -> None:
    """End what still waits in this loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def receiving_beside() -> Iterator[Receiver]:
    """A receiver in a thread of its own, for tests that wait for processes."""
    receiver = Receiver()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(receiver.open(), loop).result(5)
    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(receiver.close(), loop).result(5)
        asyncio.run_coroutine_threadsafe(_end_others(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
