"""Every connection has its turn: clients that send much at once, and read nothing, keep nobody else waiting."""

import asyncio
import socket

import pytest

from tests.framing.application import LARGE, Recorder, connections
from tests.framing.corpus import post
from tests.framing.wire import Line, Stand, run

CONNECTIONS = 200
PIPELINED = 250
AHEAD_MAX = 4
"""Answers made for a client that reads none."""

BEFORE_MAX = 32
"""Answers made for others between a request's arrival and its answer, beside the first of each connection."""

LARGE_ANSWER = post(line=b"GET /large HTTP/1.1")
SMALL_ANSWER = post(line=b"GET /a HTTP/1.1")
TOKEN = post(line=b"POST /token HTTP/1.1")


@pytest.mark.parametrize("pipelined", [PIPELINED, 8 * PIPELINED])
@pytest.mark.parametrize("request_", [LARGE_ANSWER, SMALL_ANSWER], ids=["large", "small"])
def test_answers_are_not_made_ahead(pipelined: int, request_: bytes) -> None:
    """However many requests a client pipelines, few are answered while it reads no answer."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect(reads=False)
        line.arrive(request_ * pipelined)
        await stand.settle()
        assert 1 <= stand.recorder.answers <= AHEAD_MAX
        await stand.leave()

    run(scene)


def test_answers_are_not_made_ahead_over_a_socket() -> None:
    """Of a real socket, too, the system's buffers are not filled for a client that does not read."""

    async def scene() -> int:
        loop = asyncio.get_running_loop()
        recorder = Recorder()
        server = await loop.create_server(connections(recorder, loop), "127.0.0.1", 0)
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, server.sockets[0].getsockname())
        await loop.sock_sendall(client, LARGE_ANSWER * PIPELINED)
        before, quiet = -1, 0
        while quiet < 100:
            await asyncio.sleep(0.001)
            quiet, before = (quiet + 1 if recorder.answers == before else 0), recorder.answers
        client.close()
        server.close()
        return recorder.answers

    assert 1 <= run(scene) <= AHEAD_MAX


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 5, 8, 13, 21])
@pytest.mark.parametrize("reads", [True, False], ids=["reading", "not reading"])
def test_a_token_request_waits_for_few_others(reads: bool, rounds: int) -> None:
    """Amid hundreds of connections with hundreds of requests each, another's request is answered after a few of them.

    Each connection may have its first answer before, for its first request was here before.
    """

    async def scene() -> None:
        stand = Stand()
        flood = [stand.connect(reads=reads) for _ in range(CONNECTIONS)]
        caller = stand.connect()
        for line in flood:
            line.arrive(LARGE_ANSWER * PIPELINED)
        for _ in range(rounds):
            await asyncio.sleep(0)
        first = sum(not stand.recorder.received.get(line.port) for line in flood)
        before = stand.recorder.answers
        caller.arrive(TOKEN)
        while not caller.written:
            await asyncio.sleep(0)
            assert stand.recorder.answers - before < CONNECTIONS * PIPELINED
        between = stand.recorder.answers - before
        assert between <= first + BEFORE_MAX, f"{between} answers were made before, {first} of them first ones"
        assert_each_alike(stand, flood)
        await stand.leave()

    run(scene)


def assert_each_alike(stand: Stand, flood: list[Line]) -> None:
    """No connection has had many more answers than another."""
    answers = [len(stand.recorder.received.get(line.port, ())) for line in flood]
    assert max(answers) - min(answers) <= 2, "some connections had more turns than others"


def test_requests_that_cannot_be_answered_yet_are_not_taken_in() -> None:
    """While a request is being answered, reading pauses: what a client sends behind it fills no memory."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        line.arrive(post(line=b"GET /held HTTP/1.1"))
        await stand.settle()
        for _ in range(1000):
            line.arrive(SMALL_ANSWER * 1000)
            await asyncio.sleep(0)
        assert line.taken <= 4 * len(SMALL_ANSWER) * 1000
        stand.recorder.released.set()
        await stand.leave()

    run(scene)


def test_all_are_answered_in_the_end() -> None:
    """A client that reads has an answer for each of very many pipelined requests."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        line.arrive(SMALL_ANSWER * PIPELINED)
        await stand.settle()
        assert stand.outcome(line).statuses == (200,) * PIPELINED
        assert len(LARGE) > 64 * 1024

    run(scene)
