"""Every request of the corpus, cut in pieces and sent over a real socket, has the answers that it has whole."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import Sequence

from tests.framing import corpus, offers
from tests.framing.application import Recorder, connections
from tests.framing.wire import Outcome, lasting, play, run

CASES = (*corpus.CASES, *offers.CASES)
TOGETHER = 200
PAIRS = 3
"""At how many random pairs of places each request is cut in three."""

PING = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
RESET = struct.pack("ii", 1, 0)


class Caller:
    """A client's connection that never waits: what it read so far, and whether the server has closed it."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)  # thousands would use up all ports
        self.port = 0
        self.read = b""
        self.closed = False

    async def connect(self, address: tuple[str, int]) -> "Caller":
        """Connect to a server."""
        await asyncio.get_running_loop().sock_connect(self.socket, address)
        self.port = self.socket.getsockname()[1]
        return self

    def send(self, piece: bytes) -> None:
        """Send a piece, unless the server has gone."""
        with contextlib.suppress(ConnectionError):
            self.socket.send(piece)

    def drain(self) -> int:
        """Read what there is; how much has been read so far, and one more when the connection is closed."""
        try:
            while data := self.socket.recv(65536):
                self.read += data
            self.closed = True
        except BlockingIOError:
            pass
        except ConnectionError:
            self.closed = True
        return len(self.read) + self.closed


class Door:
    """A listening server, and a connection by which one knows how far it has come.

    The event loop takes what arrived in the order of its arrival. When a request that was sent after the pieces of
    others is answered, those pieces have been read.
    """

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._connect = connections(self.recorder, asyncio.get_running_loop())
        self._accepted = asyncio.Semaphore(0)
        self._pinger = Caller()

    def accept(self) -> asyncio.Protocol:
        """A protocol for a new connection."""
        self._accepted.release()
        return self._connect()

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(self.accept, "127.0.0.1", 0, backlog=2 * TOGETHER)
        self._address = self._server.sockets[0].getsockname()
        await self._pinger.connect(self._address)
        await self._accepted.acquire()

    def close(self) -> None:
        """Listen no more."""
        self._pinger.socket.close()
        self._server.close()

    async def reach(self) -> None:
        """Wait until the server has read what was sent."""
        self._pinger.read = b""
        self._pinger.send(PING)
        while not self._pinger.read.endswith(b"GET /ping 0 "):
            await asyncio.sleep(0)
            self._pinger.drain()
            assert not self._pinger.closed

    async def play(self, scripts: Sequence[Sequence[bytes]]) -> list[Outcome]:
        """Send each script's pieces on a connection of its own, one after the other; the outcomes, in order."""
        callers = await asyncio.gather(*[Caller().connect(self._address) for _ in scripts])
        for _ in callers:
            await self._accepted.acquire()
        for index in range(max(len(pieces) for pieces in scripts)):
            for caller, pieces in zip(callers, scripts, strict=True):
                if index < len(pieces):
                    caller.send(pieces[index])
            await self._settle(callers)
        outcomes = []
        for caller in callers:
            caller.socket.close()
            requests = tuple(self.recorder.received.pop(caller.port, ()))
            outcomes.append(Outcome(lasting(caller.read), requests, caller.closed))
        await self.reach()
        return outcomes

    async def _settle(self, callers: Sequence[Caller]) -> None:
        quiet, before = 0, -1
        while quiet < 2:
            await self.reach()
            now = sum([caller.drain() for caller in callers])
            quiet, before = (quiet + 1 if now == before else 0), now


def over_sockets(scripts: Sequence[Sequence[bytes]]) -> list[Outcome]:
    """Play these scripts against a server that listens."""

    async def scene() -> list[Outcome]:
        door = Door()
        await door.open()
        outcomes = []
        for first in range(0, len(scripts), TOGETHER):
            outcomes += await door.play(scripts[first : first + TOGETHER])
        door.close()
        return outcomes

    outcomes: list[Outcome] = run(scene)
    return outcomes


def assert_same(scripts: list[Sequence[bytes]]) -> None:
    """What each script comes to over a socket is what its request comes to in one piece."""
    whole = dict(zip([case.sent for case in CASES], play([[case.sent] for case in CASES]), strict=True))
    wrong = [
        f"{pieces} came to {outcome}, not to {whole[b''.join(pieces)]}"
        for pieces, outcome in zip(scripts, over_sockets(scripts), strict=True)
        if outcome != whole[b"".join(pieces)]
    ]
    assert not wrong, f"{len(wrong)} of {len(scripts)}: {wrong[0]}"


def test_whole() -> None:
    """In one piece, over a socket as in memory."""
    assert_same([[case.sent] for case in CASES])


def test_in_two_pieces() -> None:
    """Cut in two at every byte."""
    assert_same([[case.sent[:place], case.sent[place:]] for case in CASES for place in case.places])


def test_in_three_pieces() -> None:
    """Cut in three at random places, the same ones every time."""
    scripts: list[Sequence[bytes]] = []
    chance = random.Random(1)
    for sent in [case.sent for case in CASES for _ in range(PAIRS)]:
        one, other = sorted(chance.sample(range(1, len(sent)), 2))
        scripts.append([sent[:one], sent[one:other], sent[other:]])
    assert_same(scripts)
