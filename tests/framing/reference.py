"""How h11 reads the same bytes: another parser, by other people, that was written from the standard.

Where the server may differ from it, the difference is one of `PERMITTED` and is taken out of the bytes before h11
reads them; everything else must be the same.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import h11

from tests.framing.application import Received


class Permitted(NamedTuple):
    """A difference that may be, the reason why it cannot split, join or reorder requests, and how it is taken out.

    `plain` is given all that is left of the connection, where a request is to begin.
    """

    name: str
    reason: str
    plain: Callable[[bytes], bytes]


_BLANKS = re.compile(rb"([!-~]+) +([!-~]+) +(HTTP/1\.[01]\r\n)")

PERMITTED = (
    Permitted(
        "empty lines before a request",
        "Line ends belong to no request: none begins or ends in them (RFC 9112 section 2.2 has servers skip them).",
        lambda rest: rest.lstrip(b"\r\n"),
    ),
    Permitted(
        "more than one blank around the target",
        "The line still ends where it ends, and a target has no blank in it (RFC 9112 section 3 lets servers do so).",
        lambda rest: _BLANKS.sub(rb"\1 \2 \3", rest, count=1) if _BLANKS.match(rest) else rest,
    ),
)


class Reading(NamedTuple):
    """The requests that are whole, and why there are no more: `waits`, `refuses`, or `closes`."""

    requests: tuple[Received, ...]
    ends: str


def read(sent: bytes) -> Reading:
    """Read all of this as requests of one connection."""
    requests: list[Received] = []
    rest = sent
    while True:
        for permitted in PERMITTED:
            rest = permitted.plain(rest)
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(rest)
        try:
            request = _one(connection)
        except h11.RemoteProtocolError:
            return Reading(tuple(requests), "refuses")
        if request is None:
            return Reading(tuple(requests), "waits")
        requests.append(request)
        if connection.their_state is h11.MUST_CLOSE:
            return Reading(tuple(requests), "closes")
        rest = connection.trailing_data[0]


def _one(connection: h11.Connection) -> Received | None:
    """The request, or None while it is not whole."""
    head, body = None, b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return Received(head.method.decode(), head.target, tuple(head.headers), body)
        else:
            return None


def alike(ours: Received, theirs: Received) -> bool:
    """Whether both have read the same request.

    Blanks around a value are not part of it. h11 gives the target as it was sent, and codings in small letters. An
    offer of another protocol may be kept from the application, and so may what a client would connect to.
    """
    return _plain(ours) == _plain(theirs)


def _plain(request: Received) -> Received:
    headers = [
        (name, value.lower() if name == b"transfer-encoding" else value)
        for name, value in request.headers
        if name != b"upgrade"
    ]
    target = b"" if request.method == "CONNECT" else _path(request.target)
    return request._replace(target=target, headers=tuple(headers))


def _path(target: bytes) -> bytes:
    """The target's path and query, whatever its form is."""
    if target.startswith((b"/", b"*")):
        return target.partition(b"#")[0].removesuffix(b"?")
    parts = urlsplit(target)
    return (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
