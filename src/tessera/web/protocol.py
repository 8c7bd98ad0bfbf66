"""One HTTP connection: bytes become requests, within our limits, and get their answers in their order.

The parser alone decides where a request begins and ends. Received bytes are handed to it as they came, in pieces, and
none is looked at before, beside or after it. What it reports is judged in `web/head.py`.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NoReturn, cast

import httptools
from uvicorn.server import ServerState

from tessera.web.exchange import Application, Exchange
from tessera.web.explaining import REQUEST_ID, Unread, new_id
from tessera.web.head import HEADERS_MAX, TRAILERS, Head, HeaderList, accept
from tessera.web.limits import Limits
from tessera.web.messages import CLOSE, Headers, Response
from tessera.web.rendering import render
from tessera.web.turns import Turns

GRACE_SECONDS = 0.5
"""How long an idle connection may still bring a request after shutdown began: it may be on its way already."""

PIECE_BYTES = 4096
"""Bytes parsed before it is looked whether a request is whole: what is behind it waits until that one is answered."""

UNSENT_BYTES_MAX = 64 * 1024
"""Bytes of answers that the kernel takes beyond what the client is ready to receive."""

RETRY: Headers = ((b"retry-after", b"1"),)
TEXT: Headers = ((b"content-type", b"text/plain; charset=utf-8"),)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Stop(Exception):
    """What the parser would report next is not to be taken."""


class HttpConnection(asyncio.Protocol):
    """A connection within `Limits`.

    `deadline` is when this client has kept us waiting for long enough: for its request to be whole, for its next one,
    or for it to read its answer. None while it is we who have something to do.
    """

    def __init__(
        self,
        application: Application,
        state: ServerState,
        limits: Limits,
        turns: Turns,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.application = application
        self.loop = loop or asyncio.get_running_loop()
        self.limits = limits
        self.turns = turns
        self.deadline: float | None = self.loop.time() + limits.request_timeout_seconds
        self._state = state
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._client: tuple[str, int] | None = None
        self._target = b""
        self._headers: HeaderList = []
        self._framing_bytes = 0
        self._unread = b""
        self._queue: deque[Exchange] = deque()
        self._task: asyncio.Task[None] | None = None
        self._refusal: tuple[Unread, Headers] | None = None
        self._ended = False
        """Nothing more is taken from this client."""
        self._closing = False
        """Nothing more is answered either."""
        self._at_end = False
        """The client has sent its last byte; it may still read."""
        self._idle = self._within = self._read_paused = self._write_paused = self._going_down = False

    # Of the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple):  # reset already: what it sent would be done in nobody's name
            self._ended = True
            transport.abort()
            return
        self._client = (str(peer[0]), int(peer[1]))
        transport.set_write_buffer_limits(high=1, low=0)  # the next request begins when this one's answer is taken
        connected = transport.get_extra_info("socket")
        if connected is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with suppress(OSError):  # reset meanwhile
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES_MAX)
        connections = cast("set[HttpConnection]", self._state.connections)
        connections.add(self)
        self._going_down = self.application.going_down
        if len(connections) > self.limits.connections_max:
            self._refuse(Unread.CONNECTIONS, RETRY)
            self._go_on(pipelined=False)
            return
        self.limits.watch(connections, self.loop)

    def connection_lost(self, _error: Exception | None) -> None:
        cast("set[HttpConnection]", self._state.connections).discard(self)
        self._ended = True
        self._hold_task()
        for exchange in self._queue:
            exchange.broken = True
            exchange.wake()
        self._queue.clear()
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        if self._unread or self._busy():
            self._unread += data
            self._pause_reading()
            return
        self._parse(data, pipelined=False)

    def eof_received(self) -> bool:
        """The client sends no more: what is whole is answered, and then the connection is closed (RFC 9112 section 8).

        Over TLS this cannot be: there the transport closes both ways (RFC 8446 section 6.1 allows it).
        """
        if self._transport.get_extra_info("sslcontext") is not None:
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
        self.deadline = None
        if self._transport.is_closing():
            self.deadline = self._patience()
        else:
            self._go_on(pipelined=True)

    # From bytes to requests

    def _busy(self) -> bool:
        """Whether nothing more is parsed for now: a request is to be answered first, or an answer to be read."""
        return self._write_paused or bool(self._queue and self._queue[0].enough())

    def _parse(self, data: bytes, *, pipelined: bool) -> None:
        """Hand bytes to the parser, until there is a request to answer; keep the others."""
        end = len(data)
        for start in range(0, end, PIECE_BYTES):
            self._feed(data if end <= PIECE_BYTES else data[start : start + PIECE_BYTES])
            if self._ended:
                break
            if self._busy():
                self._unread = data[start + PIECE_BYTES :]
                if self._unread:
                    self._pause_reading()
                break
        self._go_on(pipelined=pipelined)

    def _feed(self, data: bytes) -> None:
        self._framing_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._ended = True  # what follows is not HTTP, whatever it looks like
        except httptools.HttpParserError:
            self._refuse(Unread.MALFORMED)
        if self._framing_bytes > self.limits.head_bytes_max + 2 * PIECE_BYTES:  # a whole head is judged by its size
            self._refuse(Unread.HEAD)

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._ended:
            raise Stop
        if self._idle:
            self._idle = False
            self.deadline = self._patience()
        self._within = True
        self._target = b""
        self._headers = []

    def on_url(self, target: bytes) -> None:
        """A part of the request's target."""
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a field behind a chunked body."""
        self._headers.append((name.lower(), value.rstrip(b" \t")))  # white space is no part (RFC 9110 section 5.5)

    def on_headers_complete(self) -> None:
        """The head is whole: it is judged, and its body is what the parser reports next."""
        parser = self._parser
        version = parser.get_http_version()
        method = parser.get_method().decode("ascii")
        head = Head(method, version, self._target, self._headers, parser.should_upgrade())
        self._headers = TRAILERS
        limit = self.limits.head_bytes_max
        if len(head.headers) > HEADERS_MAX or (self._framing_bytes + PIECE_BYTES > limit and head.size() > limit):
            self._stop(Unread.HEAD)
        accepted = accept(head, self._client)
        if isinstance(accepted, Unread):
            self._stop(accepted)
        self._framing_bytes = 0
        keep_alive = version != "1.0" and not accepted.last and parser.should_keep_alive()
        self._queue.append(
            Exchange(accepted.scope, self._read_on, keep_alive=keep_alive, expects_continue=accepted.expects_continue)
        )

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        self._framing_bytes -= len(data)
        self._queue[-1].add(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._within = False
        self._framing_bytes = 0
        self.deadline = None
        exchange = self._queue[-1]
        exchange.complete = True
        if not (exchange.keep_alive and self._parser.should_keep_alive()):  # a trailer may have said so
            exchange.keep_alive = False
            self._ended = True

    def _stop(self, reason: Unread) -> NoReturn:
        self._refuse(reason)
        raise Stop

    def _refuse(self, reason: Unread, headers: Headers = ()) -> None:
        """Take nothing more, and say why when what came before is answered. The first reason counts."""
        if self._ended:
            return
        self._ended = True
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
                if not first.begun:
                    first.begun = True
                    self.deadline = None  # it is our turn, also when its body is not whole
                    self.turns.begin(self.loop, self, pipelined=pipelined)
                return
            if first.expects_continue:
                first.expects_continue = False
                self.turns.write(self.loop, self._transport, CONTINUE, close=False)
        elif self._refusal is not None:
            self._turn_away(*self._refusal)
        if self._ended:
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
            if self._within:
                self._refuse(Unread.CUT_OFF)
                self._go_on(pipelined=False)
            else:
                self.close()
            return
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()
        if self.deadline is None:
            self._idle = not self._within
            self.deadline = self._patience()

    def _patience(self) -> float:
        """When this client has kept us waiting for long enough, from now."""
        if not self._idle:
            seconds = self.limits.request_timeout_seconds
        else:
            seconds = GRACE_SECONDS if self._going_down else self.limits.keep_alive_seconds
        return self.loop.time() + seconds

    def begin(self) -> Coroutine[Any, Any, None] | None:
        """Answer the first request (see `web/turns.Connection`)."""
        if not self._queue or self._transport.is_closing():
            return None
        first = self._queue[0]
        if self._write_paused:
            first.begun = False
            return None
        return self._answer(first)

    def begun(self, task: asyncio.Task[None]) -> None:
        """Hold the task of the first request (see `web/turns.Connection`)."""
        self._task = task
        if self._going_down:
            self._hold_task()

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
                    self._reply(exchange, response)
                if not self._closing:
                    self._go_on(pipelined=True)
        except BaseException:
            self._transport.abort()
            raise

    def _reply(self, exchange: Exchange, response: Response) -> None:
        last = self._going_down and not self._queue and not self._unread
        close = last or not exchange.keep_alive or not exchange.complete or CLOSE in response.headers
        self._send(response, close=close, head_only=exchange.scope["method"] == "HEAD")

    def _send(self, response: Response, *, close: bool, head_only: bool = False) -> None:
        headers = response.headers
        if close:
            self._close()
            if CLOSE not in headers:
                headers = (*headers, CLOSE)
        data = render(response, headers, self._state.default_headers, head_only=head_only)
        self.turns.write(self.loop, self._transport, data, close=close)

    def _close(self) -> None:
        """Take and answer nothing more. What is written last has to be read in time, as any answer."""
        self._ended = self._closing = True
        self._idle = False
        self.deadline = self._patience()
        self._refusal = None
        self._queue.clear()
        self._unread = b""

    def _turn_away(self, reason: Unread, headers: Headers) -> None:
        """Answer without the application, and close."""
        request_id = new_id()
        self.application.turned_away(reason, request_id, self._client[0] if self._client else "")
        body = f"{reason.told.public}\n".encode()
        self._send(Response(reason.status, body, (*TEXT, *headers), ((REQUEST_ID, request_id),)), close=True)

    # Of time

    def shutdown(self) -> None:
        """Finish what is under way; an idle connection has a moment more to bring what is on its way."""
        self._going_down = self.application.going_down = True
        self._hold_task()
        self.loop.call_later(GRACE_SECONDS, self._close_when_idle)

    def _close_when_idle(self) -> None:
        if not (self._queue or self._ended or self._unread or self._write_paused):
            self.close()

    def time_out(self) -> None:
        """The client took too long to send its request, or to read its answer."""
        if self._write_paused or self._closing:
            self._transport.abort()
        elif self._idle:
            self.close()
        else:
            self._refuse(Unread.SLOW)
            self._go_on(pipelined=False)

    def close(self) -> None:
        """Close the connection, finished or not, when what is on its way to be written has been."""
        self._close()
        self.turns.write(self.loop, self._transport, b"", close=True)

    def _pause_reading(self) -> None:
        if not self._read_paused:
            self._read_paused = True
            self._transport.pause_reading()
