"""Requests, sound and unsound, each with the answers that it must have: in one piece, and in any others.

`B` is a second request, and `OLD` a shorter one. Where it is the body of a first one, or stands behind one that ends
the connection, it must not be answered: a proxy would give that answer to somebody else.
"""

from typing import NamedTuple

Status = int | frozenset[int]

ANY = frozenset(range(200, 600))
NO_VERSION = frozenset({400, 505})


class Case(NamedTuple):
    """What a client sends, the statuses of the answers, and whether the connection is closed (None: either)."""

    name: str
    sent: bytes
    statuses: tuple[Status, ...]
    closed: bool | None

    @property
    def places(self) -> range:
        """Where it is cut in three: anywhere but within a sound request that stands behind it."""
        end = len(self.sent)
        return range(1, end - len(B) if self.sent.endswith(B) else end)


B = b"GET /b HTTP/1.1\r\nHost: b\r\n\r\n"
OLD = b"GET /b HTTP/1.0\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"


def post(*fields: bytes, body: bytes = b"", line: bytes = b"POST /a HTTP/1.1") -> bytes:
    """A request with these header lines behind its `Host`."""
    return b"\r\n".join([line, b"Host: a", *fields, b"", body])


def sized(body: bytes, *fields: bytes, line: bytes = b"POST /a HTTP/1.1") -> bytes:
    """A request whose body has a length."""
    return post(*fields, b"Content-Length: %d" % len(body), body=body, line=line)


def chunked(body: bytes, *fields: bytes, line: bytes = b"POST /a HTTP/1.1") -> bytes:
    """A request whose body stands there as it is, in chunks or not."""
    return post(*fields, b"Transfer-Encoding: chunked", body=body, line=line)


