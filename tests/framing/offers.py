"""Requests that offer another protocol, and heads that HTTP forbids, each with the answers that it must have."""

from tests.framing.corpus import (
    ANY,
    END,
    NO_VERSION,
    OLD,
    SLOW,
    B,
    Case,
    chunk,
    chunked,
    last,
    post,
    refused,
    sized,
    taken,
)

GET = b"GET /a HTTP/1.1"
CLOSE = post(b"Connection: close", line=GET)
FOO = b"uPgRaDe: foo"
UP = b"Connection: upgrade"
SETTINGS = b"HTTP2-Settings: AAMA"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HANDSHAKE = (b"Upgrade: websocket", b"Sec-WebSocket-Key: eA==", b"Sec-WebSocket-Version: 13")

WITH_BODIES = (
    *[
        refused(f"{name.decode()} with a body", sized(OLD, UP, name + b": foo"))
        for name in (b"Upgrade", b"UPGRADE", b"uPgRaDe", b"upgrade")
    ],
    refused("connection behind the offer", sized(OLD, FOO, UP)),
    refused("length before the offer", post(b"Content-Length: 19", UP, FOO, body=OLD)),
    refused("length amid the offer", post(FOO, b"Content-Length: 19", UP, body=OLD)),
    refused("one of two options", sized(OLD, b"Connection: keep-alive, Upgrade", FOO)),
    refused("an option in a second line", sized(OLD, b"Connection: keep-alive", b"connection: UPGRADE", FOO)),
    refused("closing and offering", sized(OLD, b"Connection: close, upgrade", FOO)),
    refused("no option", sized(OLD, FOO)),
    refused("no name of a protocol", sized(OLD, UP, b"Upgrade:")),
    refused("an offer in chunks", chunked(chunk(OLD) + END, UP, FOO)),
    refused("an offer in chunks, coding first", post(b"Transfer-Encoding: chunked", FOO, UP, body=chunk(OLD) + END)),
    refused("an offer that expects to go on", sized(OLD, UP, FOO, b"Expect: 100-continue")),
    refused("an offer by get", sized(OLD, UP, FOO, line=GET)),
    refused("an offer in http/1.0", sized(OLD, UP, FOO, line=b"POST /a HTTP/1.0")),
    refused("a websocket with a body", sized(OLD, UP, *HANDSHAKE, line=GET)),
    refused("h2c with a body", sized(OLD, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", SETTINGS)),
    refused("an offer in a second request", post(line=GET) + sized(OLD, UP, FOO), 200, 400),
    refused("an offer behind a slow request", SLOW + sized(OLD, UP, FOO), 200, 400),
)

OFFERS = (
    last("a websocket", post(UP, *HANDSHAKE, line=GET)),
    last("a websocket, and more", post(UP, *HANDSHAKE, line=GET) + B),
    last("a websocket, and a frame", post(UP, *HANDSHAKE, line=GET) + b"\x81\x85\x00\x00\x00\x00GET /"),
    last("a websocket, oddly", post(b"CONNECTION: uPGRADE", b"uPGRADE: WebSocket", line=GET) + B),
    last(
        "h2c, and its preface",
        post(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", SETTINGS, line=GET) + PREFACE,
    ),
    last("an offer of nothing", sized(b"", UP, FOO) + B),
    last("an offer by head", post(UP, FOO, line=b"HEAD /a HTTP/1.1") + B),
    last("an offer of nothing known, slowly", post(UP, FOO, line=b"GET /slow HTTP/1.1") + B),
    last("an offer without the option", post(FOO, line=GET) + B),
    last("an offer behind another", post(line=GET) + post(UP, FOO, line=GET) + B, 200, 200),
    last("an offer behind a slow one", SLOW + post(UP, FOO, line=GET) + B, 200, 200),
    taken("the option without an offer", sized(b"abc", UP) + B, 200, 200),
    taken("another name", sized(b"abc", UP, b"X-Upgrade: foo", b"Upgrade-X: foo") + B, 200, 200),
    last("connect", post(line=b"CONNECT a:1 HTTP/1.1") + B, ANY),
    last("connect to a path", post(line=b"CONNECT /a HTTP/1.1") + B, ANY),
    last("connect with a body", sized(OLD, line=b"CONNECT a:1 HTTP/1.1"), ANY),
    last("connect with chunks", chunked(chunk(OLD) + END, line=b"CONNECT a:1 HTTP/1.1"), ANY),
    last("connect behind a slow one", SLOW + post(line=b"CONNECT a:1 HTTP/1.1") + B, 200, ANY),
    refused("the preface of http/2", PREFACE + B, NO_VERSION),
)

_NO_VERSIONS = (
    b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/1", b"HTTP/1.10", b"HTTP/01.1", b"http/1.1", b"HTTP/1,1",
    b"HTTP/-1.1", b"HTTP 1.1", b"",
)  # fmt: skip

VERSIONS = tuple(
    refused(f"version {version.decode()}", post(line=b"GET /a " + version) + B, NO_VERSION) for version in _NO_VERSIONS
)

PROTOCOLS = (
    *[
        refused(f"protocol {name.decode()}, by {method.decode()}", post(line=method + b" /a " + name) + B, NO_VERSION)
        for name in (b"RTSP/1.0", b"RTSP/1.1", b"RTSP/2.0", b"ICE/1.0", b"rtsp/1.0", b"HTTPS/1.1")
        for method in (b"GET", b"POST", b"OPTIONS", b"DESCRIBE", b"SOURCE")
    ],
    refused("rtsp for the whole server", b"OPTIONS * RTSP/1.0\r\n\r\n" + B, NO_VERSION),
    refused("rtsp without a field", b"GET /RTSP/ RTSP/1.0\r\n\r\n" + B),
    refused("rtsp, and its name in a field", post(b"X: RTSP/ RTSP/", line=b"GET /RTSP/1.1 RTSP/1.1") + B),
    refused("rtsp behind a sound one", sized(b"RTSP/", b"X: RTSP/") + post(line=b"GET /a RTSP/1.1") + B, 200, 400),
    refused("rtsp behind a slow one", SLOW + post(line=b"GET /a RTSP/1.1") + B, 200, 400),
    taken("the name of rtsp in a target", post(line=b"GET /RTSP/RTSP/?RTSP/ HTTP/1.1") + B, 200, 200),
    taken("the name of rtsp in a first field", b"GET /a HTTP/1.1\r\nX: /a RTSP/1.1\r\nHost: a\r\n\r\n" + B, 200, 200),
    taken("the name of rtsp in fields", sized(b"abc", b"X:RTSP/RTSP/", b"Y: RTSP/ ") + B, 200, 200),
    taken("the name of rtsp in a body", sized(b"RTSP/ RTSP/1.1\r\n") + B, 200, 200),
    taken("the name of rtsp around chunks", chunked(b"5;RTSP=RTSP\r\nRTSP/\r\n0\r\nX: RTSP/\r\n\r\n") + B, 200, 200),
)

NO_HOSTS = (
    b"", b" ", b"a b", b"a,b", b"a, b", b"u@a", b"u:p@a", b"http://a",
    b"a/", b"/a", b"a\\b", b"a?b", b"a#b", b":", b"a::",
    b"a:b", b"a:80:80", b"a:-1", b"a:+1", b"a:0", b"a:65536", b"a:123456", b":80", b"[::1", b"::1",
    b"[::1]80", b"[a]", b"[]",
    b"a\tb", b"\x01", b"a\x7f", b"\xff", b"\xc3\xa9", b"a%", b"a%zz", b'"a"', b"<a>", b"a|b", b"a^b", b"a`b", b"{a}",
    b"a" * 262,
)  # fmt: skip

HOSTS = (
    b"a.example:", b"[::1]:",
    b"a.example", b"a.example:443", b"A.Example.", b"a_b-c.example", b"127.0.0.1", b"127.0.0.1:65535", b"[::1]",
    b"[::1]:80", b"[fe80::1%25eth0]", b"xn--caf-dma.example", b"a%20b", b"localhost", b"a" * 255,
)  # fmt: skip


def addressed(*hosts: bytes, line: bytes = GET) -> bytes:
    """A request with these values of `Host`."""
    return b"\r\n".join([line, *[b"Host: " + host for host in hosts], b"", b""])


ADDRESSES = (
    *[refused(f"host {host!r}", addressed(host) + B) for host in NO_HOSTS],
    *[refused(f"host {host!r} of http/1.0", addressed(host, line=b"GET /a HTTP/1.0") + B) for host in (b"a b", b"u@a")],
    *[taken(f"host {host!r}", addressed(host) + B, 200, 200) for host in HOSTS],
    refused("two hosts of http/1.0", addressed(b"a", b"a", line=b"GET /a HTTP/1.0") + B),
    last("no host of http/1.0", addressed(line=b"GET /a HTTP/1.0") + B),
    taken("a host, and another in the target", addressed(b"a", line=b"GET http://b:80/a HTTP/1.1") + B, 200, 200),
    refused("no host, and one in the target", addressed(line=b"GET http://a/a HTTP/1.1") + B),
    refused("two hosts, and one in the target", addressed(b"a", b"a", line=b"GET http://a/a HTTP/1.1") + B),
    refused("no sound host, and one in the target", addressed(b"a b", line=b"GET http://a/a HTTP/1.1") + B),
    refused("a user in the target", addressed(b"a", line=b"GET http://u@a/a HTTP/1.1") + B),
    refused("no user in the target", addressed(b"a", line=b"GET http://@a/a HTTP/1.1") + B),
    refused("port 0 in the target", addressed(b"a", line=b"GET http://a:0/a HTTP/1.1") + B),
)

EXPECTATIONS = (
    *[
        refused(f"expecting {value!r}", sized(b"abc", b"Expect: " + value) + B, 417)
        for value in (b"nothing", b"100", b"100-continue, x", b"x, 100-continue", b"100-continue;q=1", b"200-ok")
    ],
    refused("expecting something in a second line", sized(b"abc", b"Expect: x", b"Expect: 100-continue") + B, 417),
    refused("an expectation in a second request", post(line=GET) + sized(b"abc", b"Expect: x") + B, 200, 417),
    taken("expecting in other letters", sized(b"abc", b"eXPECT: 100-CONTINUE") + B, 200, 200),
    taken("expecting twice", sized(b"abc", b"Expect: 100-continue,, 100-continue") + B, 200, 200),
    last("expecting of http/1.0", sized(b"abc", b"Expect: x", line=b"POST /a HTTP/1.0") + B),
)

NO_FIELDS = (
    b"X: y\nZ: a", b"X: y\rZ: a", b"X: y\r\n folded", b"X: y\r\n\tfolded", b"X: y\x00z", b"X\x00: y", b"No colon",
    b"X y: z", b": no name", b"X : y", b"X\t: y", b"X\xe9: y", b"X: y\x01", b"X(: y", b'"X": y', b"\rX: y", b"X: y\r",
    b"Host: b", b"hOsT: a", b"X\r\n: y",
)  # fmt: skip

NO_LINES = (
    b"GET /a", b"get /a HTTP/1.1", b"FOO /a HTTP/1.1", b"GET\t/a HTTP/1.1", b"GET /a\tHTTP/1.1", b"GET /a HTTP/1.1 ",
    b" GET /a HTTP/1.1", b"GET a HTTP/1.1", b"GET /a b HTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\xff HTTP/1.1",
    b"GET /a HTTP/1.1\n", b"GET /a HTTP/1.1\r", b"\x16\x03\x01\x02", b"\x00",
)  # fmt: skip

HEADS = (
    *[refused(f"field {field!r}", sized(b"abc", field) + B) for field in NO_FIELDS],
    *[refused(f"line {line!r}", post(line=line) + B) for line in NO_LINES],
    refused("no host", b"GET /a HTTP/1.1\r\nX: y\r\n\r\n" + B),
    refused("a first field behind a blank", b"GET /a HTTP/1.1\r\n Host: a\r\n\r\n" + B),
    refused("a first field behind a tab", b"GET /a HTTP/1.1\r\n\tHost: a\r\n\r\n" + B),
    refused("line feeds only", post(line=GET).replace(b"\r\n", b"\n") + B),
    refused("a line feed at the end", b"GET /a HTTP/1.1\r\nHost: a\r\n\n" + B),
    refused("two line feeds at the end", b"GET /a HTTP/1.1\r\nHost: a\n\n" + B),
    Case("odd blanks in the line", post(line=b"GET  /a  HTTP/1.1"), (ANY,), closed=None),
    Case("odd empty lines before", b"\n\r\r\n" + post(line=GET), (ANY,), closed=None),
)

PIPELINES = (
    taken("two", post(line=GET) + B, 200, 200),
    taken("three", sized(b"abc") + chunked(chunk(b"d") + END) + B, 200, 200, 200),
    taken("a slow one first", SLOW + B + sized(b"abc"), 200, 200, 200),
    taken("an unchanged one behind a slow one", SLOW + post(line=b"GET /same HTTP/1.1") + B, 200, 304, 200),
    taken("one that expects behind a slow one", SLOW + sized(b"abc", b"Expect: 100-continue") + B, 200, 200, 200),
    taken("one that is answered early", sized(b"abc", line=b"POST /early HTTP/1.1") + B, 200, 200),
    taken(
        "one that is answered early, in chunks", chunked(chunk(OLD) + END, line=b"PUT /early HTTP/1.1") + B, 200, 200
    ),
    taken("a head first", post(line=b"HEAD /a HTTP/1.1") + B, 200, 200),
    taken("slow ones only", SLOW * 3, 200, 200, 200),
    refused("sound, then malformed", sized(b"abc") + b"GET / HTTP/1.1\r\nbad\r\n\r\n" + B, 200, 400),
    refused("sound, then two hosts", sized(b"abc") + sized(b"EVIL!", b"Host: b") + B, 200, 400),
    refused("sound, then no coding", sized(b"abc") + post(b"Transfer-Encoding: gzip, chunked", body=END) + B, 200, 400),
    refused("slow, then malformed", SLOW + b"GET / HTTP/1.1\r\nbad\r\n\r\n" + B, 200, 400),
    refused("slow, then two hosts", SLOW + sized(b"EVIL!", b"Host: b") + B, 200, 400),
    refused("slow, then a bad chunk", SLOW + chunked(b"zz\r\n") + B, 200, 400),
    refused("slow, sound, then a bad chunk", SLOW + post(line=GET) + chunked(b"1\r\nxy\r\n") + B, 200, 200, 400),
    refused("sound, then blanks", post(line=GET) + b" " + B, 200, 400),
    refused("two hosts, then sound", post(b"Host: b", line=GET) + B),
    refused("malformed, then sound", post(b"bad", line=GET) + B),
    last("closing, then another", CLOSE + B),
    last("closing slowly, then another", post(b"Connection: close", line=b"GET /slow HTTP/1.1") + B),
    last("closing with a body, then another", sized(b"abc", b"Connection: x, cLoSe") + B),
    last("closing, then what is malformed", CLOSE + b"bad\r\n\r\n"),
    last("closing, then an offer", CLOSE + sized(OLD, UP, FOO)),
    last("closed by the application", post(line=b"GET /bye HTTP/1.1") + B),
    last("sound, then closing, then another", post(line=GET) + CLOSE + B, 200, 200),
)

CASES = (*WITH_BODIES, *OFFERS, *VERSIONS, *PROTOCOLS, *ADDRESSES, *EXPECTATIONS, *HEADS, *PIPELINES)
