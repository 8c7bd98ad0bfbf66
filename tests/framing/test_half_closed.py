"""Clients that send no more and still read, as `nc -N` does: what is whole is answered, and the connection closed."""

import socket
from pathlib import Path

import pytest

from tests.framing.wire import Stand, run
from tests.support.server import running

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
LATE = GET.replace(b"/a", b"/slow")
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

CASES = {
    "nothing": (b"", ()),
    "an empty line": (b"\r\n", ()),
    "one": (GET, (200,)),
    "one that takes time": (LATE, (200,)),
    "several": (LATE + GET + LATE + GET, (200, 200, 200, 200)),
    "more than is parsed at once": (GET * 400, (200,) * 400),
    "one and a part": (GET + GET[:9], (200, 400)),
    "a part of a head": (GET[:-2], (400,)),
    "a part of a body": (POST + b"x", (400,)),
    "a part of a long body": (POST + b"x" * 19_999, (400,)),
    "chunks without their end": (CHUNKED + b"1\r\nx\r\n", (400,)),
    "chunks with their end": (CHUNKED + b"1\r\nx\r\n0\r\n\r\n", (200,)),
    "what is no request": (GET + b"nonsense\r\n\r\n", (200, 400)),
    "one that closes, and more": (GET.replace(b"Host", b"Connection: close\r\nHost") + GET, (200,)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reads", [True, False])
def test_what_is_whole_is_answered(name: str, reads: bool) -> None:
    """In order and once each; what is not whole is never run, and the connection is closed."""
    sent, expected = CASES[name]

    async def scene() -> None:
        stand = Stand()
        line = stand.connect(reads=reads)
        line.arrive(sent)
        line.end()
        await stand.settle()
        for _ in expected * (not reads):
            line.unread = 0
            line.protocol.resume_writing()
            await stand.settle()
        outcome = stand.outcome(line)
        assert (outcome.statuses, outcome.closed) == (expected, True)
        assert len(outcome.requests) == expected.count(200)

    run(scene)


def test_a_server_answers_whoever_sends_no_more(tmp_path: Path) -> None:
    """Over a real socket: the answers come, and then the end."""
    with running(tmp_path / "data") as server, socket.create_connection(("127.0.0.1", server.port), 10) as client:
        client.sendall(b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        client.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 404 ") == 3
