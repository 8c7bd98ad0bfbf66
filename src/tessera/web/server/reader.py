"""The reading half of a connection: bytes go to the parser, and what it reports becomes requests.

The parser alone decides where a request begins and ends. Received bytes are handed to it as they came, in pieces, and
what it reports is judged in `web/server/head.py`. One thing it does not report: the name of the protocol. RTSP, which
it reads too, is told from HTTP in `_feed_in_cuts`, which can refuse a request and do nothing else.
"""

import re
from collections import deque
from collections.abc import Callable
from typing import NoReturn, Protocol, cast

import httptools

from tessera.web.refusal_records import Unread
from tessera.web.server.connection_limits import Limits
from tessera.web.server.exchange import Exchange
from tessera.web.server.head import HEADERS_MAX, TRAILERS, Head, HeaderList, accept

PIECE_BYTES = 4096
"""Bytes parsed before it is looked whether a request is whole: what is behind it waits until that one is answered."""

RTSP = b"RTSP/"
_find_rtsp = re.compile(RTSP).search
"""Twice as fast as `in`."""

_NONE = cast("Exchange", None)
"""The exchange of no request."""


class Stop(Exception):
    """What the parser would report next is not to be taken."""


class Receiver(Protocol):
    """The connection that is told of requests. It has `ended` when nothing more is to be taken from its client."""

    ended: bool

    def request_begins(self) -> None:
        """The first byte of a request has arrived."""

    def refuse(self, reason: Unread) -> None:
        """Take nothing more from this client."""


class Reader:
    """The parser of one connection, and what it has reported so far of the request that arrives.

    A request whose head was accepted joins the `queue`, and is complete when its body has ended as well. `within` tells
    whether a request has begun and is not whole. `client` is the address at the other end.
    """

    __slots__ = (
        "_exchange", "_framing_bytes", "_headers", "_limits", "_names", "_parser", "_queue", "_read_on", "_receiver",
        "_tail", "_target", "client", "within",
    )  # fmt: skip

    def __init__(self, receiver: Receiver, queue: deque[Exchange], limits: Limits, read_on: Callable[[], None]) -> None:
        self.within = False
        self.client: tuple[str, int] | None = None
        self._receiver = receiver
        self._queue = queue
        self._limits = limits
        self._read_on = read_on
        self._parser = httptools.HttpRequestParser(self)
        self._exchange = _NONE
        self._target = b""
        self._headers: HeaderList = TRAILERS
        """`TRAILERS` unless a head is being read."""
        self._framing_bytes = 0
        self._names = 0
        """How often `RTSP/` stood in this head outside of its target."""
        self._tail = b""

    def feed(self, data: bytes) -> None:
        """Hand a piece to the parser."""
        self._framing_bytes += len(data)
        try:
            if _find_rtsp(data) or (self._headers is not TRAILERS and RTSP in self._tail + data):
                self._feed_in_cuts(data)
            else:
                self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._receiver.ended = True  # what follows is not HTTP, whatever it looks like
        except httptools.HttpParserError as error:
            self._receiver.refuse(Unread.VERSION if "HTTP version" in str(error) else Unread.MALFORMED)
        if self._framing_bytes > self._limits.head_bytes_max + 2 * PIECE_BYTES:  # a whole head is judged by its size
            self._receiver.refuse(Unread.HEAD)
        if self._headers is not TRAILERS:
            self._tail = (self._tail + data)[1 - len(RTSP) :]

    def _feed_in_cuts(self, data: bytes) -> None:
        """Hand a piece over in cuts, each of which ends behind an `RTSP/`, and count those that are no HTTP's.

        How bytes are cut changes nothing of what the parser reads. Within a head, this name stands in the target, in
        a value, or where the name of the protocol does; the parser tells of the first two (see `on_headers_complete`).
        """
        tail = self._tail if self._headers is not TRAILERS else b""
        sent, place = 0, (tail + data).find(RTSP)
        while place >= 0:
            last = place + len(RTSP) - 1 - len(tail)
            if last > sent:
                self._parser.feed_data(data[sent:last])
            before = len(self._target)
            self._parser.feed_data(data[last : last + 1])
            if self._headers is not TRAILERS and len(self._target) == before:
                self._names += 1
            sent, place = last + 1, (tail + data).find(RTSP, place + len(RTSP))
        if sent < len(data):
            self._parser.feed_data(data[sent:])

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._receiver.ended:
            raise Stop
        self._receiver.request_begins()
        self.within = True
        self._target = self._tail = b""
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
        limit = self._limits.head_bytes_max
        if len(head.headers) > HEADERS_MAX or (self._framing_bytes + PIECE_BYTES > limit and head.size() > limit):
            self._stop(Unread.HEAD)
        if self._names:
            names, self._names = self._names, 0
            if names > sum(value.count(RTSP) for _, value in head.headers):
                self._stop(Unread.MALFORMED)
        accepted = accept(head, self.client)
        if isinstance(accepted, Unread):
            self._stop(accepted)
        self._framing_bytes = 0
        keep_alive = version != "1.0" and not accepted.last and parser.should_keep_alive()
        self._exchange = Exchange(
            accepted.scope, self._read_on, keep_alive=keep_alive, expects_continue=accepted.expects_continue
        )
        self._queue.append(self._exchange)

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        self._framing_bytes -= len(data)
        self._exchange.add(data)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.within = False
        self._framing_bytes = 0
        exchange, self._exchange = self._exchange, _NONE
        exchange.complete = True
        if not (exchange.keep_alive and self._parser.should_keep_alive()):  # a trailer may have said so
            exchange.keep_alive = False
            self._receiver.ended = True

    def _stop(self, reason: Unread) -> NoReturn:
        self._receiver.refuse(reason)
        raise Stop
