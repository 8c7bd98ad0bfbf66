"""The head of a request, as the parser reports it: what of it we take, and what is refused because two readers differ.

Only values that the parser has told apart are looked at here, never received bytes: whoever reads bytes beside the
parser can come to see another request than the parser does (request smuggling, CWE-444).
"""

from typing import NamedTuple
from urllib.parse import unquote

import httptools

from tessera.web.messages import Scope
from tessera.web.refusal_records import Unread
from tessera.web.server import hosts

HEADERS_MAX = 100

FOREIGN_METHODS = frozenset({
    "ANNOUNCE", "CONNECT", "DESCRIBE", "FLUSH", "GET_PARAMETER", "PAUSE", "PLAY", "PRI", "RECORD", "REDIRECT", "SETUP",
    "SET_PARAMETER", "SOURCE", "TEARDOWN",
})  # fmt: skip
"""Of tunnels, and of RTSP, ICE and HTTP/2, which the parser knows too."""

HeaderList = list[tuple[bytes, bytes]]


class _Discarded(HeaderList):
    """A list that stays empty, whatever is put into it."""

    def append(self, _field: tuple[bytes, bytes]) -> None:
        pass


TRAILERS: HeaderList = _Discarded()
"""Where fields behind a chunked body go: they are not headers (RFC 9110 section 6.5.1), and cost no memory."""


class Head(NamedTuple):
    """A request line and headers (names in lower case, in the order in which they came).

    `upgrades` tells that the parser takes what follows the head for another protocol.
    """

    method: str
    version: str
    target: bytes
    headers: HeaderList
    upgrades: bool

    def size(self) -> int:
        """How many bytes it took, without the method and the version."""
        return len(self.target) + sum(len(name) + len(value) + 4 for name, value in self.headers)


class Accepted(NamedTuple):
    """A request that the application is asked to answer.

    It is the `last` of its connection when it offers another protocol. `expects_continue` tells whether its client
    waits for leave to send the body.
    """

    scope: Scope
    last: bool
    expects_continue: bool


def accept(head: Head, client: tuple[str, int] | None) -> Accepted | Unread:
    """The request, or why there is none: HTTP forbids it, or servers and proxies disagree about where it ends.

    A request that offers another protocol is answered in this one when it has no body, and is the last of its
    connection. With a body it is refused, wherever and however the offer is spelled: to read the body we would have to
    read bytes which the parser takes for something else. (RFC 9112 sections 3.2, 6.1 and 6.3, RFC 9110 sections 7.8
    and 10.1.1.)
    """
    named = codings = 0
    host = b""
    body = offers = False
    expected: tuple[bytes, ...] = ()
    for name, value in head.headers:
        match name:
            case b"host":
                named += 1
                host = value
            case b"content-length":
                body = value.strip(b"0") != b""
            case b"transfer-encoding":
                codings += 1 if value.lower() == b"chunked" else 2
                body = True
            case b"upgrade":
                offers = True
            case b"expect":
                expected = (*expected, value)
    reason = _forbidden(head, named, host, codings)
    if reason is not None:
        return reason
    last = offers or head.upgrades
    if body and last:
        return Unread.UPGRADE
    expects = bool(expected) and head.version == "1.1"  # HTTP/1.0 knows no expectations
    if expects and not _only_continue(expected):
        return Unread.EXPECTATION
    scope = _scope(head, host, client)
    return Unread.MALFORMED if scope is None else Accepted(scope, last, expects)


def _forbidden(head: Head, named: int, host: bytes, codings: int) -> Unread | None:
    """Why HTTP forbids a head that has named its host so often, lastly this one, and so many codings of its body."""
    modern = head.version == "1.1"
    if not modern and head.version != "1.0":  # a line without a version is read as one of HTTP/0.9
        return Unread.MALFORMED if head.version == "0.9" else Unread.VERSION
    if head.method in FOREIGN_METHODS or codings > modern:
        return Unread.MALFORMED
    if named != 1 if modern else named > 1:
        return Unread.HOST
    if named and host not in hosts.remembered and not hosts.is_sound(host):
        return Unread.HOST
    return None


def _authority(target: bytes) -> bytes:
    """What stands in a whole address between its scheme and its path or query."""
    return target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]


def _only_continue(expected: tuple[bytes, ...]) -> bool:
    """Whether leave to send the body is all that a client expects (RFC 9110 section 10.1.1)."""
    return {each.strip(b" \t").lower() for value in expected for each in value.split(b",")} <= {b"100-continue", b""}


def _scope(head: Head, host: bytes, client: tuple[str, int] | None) -> Scope | None:
    """The request as the application wants it; None when its target is no address.

    A target is a path and a query, as nearly all are; `*`; or a whole address, whose host takes the place of the
    header's (RFC 9112 section 3.2). A fragment is no part of any.
    """
    target = head.target
    if b"#" in target:
        return None
    if target.startswith(b"/"):
        path, _, query = target.partition(b"?")
    elif target == b"*":
        path, query = target, b""
    else:
        try:
            address = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:
            return None
        if address.schema not in (b"http", b"https"):
            return None
        host = _authority(target)
        if not hosts.is_sound(host):
            return None
        path, query = address.path or b"/", address.query or b""
    text = path.decode("ascii")
    return {
        "type": "http",
        "method": head.method,
        "http_version": head.version,
        "path": unquote(text) if "%" in text else text,
        "raw_path": path,
        "query_string": query,
        "headers": head.headers,
        "host": host,
        "client": client,
    }
