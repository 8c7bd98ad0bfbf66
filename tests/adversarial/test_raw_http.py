"""Bytes that are hardly HTTP: what could be read in two ways is refused and the connection closed."""

import gzip
import json

import pytest

from tessera.web.server import lingering
from tests.support import raw
from tests.support.raw import Wire
from tests.support.target import Target

HEAD = b"POST /oauth/token HTTP/1.1\r\nHost: tessera.test\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def form(target: Target) -> bytes:
    """The body of a good request."""
    values = target.values
    credentials = f"client_id={values['client_id']}&client_secret={values['client_secret']}"
    return f"grant_type=client_credentials&{credentials}".encode()


def length(body: bytes) -> bytes:
    """The header that tells a body's length."""
    return b"Content-Length: %d\r\n" % len(body)


def chunks(body: bytes) -> bytes:
    """A body in one chunk."""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def assert_refused_and_closed(target: Target, data: bytes, statuses: tuple[int, ...] = (400,)) -> None:
    """One refusal, nothing behind it, and the connection closed."""
    with Wire(target.port) as wire:
        wire.send(data)
        answer = wire.answered()
        assert answer.status in statuses, answer
        assert answer.header("connection") == "close"
        assert wire.answer() is None, "what was sent behind it was answered too"


def assert_token(target: Target, data: bytes) -> None:
    """A token comes back, and then the answer to the next request, with nothing in between."""
    with Wire(target.port) as wire:
        wire.send(data)
        answer = wire.answered()
        assert answer.status == 200, answer
        assert json.loads(answer.body)["token_type"] == "bearer"
        assert_next(wire)


def assert_next(wire: Wire) -> None:
    """The next thing that the connection says answers the next request."""
    wire.send(raw.request("GET", "/nothing"))
    answer = wire.answered()
    assert answer.status == 404, answer


def test_a_chunked_body_is_accepted(target: Target) -> None:
    """In one chunk, in many small ones, with an extension, and with the name of the coding in any case."""
    body = form(target)
    many = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    extended = chunks(body).replace(b"\r\n", b";name=value\r\n", 1)
    for coding, sent in ((b"chunked", chunks(body)), (b"Chunked", many), (b"chunked", extended)):
        assert_token(target, HEAD + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + sent)


@pytest.mark.parametrize("first", ["length", "coding"])
def test_content_length_beside_transfer_encoding_is_refused(target: Target, first: str) -> None:
    """Whichever stands first: the end of the body would be a matter of opinion."""
    body = form(target)
    both = [length(chunks(body)), b"Transfer-Encoding: chunked\r\n"]
    fields = b"".join(both if first == "length" else reversed(both))
    assert_refused_and_closed(target, HEAD + fields + b"\r\n" + chunks(body) + HEAD + length(body) + b"\r\n" + body)


@pytest.mark.parametrize(
    "field",
    [
        b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: xchunked", b"Transfer-Encoding: identity",
        b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked\x00",
        b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding : chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", b" Transfer-Encoding: chunked",
        b"Transfer-Encoding:\r\n chunked", b"Content-Length: 5\r\nTransfer\tEncoding: chunked",
    ],
)  # fmt: skip
def test_an_odd_transfer_encoding_is_refused(target: Target, field: bytes) -> None:
    """Anything but plain `chunked` at the end of the list."""
    assert_refused_and_closed(target, HEAD + field + b"\r\n\r\n" + chunks(form(target)))


@pytest.mark.parametrize(
    "value",
    [
        b"+5",
        b"5 5",
        b"0x5",
        b"-1",
        b"5, 5",
        b"",
        b"9" * 30,
        b"1e2",
        b"5\r\nContent-Length: 6",
        b"5\r\nContent-Length: 5",
    ],
)
def test_an_odd_content_length_is_refused(target: Target, value: bytes) -> None:
    """Anything but one number, sent once."""
    assert_refused_and_closed(target, HEAD + b"Content-Length: " + value + b"\r\n\r\n" + form(target))


@pytest.mark.parametrize(
    "field",
    [
        b"X: y\nZ: a\r\n", b"X: y\rZ: a\r\n", b"X: y\r\n folded\r\n", b"X: y\r\n\tfolded\r\n", b"X: y\x00z\r\n",
        b"X\x00: y\r\n", b"No colon\r\n", b"X y: z\r\n", b": no name\r\n", b"X\xe9: y\r\n", b"X: y\x01\r\n",
        b"X(: y\r\n",
    ],
)  # fmt: skip
def test_a_malformed_header_is_refused(target: Target, field: bytes) -> None:
    """Bare line feeds and carriage returns, folding, NUL and other control characters, names that are none."""
    body = form(target)
    assert_refused_and_closed(target, HEAD + field + length(body) + b"\r\n" + body)