def chunk(body: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def taken(name: str, sent: bytes, *statuses: Status, closed: bool | None = False) -> Case:
    """A case that is answered by the application, and leaves the connection open."""
    return Case(name, sent, statuses or (200,), closed)


def last(name: str, sent: bytes, *statuses: Status) -> Case:
    """A case that is answered, with nothing answered behind it, and ends the connection."""
    return Case(name, sent, statuses or (200,), closed=True)


def refused(name: str, sent: bytes, *statuses: Status) -> Case:
    """A case that is refused, whatever stands behind it, and ends the connection."""
    return Case(name, sent, statuses or (400,), closed=True)


ONE = chunk(b"abc")
END = b"0\r\n\r\n"

SOUND = (
    taken("get", post(line=b"GET /a?b=c HTTP/1.1")),
    taken("head", post(line=b"HEAD /a HTTP/1.1")),
    taken("head with a body, then another", sized(b"abc", line=b"HEAD /a HTTP/1.1") + B, 200, 200),
    taken("get with a body that is a request", sized(B, line=b"GET /a HTTP/1.1")),
    taken("options with a body, then another", sized(b"abc", line=b"OPTIONS /a HTTP/1.1") + B, 200, 200),
    taken("put", sized(b"abc", line=b"PUT /a HTTP/1.1")),
    taken("delete with a body, then another", sized(b"abc", line=b"DELETE /a HTTP/1.1") + B, 200, 200),
    taken("post without a length", post() + B, 200, 200),
    taken("post of nothing", sized(b"") + B, 200, 200),
    taken("empty values", post(b"X:", b"Y: ", b"Content-Length: 3", b"Z:\t", body=b"abc") + B, 200, 200),
    taken("blanks around values", post(b"X:  y  ", b"Content-Length:   3", body=b"abc") + B, 200, 200),
    taken("a length with a zero before it", post(b"Content-Length: 03", body=b"abc") + B, 200, 200),
    taken("no blank after the colon", post(b"content-LENGTH:3", body=b"abc") + B, 200, 200),
    taken(
        "names that are nearly others", sized(b"abc", b"Transfer_Encoding: chunked", b"Content_Length: 9") + B, 200, 200
    ),
    taken("bytes beyond ASCII in a value", sized(b"abc", b"X: \xff\xc3\xa9")),
    taken("line ends in a body", sized(b"\r\n\r\nGET", b"X: y")),
    taken("an offer in a body", sized(b"a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", b"X: y")),
    taken("absolute form", post(line=b"GET http://a/c?d HTTP/1.1") + B, 200, 200),
    taken("two slashes", post(line=b"GET //a/c HTTP/1.1") + B, 200, 200),
    taken("asterisk form", post(line=b"OPTIONS * HTTP/1.1"), ANY, closed=None),
    taken("absolute form without a path", post(line=b"GET http://a HTTP/1.1"), ANY, closed=None),
    taken("expecting to go on", sized(b"abc", b"Expect: 100-continue") + B, 200, 200),
    taken("expecting to go on, in chunks", chunked(ONE + END, b"Expect: 100-Continue") + B, 200, 200),
    taken("expecting to go on, with nothing", sized(b"", b"Expect: 100-continue") + B, 200, 200),
    taken("an empty line before", b"\r\n" + post(line=b"GET /a HTTP/1.1") + b"\r\n" + B, 200, 200),
    last("http/1.0", post(line=b"GET /a HTTP/1.0")),
    last("http/1.0 without a host", b"POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
    last("http/1.0 that would go on", post(b"Connection: keep-alive", line=b"GET /a HTTP/1.0") + B),
    Case("a body that is not all there", post(b"Content-Length: 9", body=b"abc"), (), closed=False),
    Case("a head that is not all there", b"GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n", (), closed=False),
)

CHUNKS = (
    taken("one chunk", chunked(ONE + END) + B, 200, 200),
    taken("a chunk that is a request", chunked(chunk(B) + END)),
    taken("two chunks", chunked(chunk(b"a\r\n0\r\n") + b"0A\r\n0123456789\r\n" + END) + B, 200, 200),
    taken("no chunk", chunked(END) + B, 200, 200),
    taken("zeros before a size", chunked(b"0003\r\nabc\r\n000\r\n\r\n") + B, 200, 200),
    taken("extensions", chunked(b'3;a;b=c;d="e;\tf"\r\nabc\r\n0;g\r\n\r\n') + B, 200, 200),
    taken("trailers", chunked(ONE + b"0\r\nHost: c\r\nX:\r\nClient-Cert: d\r\n\r\n") + B, 200, 200),
    taken("a trailer that offers", chunked(ONE + b"0\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n") + B, 200, 200),
    taken("any case of the coding", post(b"transfer-encoding:\tChUnKeD", body=ONE + END) + B, 200, 200),
    Case("no last line", chunked(ONE + b"0\r\n"), (), closed=False),
    Case("no end of the last line", chunked(ONE + b"0\r\n\r"), (), closed=False),
    refused("a line feed for a last line", chunked(ONE + b"0\r\n\n") + B),
    refused("line feeds between chunks", chunked(b"3\nabc\n0\n\n") + B),
    refused("a line feed after a size", chunked(b"3\nabc\r\n" + END) + B),
    refused("a line feed after the data", chunked(b"3\r\nabc\n" + END) + B),
    refused("a carriage return after a size", chunked(b"3\rabc\r\n" + END) + B),
    refused("nothing after the data", chunked(b"3\r\nabc" + END) + B),
    refused("more data than its size", chunked(b"3\r\nabcd\r\n" + END) + B),
    refused("letters for a size", chunked(b"zz\r\nabc\r\n" + END) + B),
    refused("a size below zero", chunked(b"-3\r\nabc\r\n" + END) + B),
    refused("a size with a sign", chunked(b"+3\r\nabc\r\n" + END) + B),
    refused("a size with a prefix", chunked(b"0x3\r\nabc\r\n" + END) + B),
    refused("a size behind a blank", chunked(b" 3\r\nabc\r\n" + END) + B),
    refused("a size before a blank", chunked(b"3 \r\nabc\r\n" + END) + B),
    refused("no size", chunked(b"\r\nabc\r\n" + END) + B),
    refused("a size beyond 64 bits", chunked(b"10000000000000003\r\nabc\r\n" + END) + B),
    refused("a size far beyond 64 bits", chunked(b"fffffffffffffffff3\r\nabc\r\n" + END) + B),
    refused("a line feed in an extension", chunked(b"3;a\nb\r\nabc\r\n" + END) + B),
    refused("a line feed in a quoted extension", chunked(b'3;a="\n"\r\nabc\r\n' + END) + B),
    refused("a carriage return in an extension", chunked(b"3;a\rb\r\nabc\r\n" + END) + B),
    refused("a trailer that is none", chunked(ONE + b"0\r\nno colon\r\n\r\n") + B),
    refused("a folded trailer", chunked(ONE + b"0\r\nX: y\r\n z\r\n\r\n") + B),
    refused("a request for a trailer", chunked(ONE + b"0\r\n" + B)),
)

NO_CODINGS = (
    b"identity", b"chunked, chunked", b"chunked, identity", b"gzip, chunked", b"xchunked", b"chunkedx", b"chunked;q=1",
    b"gzip", b'"chunked"', b"\x0bchunked", b"chunked\x00", b"", b",chunked", b"chunked,", b"chunk ed", b"\r\n chunked",
    b"chunked\r\n , identity", b"chunked\r\nTransfer-Encoding: chunked", b"chunked\r\nTransfer-Encoding: identity",
    b"identity\r\nTransfer-Encoding: chunked", b"chunked\r\nContent-Length: 5", b"gzip\r\nContent-Length: 5",
)  # fmt: skip

CODINGS = (
    *[
        refused(f"transfer-encoding {value!r}", post(b"Transfer-Encoding: " + value, body=END) + B)
        for value in NO_CODINGS
    ],
    taken("transfer-encoding behind tabs", post(b"Transfer-Encoding:\t\tchunked", body=END) + B, 200, 200),
    Case("transfer-encoding before a tab", post(b"Transfer-Encoding: chunked\t", body=END), (ANY,), closed=None),
    refused(
        "transfer-encoding behind a length", post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=END) + B
    ),
    refused(
        "transfer-encoding behind nothing", post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=END) + B
    ),
    refused("transfer-encoding with a blank", post(b"Transfer-Encoding : chunked", body=END) + B),
    refused("transfer-encoding with a tab", post(b"Transfer-Encoding\t: chunked", body=END) + B),
    refused("transfer-encoding behind a blank", post(b" Transfer-Encoding: chunked", body=END) + B),
    refused("transfer-encoding in http/1.0", chunked(END, line=b"POST /a HTTP/1.0") + B),
    refused(
        "transfer-encoding in http/1.0, kept open",
        chunked(END, b"Connection: keep-alive", line=b"POST /a HTTP/1.0") + B,
    ),
    refused(
        "transfer-encoding in http/1.0, of nothing known", post(b"Transfer-Encoding: x", line=b"GET /a HTTP/1.0") + B
    ),
)

