"""Ways to have a proxy and the server behind it disagree about where a request ends, to get another in between."""

import contextlib
import itertools
import socket
from collections.abc import Callable, Sequence

from tests.framing.corpus import END, NO_CODINGS, NO_LENGTHS, chunk, chunked, post, sized
from tests.framing.offers import NO_FIELDS

Pieces = tuple[bytes, ...]
"""What is sent one after the other: the next when there was an answer, or none in a moment."""

Trick = Callable[[bytes], Pieces]

ASKS = b"POST /oauth/introspect HTTP/1.1"
NOWHERE = b"GET /nowhere HTTP/1.1"
OFFER = (b"Connection: upgrade", b"uPgRaDe: foo")
ANSWER_SECONDS = 0.05
EMPTY_LINES = b"\r\n" * 50_000
"""More than is read at once: what stands behind them is in a piece of its own. A server skips them before a request."""

BUFFER_BYTES = 4096
"""As much as Go's proxy writes at once: a longer head is cut there."""


def _later(request: bytes, body: bytes) -> Pieces:
    """A request whose body comes when it was answered already, or nothing was said."""
    return (request.removesuffix(body), body)


def _padded(smuggled: bytes, place: int) -> Pieces:
    """An offer in a head that Go's proxy cuts, at this place of the header's name; and a body in its own write."""
    body = b"\r\n" * (2 * BUFFER_BYTES) + smuggled
    head = post(*OFFER, b"A: ", b"Content-Length: %d" % len(body), line=ASKS)
    written = head.index(b"uPgRaDe") + len(b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: a\r\n")
    return (head.replace(b"A: ", b"A: " + b"a" * (BUFFER_BYTES - written + place)) + body,)


OFFERS: tuple[Trick, ...] = (
    lambda smuggled: (sized(smuggled, *OFFER, line=ASKS),),
    lambda smuggled: _later(sized(smuggled, *OFFER, line=ASKS), smuggled),
    lambda smuggled: _later(sized(smuggled, *OFFER, line=NOWHERE), smuggled),
    lambda smuggled: _later(
        sized(smuggled, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", line=ASKS), smuggled
    ),
    lambda smuggled: _later(sized(smuggled, b"Connection: upgrade", b"UPGRADE: websocket", line=NOWHERE), smuggled),
    lambda smuggled: (sized(EMPTY_LINES + smuggled, *OFFER, line=ASKS),),
    lambda smuggled: (sized(EMPTY_LINES + smuggled, *OFFER, line=NOWHERE),),
    lambda smuggled: (post(*OFFER, b"Transfer-Encoding: chunked", line=ASKS), smuggled),
    lambda smuggled: (chunked(chunk(EMPTY_LINES + smuggled) + END, *OFFER, line=ASKS),),
    lambda smuggled: (post(*OFFER, line=NOWHERE), smuggled),
    lambda smuggled: (post(*OFFER, line=NOWHERE) + smuggled,),
    lambda smuggled: (post(line=NOWHERE) + sized(smuggled, *OFFER, line=ASKS),),
    lambda smuggled: (post(line=b"CONNECT /a HTTP/1.1"), smuggled),
    lambda smuggled: (post(line=b"CONNECT a:80 HTTP/1.1"), smuggled),
    lambda smuggled: _later(sized(smuggled, line=b"CONNECT /a HTTP/1.1"), smuggled),
    *[lambda smuggled, place=place: _padded(smuggled, place) for place in (1, 4, 8)],
)

LENGTHS: tuple[Trick, ...] = (
    lambda smuggled: (sized(smuggled, line=b"GET /nowhere HTTP/1.1"),),
    lambda smuggled: (sized(smuggled, line=b"HEAD /nowhere HTTP/1.1"),),
    lambda smuggled: (sized(smuggled, line=b"OPTIONS * HTTP/1.1"),),
    lambda smuggled: _later(sized(smuggled, line=b"PUT /nowhere HTTP/1.1"), smuggled),
    lambda smuggled: _later(sized(smuggled, b"Expect: 100-continue", line=b"PUT /nowhere HTTP/1.1"), smuggled),
    lambda smuggled: _later(sized(smuggled, b"Expect: nothing", line=b"PUT /nowhere HTTP/1.1"), smuggled),
    lambda smuggled: (sized(EMPTY_LINES + smuggled, line=b"PUT /nowhere HTTP/1.1"),),
    lambda smuggled: (post(b"Content-Length: 0", body=smuggled, line=ASKS),),
    lambda smuggled: (post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=END + smuggled, line=ASKS),),
    lambda smuggled: (sized(END + smuggled, b"Transfer-Encoding: chunked", line=ASKS),),
    lambda smuggled: (sized(END + smuggled, b"Transfer_Encoding: chunked", line=ASKS),),
    lambda smuggled: (sized(END + smuggled, b"Connection: Content-Length", line=ASKS),),
    lambda smuggled: (chunked(END, b"Connection: Transfer-Encoding", line=ASKS) + smuggled,),
    lambda smuggled: (chunked(END + smuggled, line=b"POST /nowhere HTTP/1.0"),),
    lambda smuggled: (chunked(b"0\r\n" + smuggled + b"\r\n", line=ASKS),),
    lambda smuggled: (chunked(b"0;a=\n" + smuggled + END, line=ASKS),),
    lambda smuggled: (chunked(b"1;a\nX\r\n" + smuggled + b"\r\n" + END, line=ASKS),),
    lambda smuggled: (chunked(b"1\r\nX\r\n0\r\nConnection: close\r\n\r\n", line=ASKS) + smuggled,),
    lambda smuggled: (post(b"Connection: close", line=NOWHERE) + smuggled,),
    lambda smuggled: (post(b"Connection: Host", line=NOWHERE) + smuggled,),
)


def _odd(field: bytes) -> Trick:
    return lambda smuggled: (post(field, body=END + smuggled, line=ASKS),)


def _odd_beside_a_length(field: bytes) -> Trick:
    return lambda smuggled: (sized(END + smuggled, field, line=ASKS),)


FIELDS: tuple[Trick, ...] = (
    *[_odd(b"Transfer-Encoding: " + value) for value in NO_CODINGS],
    *[_odd_beside_a_length(b"Transfer-Encoding: " + value) for value in NO_CODINGS],
    *[_odd(b"Content-Length: " + value) for value in NO_LENGTHS],
    *[_odd_beside_a_length(field.replace(b"X", b"Transfer-Encoding").replace(b"y", b"chunked")) for field in NO_FIELDS],
)


def attacks(smuggled: Sequence[bytes]) -> list[Pieces]:
    """Every trick: those of some promise with each of these requests, the others with one of them."""
    each = [trick(request) for request in smuggled for trick in (*OFFERS, *LENGTHS)]
    return [*each, *[trick(request) for trick, request in zip(FIELDS, itertools.cycle(smuggled), strict=False)]]


def attack(port: int, pieces: Pieces) -> bytes:
    """Send the pieces on a connection of their own, and go away; what was answered."""
    answered = b""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as attacker:
        for piece in pieces:
            with contextlib.suppress(OSError):  # whoever was refused is not listened to any more
                attacker.sendall(piece)
                answered += attacker.recv(65536)
    return answered