def test_bare_line_feeds_do_not_end_lines(target: Target) -> None:
    """Neither in the head as a whole, nor at its end, nor between chunks."""
    body = form(target)
    whole = HEAD + length(body) + b"\r\n"
    assert_refused_and_closed(target, whole.replace(b"\r\n", b"\n") + body)
    assert_refused_and_closed(target, whole[:-4] + b"\n\n" + body)
    assert_refused_and_closed(
        target, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(body).replace(b"\r\n", b"\n")
    )


@pytest.mark.parametrize("size", [b"zz", b"-5", b"ffffffffffffffff1", b"0x5", b"5 5", b"", b"+1"])
def test_an_odd_chunk_size_is_refused(target: Target, size: bytes) -> None:
    """Anything but hexadecimal digits within 64 bits."""
    assert_refused_and_closed(target, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\nabcde\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b"PRI * HTTP/2.0", b"POST /oauth/token HTTP/3.7", b"POST /oauth/token", b"POST /a b HTTP/1.1",
        b"CONNECT a.b:443 HTTP/1.1", b"OPTIONS * RTSP/1.0", b"GET / RTSP/1.1", b"GET / HTTP/2.0", b"GET / HTTP/0.9",
        b"POST /\xc3\xa9 HTTP/1.1", b"POST /a\x00b HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100,
        b"POST http://evil.example:99999/oauth/token HTTP/1.1", b"po\xffst / HTTP/1.1",
    ],
)  # fmt: skip
def test_a_request_line_that_is_none_is_refused(target: Target, line: bytes) -> None:
    """Other protocols, other versions, targets with blanks, NUL or bytes beyond ASCII."""
    assert_refused_and_closed(target, line + b"\r\nHost: x\r\nContent-Length: 0\r\n\r\n", (400, 505))


def test_a_huge_header_is_refused(target: Target) -> None:
    """One of a mebibyte is cut off early with 431."""
    assert_refused_and_closed(target, HEAD + b"X: " + b"a" * 2**20 + b"\r\n\r\n", (431,))


def test_a_flood_of_headers_is_refused(target: Target) -> None:
    """Ten thousand of them, and the first one too many, get 431."""
    flood = b"".join(b"X%d: y\r\n" % index for index in range(10_000))
    assert_refused_and_closed(target, HEAD + flood + b"\r\n", (431,))
    body = form(target)
    few = b"".join(b"X%d: y\r\n" % index for index in range(97))
    assert_token(target, HEAD + few + length(body) + b"\r\n" + body)
    assert_refused_and_closed(target, HEAD + few + b"Y: y\r\n" + length(body) + b"\r\n" + body, (431,))


def test_a_huge_address_is_refused(target: Target) -> None:
    """One of 64 KiB gets 431 or 414."""
    assert_refused_and_closed(
        target, b"POST /oauth/token?" + b"a" * 65_536 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (414, 431)
    )


def test_fields_behind_a_chunked_body_are_no_headers(target: Target) -> None:
    """Trailers neither authenticate nor count as a second header of their name (RFC 9110 section 6.5.1)."""
    values = target.values
    name, value = raw.basic(values["client_id"], values["client_secret"])
    trailer = f"{name}: {value}\r\n".encode()
    grant = b"grant_type=client_credentials"
    head = HEAD + b"Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n"
    with Wire(target.port) as wire:
        wire.send(head + b"\r\n" + chunks(grant)[:-2] + trailer + b"\r\n")
        answer = wire.answered()
        assert answer.status == 401, answer
    assert_token(target, head + trailer + b"\r\n" + chunks(grant)[:-2] + trailer + b"\r\n")


@pytest.mark.parametrize("what", ["trailers", "one trailer", "a chunk extension"])
def test_a_flood_around_chunks_is_refused(target: Target, what: str) -> None:
    """What stands between and behind chunks has the limit of a head."""
    flood = {
        "trailers": b"0\r\n" + b"".join(b"X%d: y\r\n" % index for index in range(100_000)),
        "one trailer": b"0\r\nX: " + b"y" * 2**20,
        "a chunk extension": b"5;" + b"a" * 2**20,
    }[what]
    assert_refused_and_closed(target, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + flood, (431,))


def test_pipelined_requests_are_answered_in_order(target: Target) -> None:
    """Fifty requests in one packet, of three kinds, get their answers in the order of the requests."""
    body = form(target)
    token = HEAD + length(body) + b"\r\n" + body
    unknown = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    method = b"GET /oauth/token HTTP/1.1\r\nHost: x\r\n\r\n"
    with Wire(target.port) as wire:
        wire.send((token + unknown + method + token + unknown) * 10)
        statuses = [answer.status for answer in (wire.answer() for _ in range(50)) if answer is not None]
    assert statuses == [200, 404, 405, 200, 404] * 10


def test_a_request_behind_a_refused_one_is_not_answered(target: Target) -> None:
    """After a request that could not be read, nothing on the connection is believed."""
    body = form(target)
    good = HEAD + length(body) + b"\r\n" + body
    assert_refused_and_closed(target, b"GET / HTTP/1.1\r\nBad header\r\n\r\n" + good)


