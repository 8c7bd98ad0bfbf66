"""Connections in memory: bytes handed to the server's protocol in pieces, and what it wrote back."""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import uvloop

from tests.framing.application import Received, Recorder, connections

HIGH_WATER_BYTES = 64 * 1024
"""As much as asyncio's transports hold before they ask for a pause, unless they are told another limit."""

QUIET_ROUNDS = 8
"""Rounds of the event loop without a byte or a request, after which nothing more is expected to happen."""

TOGETHER = 500

_VARYING = re.compile(rb"(?:date|x-request-id): [^\r]*\r\n", re.IGNORECASE)
_INTERIM = re.compile(rb"HTTP/1\.1 100 [^\r]*\r\n(?:[^\r]+\r\n)*\r\n")
_HEAD = re.compile(rb"(HTTP/1\.1 \d{3} [^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n")


class Outcome(NamedTuple):
    """What a connection came to: the bytes that were answered without what changes every time, and what was run."""

    answers: bytes
    requests: tuple[Received, ...]
    closed: bool

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of the answers."""
        return statuses(self.answers)

    @property
    def said_to_close(self) -> bool:
        """Whether the last answer says that there is no other."""
        heads = _HEAD.findall(self.answers)
        return bool(heads) and b"connection: close" in heads[-1][1].split(b"\r\n")


def lasting(answers: bytes) -> bytes:
    """Answers without dates and request ids, their headers in order; without interim ones, which need not be sent."""
    return _HEAD.sub(_in_order, _INTERIM.sub(b"", _VARYING.sub(b"", answers)))


def _in_order(head: re.Match[bytes]) -> bytes:
    return b"\r\n".join([head[1], *sorted(head[2].lower().split(b"\r\n")[:-1]), b"", b""])


def statuses(answers: bytes) -> tuple[int, ...]:
    """The statuses in these bytes. The recording application's bodies never look like one."""
    return tuple(int(status) for status in _STATUS.findall(answers))


class Changes:
    """How often anything has happened on any connection."""

    count = 0


class Line(asyncio.Transport):
    """One end of a connection whose client reads everything at once, or nothing at all.

    The server has `said_all` when it closed its half. Of what arrived, `taken` bytes were given to the protocol; of
    what it wrote, the client has not read `unread`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, port: int, changes: "Changes", *, reads: bool
    ) -> None:
        super().__init__({"peername": ("127.0.0.1", port), "sockname": ("127.0.0.1", 80)})
        self.loop = loop
        self.protocol = protocol
        self.port = port
        self.reads = reads
        self.written: list[bytes] = []
        self.unread = 0
        self.taken = 0
        self.changes = changes
        self._high = HIGH_WATER_BYTES
        self.said_all = False
        self._closing = False
        self._reading = True
        self._arrived: deque[bytes | None] = deque()
        protocol.connection_made(self)

    def arrive(self, data: bytes) -> None:
        """Bytes from the client: given to the protocol now, or when it reads again."""
        self._arrived.append(data)
        self._deliver()

    def end(self) -> None:
        """The client sends no more, and still reads."""
        self._arrived.append(None)
        self._deliver()

    def _deliver(self) -> None:
        while self._arrived and self._reading and not self._closing:
            data = self._arrived.popleft()
            if data is not None:
                self.taken += len(data)
                self.protocol.data_received(data)
            elif not self.protocol.eof_received():
                self.close()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self.changes.count += 1
            self.loop.call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        if not self._reading:
            self._reading = True
            if self._arrived:
                self.loop.call_soon(self._deliver)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._closing, "bytes were written to a connection that is closed"
        assert not self.said_all, "bytes were written behind the last"
        self.written.append(bytes(data))
        self.changes.count += 1
        if not self.reads:
            paused = self.unread > self._high
            self.unread += len(data)
            if not paused and self.unread > self._high:
                self.protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return self.unread

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = HIGH_WATER_BYTES if high is None else high

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.said_all = True
        self.changes.count += 1

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = cast("asyncio.Protocol", protocol)


class Stand:
    """A server's protocols on the running loop, and the connections to them."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.loop = asyncio.get_running_loop()
        self._connect = connections(self.recorder, self.loop)
        self.changes = Changes()
        self.lines: list[Line] = []

    def connect(self, *, reads: bool = True) -> Line:
        """A new connection."""
        line = Line(self.loop, self._connect(), len(self.lines) + 1, self.changes, reads=reads)
        self.lines.append(line)
        return line

    async def settle(self) -> None:
        """Let the loop turn until nothing happens any more."""
        quiet, before = 0, -1
        while quiet < QUIET_ROUNDS:
            await asyncio.sleep(0)
            now = self.recorder.answers + self.changes.count
            quiet, before = (quiet + 1 if now == before else 0), now

    async def leave(self) -> None:
        """Have every client go away."""
        for line in self.lines:
            line.close()
        await self.settle()

    def outcome(self, line: Line) -> Outcome:
        """What became of a connection so far."""
        requests = tuple(self.recorder.received.get(line.port, ()))
        return Outcome(lasting(b"".join(line.written)), requests, line.said_all or line.is_closing())


def play(scripts: Sequence[Sequence[bytes]]) -> list[Outcome]:
    """Send each script's pieces on a connection of its own, one after the other; the outcomes, in order."""

    async def scene() -> list[Outcome]:
        outcomes = []
        for first in range(0, len(scripts), TOGETHER):
            outcomes += await _together(scripts[first : first + TOGETHER])
        return outcomes

    outcomes: list[Outcome] = run(scene)
    return outcomes


async def _together(scripts: Sequence[Sequence[bytes]]) -> list[Outcome]:
    stand = Stand()
    lines = [stand.connect() for _ in scripts]
    for index in range(max(len(pieces) for pieces in scripts)):
        for line, pieces in zip(lines, scripts, strict=True):
            if index < len(pieces):
                line.arrive(pieces[index])
        await stand.settle()
    outcomes = [stand.outcome(line) for line in lines]
    await stand.leave()
    return outcomes


def run(scene: Callable[[], Any], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> Any:
    """Run a scene on an event loop as the server's, or on one of another make."""
    with asyncio.Runner(loop_factory=loop_factory or uvloop.new_event_loop) as runner:
        return runner.run(scene())
