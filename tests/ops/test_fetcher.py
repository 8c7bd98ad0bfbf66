"""Key sets are fetched over TLS within limits, and never from an address that is not the world's."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tessera.core.clients import key_sets
from tessera.core.outbound import Rules
from tessera.ops.fetcher import FETCH_SECONDS, HTTPSFetcher
from tessera.ops.outbound import Outbound
from tessera.ports import NotFetched
from tests.support.key_server import KeyServer, serving
from tests.support.settings import HERE


@pytest.fixture
def key_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    """A server whose authority this machine trusts."""
    with serving() as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.trust))
        yield server


def fetch(
    address: str, *, allowed: tuple[str, ...] = HERE, bytes_max: int = 1000, seconds: float = FETCH_SECONDS
) -> bytes:
    """What is got from an address, where these networks are allowed."""
    return asyncio.run(HTTPSFetcher(Outbound(Rules(allowed)), seconds).fetch(address, bytes_max))


def refused(
    address: str, *, allowed: tuple[str, ...] = HERE, bytes_max: int = 1000, seconds: float = FETCH_SECONDS
) -> str:
    """Why nothing is got from an address."""
    with pytest.raises(NotFetched) as caught:
        fetch(address, allowed=allowed, bytes_max=bytes_max, seconds=seconds)
    return str(caught.value)


def test_a_document_is_got_over_tls(key_server: KeyServer) -> None:
    """The host's name is asked for, and the certificate checked for it, though an address is connected to."""
    key_server.body = b"x" * 1000

    assert fetch(key_server.url()) == key_server.body
    assert key_server.asked == [(f"localhost:{key_server.port}", "/jwks.json")]


def test_this_machine_is_not_asked(key_server: KeyServer) -> None:
    """Without the setting nothing is sent to the loopback, by whatever name or spelling."""
    for host in (
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ):
        assert ", which is" in refused(key_server.url(host), allowed=())
    assert key_server.asked == []


def test_a_certificate_for_another_name_is_not_taken(key_server: KeyServer) -> None:
    """The server at the address has to be the one that the name says."""
    assert "CERTIFICATE_VERIFY_FAILED" in refused(key_server.url("127.0.0.1"))
    assert key_server.asked == []


def test_an_authority_that_is_not_trusted_is_not_taken() -> None:
    """A certificate that nobody trusts proves no name."""
    with serving() as server:
        assert "CERTIFICATE_VERIFY_FAILED" in refused(server.url())
        assert server.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 204, 404, 500])
def test_only_a_plain_answer_counts(key_server: KeyServer, status: int) -> None:
    """A redirect is not followed, wherever it goes; an error is no document."""
    key_server.status, key_server.headers = status, [("location", key_server.url())]

    assert str(status) in refused(key_server.url())
    assert len(key_server.asked) == 1


def test_a_long_document_is_cut_off(key_server: KeyServer) -> None:
    """One byte too many is too many, and an endless document is not read to its end."""
    key_server.body = b"x" * 1001
    assert "longer" in refused(key_server.url())

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 4096)
        except OSError:
            return

    key_server.answer = endless
    assert "longer" in refused(key_server.url())


def test_a_compressed_document_is_not_unpacked(key_server: KeyServer) -> None:
    """What a small document could grow to is never seen: it is taken as it came."""
    key_server.body, key_server.headers = b"packed", [("content-encoding", "gzip")]

    assert fetch(key_server.url()) == b"packed"


def test_a_slow_server_is_not_waited_for(key_server: KeyServer) -> None:
    """The time is for the whole of it: a server that sends a byte now and then does not prolong it."""
    done = threading.Event()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not done.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            return

    key_server.answer = slowly
    begun = time.monotonic()
    assert "0.5 seconds" in refused(key_server.url(), bytes_max=10**9, seconds=0.5)
    assert time.monotonic() - begun < 30
    done.set()


def test_nobody_listening_is_no_defect() -> None:
    """A refused connection and a name that does not exist are told as what they are."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert refused(f"https://127.0.0.1:{taken.getsockname()[1]}/")
    assert refused("https://nobody.invalid/")


@pytest.mark.parametrize(
    "address",
    [
        "", "http://keys.example/", "https://", "https:///x", "file:///etc/passwd", "https://user@keys.example/",
        "https://user:password@keys.example/", "https://keys.example/#x", "https://keys.example:x/",
        "https://keys.example:99999/", "https://keys.example:0/", "https://keys.example\\@evil.example/",
        "https://keys example/", "https://keys.example/\r\nx", "https://é.example/", "ftp://keys.example/",
        "https://keys.example/" + "x" * 1024,
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    """Only a plain https address is one at which a key set may stand, also when it was stored by somebody else."""
    with pytest.raises(ValueError, match="address"):
        key_sets.check_address(address)
    assert refused(address)