def test_a_gigabyte_in_chunks_is_cut_off(target: Target) -> None:
    """413 and the end of the connection, after little of the gigabyte was taken, and hardly any of it kept."""
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    sent = 0
    with Wire(target.port) as wire:
        wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 2**30:
                wire.send(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < lingering.BYTES_MAX + 16 * 2**20, "the system's buffers hold some more"
    assert_one_413(target, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)


def assert_one_413(target: Target, data: bytes) -> None:
    """The answer to a body over the limit: a refusal in OAuth's form, and the connection closed."""
    with Wire(target.port) as wire:
        wire.send(data)
        answer = wire.answered()
        assert answer.status == 413
        assert json.loads(answer.body)["error"] == "invalid_request"
        assert wire.closed()


def test_a_length_over_the_limit_is_refused_without_waiting_for_it(target: Target) -> None:
    """The limit is reached by what arrives; a client that promises a gigabyte is not waited for."""
    assert_one_413(target, HEAD + b"Content-Length: 1073741824\r\n\r\n" + b"a" * 20_000)


def test_what_follows_a_body_is_no_request(target: Target) -> None:
    """The request is answered; what stands behind its length is not, and ends the connection."""
    body = form(target)
    with Wire(target.port) as wire:
        wire.send(HEAD + length(body) + b"\r\n" + body + b"leftover\r\n\r\n" + HEAD + length(body) + b"\r\n" + body)
        statuses = [answer.status for answer in (wire.answer(), wire.answer()) if answer is not None]
        assert statuses in ([200], [200, 400])
        assert wire.closed()


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip"])
def test_a_compressed_body_is_not_unpacked(target: Target, coding: str) -> None:
    """A gzip bomb is refused as it is, at the token endpoint and on the platform; what is accepted is said."""
    bomb = gzip.compress(b"\x00" * 10 * 2**20)
    zipped = ("Content-Encoding", coding)
    sent = [zipped, ("Content-Type", "application/json"), raw.bearer(target.token())]
    for path, body, headers, code in (
        ("/oauth/token", bomb[:9000], [raw.FORM, zipped], "invalid_request"),
        ("/oauth/token", gzip.compress(form(target)), [raw.FORM, zipped], "invalid_request"),
        ("/oauth/introspect", bomb[:9000], [raw.FORM, zipped], "invalid_request"),
        ("/api/1.0/user_tiers/tier_status", bomb, sent, "argument_error"),
    ):
        answer = raw.ask(target.port, "POST", path, body, headers)
        assert (answer.status, answer.header("accept-encoding")) == (415, "identity")
        assert code in answer.body.decode()
        assert "only identity is accepted" in answer.body.decode()


@pytest.mark.parametrize("coding", ["identity", "utf-8", ""])
def test_an_encoding_that_changes_nothing_is_passed_over(target: Target, coding: str) -> None:
    """Clients that send such a header in error keep their tokens."""
    assert (
        raw.ask(target.port, "POST", "/oauth/token", form(target), [raw.FORM, ("Content-Encoding", coding)]).status
        == 200
    )


def test_a_multipart_body_is_named(target: Target) -> None:
    """At the token endpoint and on the platform, with what to send in its place."""
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    kind = ("Content-Type", "multipart/form-data; boundary=x")
    for path, headers, said in (
        ("/oauth/token", [kind], b"Send the body as application/x-www-form-urlencoded"),
        ("/api/1.0/user_tiers/tier_status", [kind, raw.bearer(target.token())], b"Send it as JSON"),
    ):
        answer = raw.ask(target.port, "POST", path, body, headers)
        assert answer.status == 400
        assert b"The body is multipart/form-data. " + said in answer.body


@pytest.mark.parametrize("protocol", [b"", b'\xff\xfe, ,,"', b"chat" * 1000, b"\x80", b"a, a, a"])
@pytest.mark.parametrize("kind", [b"websocket", b"h2c", b"nonsense"])
def test_an_upgrade_is_not_followed(target: Target, protocol: bytes, kind: bytes) -> None:
    """A WebSocket handshake with an odd subprotocol, and other upgrades, get an HTTP answer below 500."""
    fields = b"Connection: Upgrade\r\nUpgrade: " + kind + b"\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " + protocol + b"\r\n"
    with Wire(target.port) as wire:
        wire.send(b"GET /oauth/token HTTP/1.1\r\nHost: x\r\n" + fields + key + b"\r\n")
        answer = wire.answered()
        assert answer.status == 405
    assert target.token()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_an_older_version_is_answered_and_closed(target: Target, version: bytes) -> None:
    """HTTP/1.0 gets its token, and the connection ends unless it is HTTP/1.1."""
    body = form(target)
    with Wire(target.port) as wire:
        wire.send(HEAD.replace(b"1.1", version) + length(body) + b"\r\n" + body)
        answer = wire.answered()
        assert answer.status == 200
        if version == b"1.0":
            assert wire.closed()
        else:
            assert_next(wire)