NO_LENGTHS = (
    b"+5", b"-5", b"-0", b"0x5", b"5 5", b"5,5", b"5, 5", b"5;", b"5.0", b"5e0", b"", b"\xb2", b"five", b"5\x00",
    b"\x0b5", b"9" * 30, b"18446744073709551621", b"5\r\nContent-Length: 5", b"5\r\nContent-Length: 6",
    b"0\r\nContent-Length: 5", b"\r\n 5", b"5\r\n\t6", b"5\r\nContent-Length:",
)  # fmt: skip

LENGTHS = (
    *[
        refused(f"content-length {value!r}", post(b"Content-Length: " + value, body=b"abcde") + B)
        for value in NO_LENGTHS
    ],
    Case("content-length before a blank", post(b"Content-Length: 5 ", body=b"abcde"), (ANY,), closed=None),
    refused("content-length with a blank", post(b"Content-Length : 5", body=b"abcde") + B),
    refused("content-length behind a blank", post(b" Content-Length: 5", body=b"abcde") + B),
    refused("content-length ended by a line feed", post(b"Content-Length: 5\nX: y", body=b"abcde") + B),
    refused("content-length ended by a carriage return", post(b"Content-Length: 5\rX: y", body=b"abcde") + B),
    refused("content-length beyond the body", post(b"Content-Length: 3", body=b"abcde") + B, 200, 400),
)

CASES = (*SOUND, *CHUNKS, *CODINGS, *LENGTHS)
