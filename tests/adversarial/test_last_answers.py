"""A last answer reaches its client, also one that is still sending: the connection is not reset before it is read."""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tessera.web.server import lingering
from tests.support import raw
from tests.support.authority import Authority
from tests.support.raw import Wire
from tests.support.server import Server, running

LONG = 10 * 2**20
FORM = b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
PATIENCE_SECONDS = 3.0


@pytest.fixture(scope="module", params=["http", "https"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server, over plain TCP and over TLS, and the file of the authority that its clients trust."""
    folder = tmp_path_factory.mktemp("last")
    authority = Authority(folder)
    settings = {"TESSERA_REQUEST_TIMEOUT_SECONDS": str(PATIENCE_SECONDS)}
    if request.param == "https":
        certificate, key = authority.issue("served")
        settings |= {"TESSERA_TLS_CERTIFICATE_FILE": str(certificate), "TESSERA_TLS_KEY_FILE": str(key)}
    with running(folder / "data", **settings) as server:
        yield server, authority.file


def connected(served: tuple[Server, Path]) -> Wire:
    """A connection to it."""
    server, authority = served
    wire = Wire(server.port)
    if server.url.startswith("https"):
        context = ssl.create_default_context(cafile=str(authority))
        wire.socket = context.wrap_socket(wire.socket, server_hostname="127.0.0.1")
    return wire


REFUSED = {
    "a head that is none": (b"POST /oauth/token HTTP/1.1\r\nbad\r\n\r\n", b"", 400),
    "two hosts": (b"POST /oauth/token HTTP/1.1\r\nHost: x\r\n" + FORM + b"Content-Length: 9\r\n\r\n", b"", 400),
    "an address that is none": (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", b"", 404),
    "a method that is none": (b"PUT /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", b"", 405),
    "a long body": (b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Content-Length: %d\r\n\r\n", b"", 413),
    "a long body in chunks": (
        b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n", 413,
    ),
    "a chunk that is none": (
        b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n", 400,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_client_that_sends_all_of_it_first_reads_the_answer(served: tuple[Server, Path], name: str) -> None:
    """Ten mebibytes are sent before anything is read; then the answer is there, whole, and the connection ends."""
    head, before, status = REFUSED[name]
    piece = before + b"a" * 65_536 + (b"\r\n" if before else b"")
    with connected(served) as wire:
        wire.send(head % LONG if b"%d" in head else head)
        for _ in range(LONG // 65_536):
            wire.send(piece)
        answer = wire.answer()
        assert answer is not None, "the connection was reset before the answer was read"
        assert answer.status == status
        assert answer.header("connection") == "close"
        assert wire.closed()


def is_gone(wire: Wire, data: bytes) -> bool:
    """Whether the server does not even throw away what is sent."""
    try:
        wire.send(data)
    except (ConnectionError, ssl.SSLError):
        return True
    return False


def test_what_is_thrown_away_is_bounded(served: tuple[Server, Path]) -> None:
    """A client that sends for ever is reset after some mebibytes, and one that drips when its time is over."""
    sent = 0
    with connected(served) as wire:
        wire.send(b"bad\r\n\r\n")
        while sent < 8 * lingering.BYTES_MAX and not is_gone(wire, b"a" * 65_536):
            sent += 65_536
    assert sent < 2 * lingering.BYTES_MAX
    with connected(served) as wire:
        wire.send(b"bad\r\n\r\n")
        begun = time.monotonic()
        while not is_gone(wire, b"a"):
            assert time.monotonic() < begun + 5 * PATIENCE_SECONDS, "it is lingered for without end"
            time.sleep(0.05)


def test_a_connection_that_ends_counts_until_it_has(tmp_path: Path) -> None:
    """Clients that are lingered for count as connections, so that nobody has more of them by being refused."""
    with running(tmp_path / "data", TESSERA_CONNECTIONS_MAX="2") as server:
        with Wire(server.port) as one, Wire(server.port) as other:
            for wire in (one, other):
                wire.send(b"bad\r\n\r\n")
                refused = wire.answer()
                assert refused is not None
                assert refused.status == 400
            with Wire(server.port) as third:
                third.send(raw.request("GET", "/"))
                answer = third.answer()
                assert answer is not None
                assert answer.status == 503
        deadline = time.monotonic() + 5
        while raw.ask(server.port, "GET", "/").status != 404:
            assert time.monotonic() < deadline, "a client that has gone is lingered for"
            time.sleep(0.05)


def test_half_of_the_connection_is_closed_at_once(tmp_path: Path) -> None:
    """A client that reads to the end is not kept waiting by the bytes that it may still send."""
    with running(tmp_path / "data") as server, Wire(server.port, timeout=lingering.QUIET_SECONDS / 2) as wire:
        wire.send(b"bad\r\n\r\n")
        assert wire.answer() is not None
        assert wire.closed()
        wire.send(b"more")
        wire.socket.shutdown(socket.SHUT_WR)


EXPECT = b"Expect: 100-continue\r\n"
EXPECTING = {
    "an address that is none": (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n", 404),
    "a method that is none": (b"PUT /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n", 405),
    "no host": (b"POST /oauth/token HTTP/1.1\r\nContent-Length: 5\r\n", 400),
    "a long body": (b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Content-Length: 10000000\r\n", 413),
    "a compressed body": (
        b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Content-Encoding: gzip\r\nContent-Length: 50\r\n", 415,
    ),
    "a compressed body in chunks": (
        b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n", 415,
    ),
    "an offer with a body": (
        b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Upgrade: h2c\r\nContent-Length: 50\r\n", 400,
    ),
    "no credentials": (
        b"POST /api/1.0/user_tiers/tier_status HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n", 401,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTING)
def test_what_the_head_decides_is_answered_at_once(served: tuple[Server, Path], name: str) -> None:
    """A client that asks for leave to send a body that nobody wants gets the answer, and no `100 Continue` before."""
    head, status = EXPECTING[name]
    with connected(served) as wire:
        wire.send(head + EXPECT + b"\r\n")
        answer = wire.answer()
        assert answer is not None
        assert answer.status == status
        assert wire.closed()


@pytest.mark.parametrize("whole", [True, False])
def test_leave_is_given_where_the_body_is_wanted(served: tuple[Server, Path], whole: bool) -> None:
    """One `100 Continue`, then the answer, and the connection goes on; none for a client that did not wait."""
    body = b"grant_type=client_credentials&client_id=a&client_secret=b"
    head = b"POST /oauth/token HTTP/1.1\r\n" + FORM + EXPECT + b"Content-Length: %d\r\n\r\n" % len(body)
    with connected(served) as wire:
        for _ in range(2):
            wire.send(head + body if whole else head)
            answer = wire.answer()
            assert answer is not None
            if not whole:
                assert answer.status == 100
                wire.send(body)
                answer = wire.answer()
                assert answer is not None
            assert answer.status == 401
            assert json.loads(answer.body)["error"] == "invalid_client"


@pytest.mark.parametrize("expected", [b"nothing", b"100-continue, more"])
def test_another_expectation_is_refused(served: tuple[Server, Path], expected: bytes) -> None:
    """What nobody can fulfil is 417 (RFC 9110 section 10.1.1)."""
    with connected(served) as wire:
        wire.send(b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Expect: " + expected + b"\r\nContent-Length: 5\r\n\r\n")
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 417
        assert b"Expect can be 100-continue" in answer.body
        assert wire.closed()
