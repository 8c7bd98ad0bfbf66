"""One HTTP connection: requests are read one at a time, within our limits, and get their answers in their order.

Bytes become requests in `web/server/reader.py`.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, cast

from uvicorn.server import ServerState

from tessera.web.messages import CLOSE, Headers, Response
from tessera.web.refusal_records import REQUEST_ID, Unread, new_id
from tessera.web.server.batching import EventLoopBatch
from tessera.web.server.connection_limits import Limits
from tessera.web.server.exchange import Application, Exchange
from tessera.web.server.lingering import QUIET_SECONDS, Lingering
from tessera.web.server.reader import PIECE_BYTES, Reader
from tessera.web.server.rendering import render

GRACE_SECONDS = 0.5
"""How long an idle connection may still bring a request after shutdown began: it may be on its way already."""

UNSENT_BYTES_MAX = 64 * 1024
"""Bytes of answers that the kernel takes beyond what the client is ready to receive."""

RETRY: Headers = ((b"retry-after", b"1"),)
TEXT: Headers = ((b"content-type", b"text/plain; charset=utf-8"),)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpConnection(asyncio.Protocol):
    """A connection within `Limits`.

    `deadline` is when this client has kept us waiting for long enough: for its request to be whole, for its next one,
    or for it to read its answer. None while it is we who have something to do. It has `ended` when nothing more is
    taken from this client.
    """

    def __init__(
        self,
        application: Application,
        state: ServerState,
        limits: Limits,
        turns: EventLoopBatch,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.application = application
        self.loop = loop or asyncio.get_running_loop()
        self.limits = limits
        self.turns = turns
        self.deadline: float | None = self.loop.time() + limits.request_timeout_seconds
        self._state = state
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._unread = b""
        self._queue: deque[Exchange] = deque()
        self._reader = Reader(self, self._queue, limits, self._read_on)
        self._task: asyncio.Task[None] | None = None
        self._refusal: tuple[Unread, Headers] | None = None
        self.ended = False
        self._closing = False
        """Nothing more is answered either."""
        self._lingering: Lingering | None = None
        self._surplus = False
        """Bytes have come that nobody takes."""
        self._at_end = False
        """The client has sent its last byte; it may still read."""
        self._idle = self._read_paused = self._write_paused = self._going_down = False

    # Of the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple):  # reset already: what it sent would be done in nobody's name
            self.ended = True
            transport.abort()
            return
        self._reader.client = (str(peer[0]), int(peer[1]))
        transport.set_write_buffer_limits(high=1, low=0)  # the next request begins when this one's answer is taken
        connected = transport.get_extra_info("socket")
        if connected is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with suppress(OSError):  # reset meanwhile
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
        connections = cast("set[HttpConnection]", self._state.connections)
        connections.add(self)
        self._going_down = self.application.going_down
        if len(connections) > self.limits.connections_max:
            self.refuse(Unread.CONNECTIONS, RETRY)
            self._go_on(pipelined=False)
            return
        self.limits.watch(connections, self.loop)

    def connection_lost(self, _error: Exception | None) -> None:
        cast("set[HttpConnection]", self._state.connections).discard(self)
        self.ended = True
        self._hold_task()
        for exchange in self._queue:
            exchange.broken = True
            exchange.wake()
        self._queue.clear()
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        if self.ended:
            self._throw_away(data)
            return
        if self._unread or self._busy():
            self._unread += data
            self._pause_reading()
            return
        self._parse(data, pipelined=False)

    def eof_received(self) -> bool:
        """The client sends no more: what is whole is answered, and then the connection is closed (RFC 9112 section 8).

        Over TLS this cannot be: there the transport closes both ways (RFC 8446 section 6.1 allows it). Whoever was
        lingered for has read the last answer, or never will.
        """
        if self._lingering is not None or self._transport.get_extra_info("sslcontext") is not None:
            return False
        self._at_end = True
        if not self._busy():
            self._go_on(pipelined=False)
        return True

    def pause_writing(self) -> None:
        self._write_paused = True
        self.deadline = self._patience()

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._lingering is not None:
            self.deadline = self._lingering.deadline
        elif self._closing:
            self.deadline = self._patience()
        else:
            self.deadline = None
            self._go_on(pipelined=True)

    # From bytes to requests

    def _busy(self) -> bool:
        """Whether nothing more is parsed for now: a request is to be answered first, or an answer to be read."""
        return self._write_paused or bool(self._queue and self._queue[0].enough())

    def _parse(self, data: bytes, *, pipelined: bool) -> None:
        """Hand bytes to the parser, until there is a request to answer; keep the others."""
        end = len(data)
        for start in range(0, end, PIECE_BYTES):
            self._reader.feed(data if end <= PIECE_BYTES else data[start : start + PIECE_BYTES])
            if self.ended:
                break
            if self._busy():
                self._unread = data[start + PIECE_BYTES :]
                if self._unread:
                    self._pause_reading()
                break
        self._go_on(pipelined=pipelined)

    def request_begins(self) -> None:
        """Its client has as long for it as for any, from now."""
        if self._idle:
            self._idle = False
            self.deadline = self._patience()

    def refuse(self, reason: Unread, headers: Headers = ()) -> None:
        """Take nothing more, and say why when what came before is answered. The first reason counts."""
        if self.ended:
            return
        self.ended = True
        self._refusal = reason, headers
        if self._queue and not self._queue[-1].complete:
            last = self._queue[-1]
            if last.begun or last.enough():  # the application is asked, or is about to be: its answer goes first
                last.broken = True
            else:
                self._queue.pop()

    # From requests to answers

    def _go_on(self, *, pipelined: bool) -> None:
        """Do what is next: answer a request, say why there will be no more, parse what is here, or wait."""
        if self._write_paused:
            return
        if self._queue:
            first = self._queue[0]
            first.wake()
            if first.enough():
                self.deadline = None  # it is our turn, also when its body is not whole
                if not first.begun:
                    first.begun = True
                    self.turns.begin(self.loop, self, pipelined=pipelined)
                return
            if first.expects_continue:
                first.expects_continue = False
                if not (self._unread or first.body):  # otherwise its client has not waited
                    self.turns.write(self.loop, self._transport, CONTINUE, close=False)
        elif self._refusal is not None:
            self._reject_connection(*self._refusal)
        if self.ended:
            return
        if self._unread:
            data, self._unread = self._unread, b""
            self._parse(data, pipelined=True)
        else:
            self._await_client()

    def _read_on(self) -> None:
        self._go_on(pipelined=True)

    def _await_client(self) -> None:
        if self._at_end:
            if self._reader.within:
                self.refuse(Unread.CUT_OFF)
                self._go_on(pipelined=False)
            else:
                self.close()
            return
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()
        if self.deadline is None:
            self._idle = not self._reader.within
            self.deadline = self._patience()

    def _patience(self) -> float:
        """When this client has kept us waiting for long enough, from now."""
        if not self._idle:
            seconds = self.limits.request_timeout_seconds
        else:
            seconds = GRACE_SECONDS if self._going_down else self.limits.keep_alive_timeout_seconds
        return self.loop.time() + seconds

    def begin(self) -> Coroutine[Any, Any, None] | None:
        """Answer the first request (see `web/server/batching.Connection`)."""
        if not self._queue or self._transport.is_closing():
            return None
        first = self._queue[0]
        if self._write_paused:
            first.begun = False
            return None
        return self._answer(first)

    def begun(self, task: asyncio.Task[None]) -> None:
        """Hold the task of the first request (see `web/server/batching.Connection`)."""
        self._task = task
        if self._going_down:
            self._hold_task()

    def abort(self) -> None:
        """Close at once, without an answer (see `web/server/batching.Connection`)."""
        self._transport.abort()

    def _hold_task(self) -> None:
        """Have the server wait for the request under way, whatever becomes of this connection."""
        if self._task is not None and not self._task.done():
            self._state.tasks.add(self._task)
            self._task.add_done_callback(self._state.tasks.discard)

    async def _answer(self, exchange: Exchange) -> None:
        try:
            response = await self.application.answer(exchange.scope, exchange)
            if self._queue and not self._transport.is_closing():
                self._queue.popleft()
                if response is not None:
                    last = self._going_down and not self._queue and not self._unread
                    whole = exchange.complete
                    close = last or not exchange.keep_alive or not whole or CLOSE in response.headers
                    sends = close and (not whole or self._surplus or bool(self._unread))
                    self._send(response, close=close, sends=sends, head_only=exchange.scope["method"] == "HEAD")
                if not self._closing:
                    self._go_on(pipelined=True)
        except BaseException:
            self._transport.abort()
            raise

    def _send(self, response: Response, *, close: bool, sends: bool, head_only: bool = False) -> None:
        """Send an answer; when it is the last, and the client `sends` still, linger so that it can be read."""
        headers = response.headers
        linger = sends and not self._at_end
        if close:
            self._close()
            if linger:
                self._linger()
            if CLOSE not in headers:
                headers = (*headers, CLOSE)
        data = render(response, headers, self._state.default_headers, head_only=head_only)
        self.turns.write(self.loop, self._transport, data, close=close, linger=linger)

    def _linger(self) -> None:
        """Throw away what still comes, for as long as a request may take to arrive."""
        seconds = QUIET_SECONDS if self._going_down else self.limits.request_timeout_seconds
        self._lingering = Lingering(self.loop.time(), seconds)
        self.deadline = self._lingering.deadline
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()

    def _throw_away(self, data: bytes) -> None:
        self._surplus = True
        if self._lingering is None:
            return
        if not self._lingering.goes_on(len(data), self.loop.time()):
            self._transport.abort()
        elif not self._write_paused:
            self.deadline = self._lingering.deadline

    def _close(self) -> None:
        """Take and answer nothing more. What is written last has to be read in time, as any answer."""
        self.ended = self._closing = True
        self._idle = False
        self.deadline = self._patience()
        self._refusal = None
        self._queue.clear()
        self._unread = b""

    def _reject_connection(self, reason: Unread, headers: Headers) -> None:
        """Answer without the application, and close."""
        request_id = new_id()
        self.application.connection_rejected(reason, request_id, self._reader.client[0] if self._reader.client else "")
        body = f"{reason.told.public}\n".encode()
        self._send(
            Response(reason.status, body, (*TEXT, *headers), ((REQUEST_ID, request_id),)), close=True, sends=True
        )

    # Of time

    def shutdown(self) -> None:
        """Finish what is under way; an idle connection has a moment more to bring what is on its way."""
        self._going_down = self.application.going_down = True
        self._hold_task()
        self.loop.call_later(GRACE_SECONDS, self._close_when_idle)

    def _close_when_idle(self) -> None:
        if not (self._queue or self.ended or self._unread or self._write_paused):
            self.close()

    def time_out(self) -> None:
        """The client took too long to send its request, or to read its answer."""
        if self._lingering is not None and not (self._write_paused or self._transport.is_closing()):
            self.deadline = self._patience()  # over TLS there is a farewell, which has to be read too
            self._transport.close()
        elif self._write_paused or self._closing:
            self._transport.abort()
        elif self._idle:
            self.close()
        else:
            self.refuse(Unread.SLOW)
            self._go_on(pipelined=False)

    def close(self) -> None:
        """Close the connection, finished or not, when what is on its way to be written has been."""
        self._close()
        self.turns.write(self.loop, self._transport, b"", close=True)

    def _pause_reading(self) -> None:
        if not self._read_paused:
            self._read_paused = True
            self._transport.pause_reading()
