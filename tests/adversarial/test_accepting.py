"""Clients that connect and say nothing, before TLS as after: they are counted, and their time is short."""

import resource
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tessera.web.server.accepting import REFUSED_AT_ONCE
from tests.support import raw
from tests.support.authority import Authority
from tests.support.operator import Operated, operated, until
from tests.support.raw import Wire

PATIENCE_SECONDS = 2.0
MAX = 10


def tls(folder: Path) -> tuple[dict[str, str], Callable[[int], ssl.SSLSocket]]:
    """Settings for TLS, and how a client that trusts its authority connects."""
    authority = Authority(folder)
    certificate, key = authority.issue("served")
    context = ssl.create_default_context(cafile=str(authority.file))

    def connected(port: int) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", port), timeout=60)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")

    return {"TESSERA_TLS_CERTIFICATE_FILE": str(certificate), "TESSERA_TLS_KEY_FILE": str(key)}, connected


def descriptors(served: Operated) -> int:
    """How many files and sockets the server has open."""
    return len(list(Path(f"/proc/{served.server.process.pid}/fd").iterdir()))


def test_a_handshake_has_as_long_as_a_request(tmp_path: Path) -> None:
    """A client that says nothing, or half of a handshake, is cut off when the time for a request is over."""
    settings, connected = tls(tmp_path)
    settings["TESSERA_REQUEST_TIMEOUT_SECONDS"] = str(PATIENCE_SECONDS)
    with operated(tmp_path / "data", **settings) as served, ExitStack() as stack:
        begun = time.monotonic()
        silent = stack.enter_context(Wire(served.server.port))
        half = stack.enter_context(Wire(served.server.port))
        half.send(b"\x16\x03\x01\x02\x00\x01\x00")
        for wire in (silent, half):
            assert wire.closed()
        assert time.monotonic() - begun > PATIENCE_SECONDS * 0.9
        with connected(served.server.port) as client:
            client.sendall(raw.request("GET", "/"))
            assert client.recv(4096).startswith(b"HTTP/1.1 404 ")


def readable(wires: list[Wire]) -> list[Wire]:
    """Those that have something to read, or are closed; which they are depends on how busy the machine is."""
    ready, _, _ = select.select([wire.socket for wire in wires], [], [], 0)
    return [wire for wire in wires if wire.socket in ready]


def test_handshakes_count_as_connections(tmp_path: Path) -> None:
    """Silent clients beyond the limit are not held; when the time of the others is over, there is room again."""
    settings, connected = tls(tmp_path)
    settings |= {"TESSERA_REQUEST_TIMEOUT_SECONDS": "12", "TESSERA_CONNECTIONS_MAX": str(MAX)}
    with operated(tmp_path / "data", **settings) as served, ExitStack() as stack:
        before, begun = descriptors(served), time.monotonic()
        silent = [stack.enter_context(Wire(served.server.port)) for _ in range(MAX + REFUSED_AT_ONCE + 100)]
        beyond = until(lambda: readable(silent), lambda wires: len(wires) >= 100)
        assert all(wire.closed() for wire in beyond)
        assert time.monotonic() - begun < 10, "they were held as long as the others"
        assert descriptors(served) - before <= MAX + REFUSED_AT_ONCE + 2
        until(lambda: descriptors(served), lambda number: number <= before + 2)
        with connected(served.server.port) as client:
            client.sendall(raw.request("GET", "/"))
            assert client.recv(4096).startswith(b"HTTP/1.1 404 ")


def test_no_file_descriptors_are_told_and_survived(tmp_path: Path) -> None:
    """The log says so once with what to do, who has a connection is served, and so are all when there is room again."""
    with operated(tmp_path / "data") as served, ExitStack() as stack:
        kept = stack.enter_context(Wire(served.server.port))
        kept.send(raw.request("GET", "/"))
        assert kept.answer() is not None
        room = descriptors(served) + 8
        resource.prlimit(served.server.process.pid, resource.RLIMIT_NOFILE, (room, room))
        crowd = [stack.enter_context(Wire(served.server.port)) for _ in range(50)]
        (told,) = until(lambda: served.events("connections_not_accepted"), bool)
        assert told["level"] == "error"
        assert "LimitNOFILE" in told["advice"]
        kept.send(raw.request("GET", "/"))
        assert kept.answer() is not None
        for wire in crowd[:-1]:
            wire.socket.close()
        crowd[-1].send(raw.request("GET", "/"))
        answer = crowd[-1].answer()
        assert answer is not None
        assert answer.status == 404
        assert len(served.events("connections_not_accepted")) == 1
