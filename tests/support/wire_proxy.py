"""A proxy between us and a database that can go wrong in every way in which a network does, when it is told to."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

Fault = Callable[[bytes], Awaitable[bytes | None]]
"""What becomes of bytes on their way: others, or the same; None when they are swallowed."""

CHUNK = 65_536


class WireProxy:
    """Passes connections on to a socket file, in the loop that opened it.

    `delay_seconds` holds up whatever the server sends. While `stalled`, nothing moves in either direction, connections
    included that come meanwhile; while `deaf`, what is sent is swallowed for good. `swallow_after` is looked for in
    what clients send: from where it is found, the server's words on that connection do not arrive any more.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay_seconds = 0.0
        self.deaf = False
        self.swallow_after: bytes | None = None
        self.connections = 0
        self.swallowed = 0
        self.port = 0

    async def __aenter__(self) -> "WireProxy":
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._flows.set()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self) -> None:
        """From now on nothing moves: a black hole."""
        self._flows.clear()

    def flow(self) -> None:
        """Everything moves again, and what was held up arrives."""
        self._flows.set()
        self.deaf = False

    def reset(self) -> None:
        """Break every connection, as by a device that forgot it."""
        for end in list(self._ends):
            raw = end.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0 and raw.family == socket.AF_INET:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            end.transport.abort()

    def half_close(self) -> None:
        """Say to every client that nothing more will come, and go on listening to it."""
        for end in list(self._ends):
            raw = end.get_extra_info("socket")
            if raw is not None and raw.family == socket.AF_INET and end.can_write_eof():
                end.write_eof()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._ends.add(writer)
        self.connections += 1
        try:
            await self._flows.wait()
            there, back = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.transport.abort()
            self._ends.discard(writer)
            self._tasks.discard(task)
            return
        self._ends.add(back)
        hushed = asyncio.Event()
        try:
            ways = (self._pass(reader, back, hushed, upstream=True), self._pass(there, writer, hushed, upstream=False))
            await asyncio.gather(*ways)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, back):
                end.transport.abort()
                self._ends.discard(end)
            self._tasks.discard(task)

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, hushed: asyncio.Event, *, upstream: bool
    ) -> None:
        """Carry bytes one way until that side ends."""
        while chunk := await source.read(CHUNK):
            await self._flows.wait()
            if upstream:
                if self.swallow_after is not None and self.swallow_after in chunk:
                    hushed.set()
            elif self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            if self.deaf or (hushed.is_set() and not upstream):
                self.swallowed += 1
                continue
            sink.write(chunk)
            await sink.drain()
        if not sink.is_closing() and sink.can_write_eof():
            sink.write_eof()
        if upstream:
            raise ConnectionError("the client has gone")
