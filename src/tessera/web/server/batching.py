"""One turn of the event loop: the requests that arrived in it are answered one after the other, then all written.

Reading, answering and writing each for all connections at once keeps the processor in the same code, and a client is
woken once a turn instead of once an answer (see `docs/decisions/0003-answers-in-batches.md`).
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Protocol

TASK = "request"
"""The name of every task: making up a number for each costs a tenth of what the task does."""

PIPELINED_AT_ONCE = 8
"""Requests begun in a turn that were sent before the one ahead of them was answered: all others go first."""


Ending = Callable[[asyncio.Transport], None]


def _close(transport: asyncio.Transport) -> None:
    transport.close()


def _close_half(transport: asyncio.Transport) -> None:
    if transport.can_write_eof():
        transport.write_eof()


class Connection(Protocol):
    """A connection with a request to be answered."""

    def begin(self) -> Coroutine[Any, Any, None] | None:
        """Answer the request whose turn it is; None when there is none, or the client does not read its answers."""

    def begun(self, task: asyncio.Task[None]) -> None:
        """It is being answered in this task, which is the connection's to hold."""

    def abort(self) -> None:
        """Close it at once: its request could not be begun, and nothing will answer it."""


class EventLoopBatch:
    """What is to be done at the end of this turn: requests to begin, then answers to write, in order."""

    def __init__(self) -> None:
        self._ready: list[Connection] = []
        self._pipelined: deque[Connection] = deque()
        self._answers: list[tuple[asyncio.Transport, bytes, Ending | None]] = []
        self._ending = False
        self._context: Context | None = None
        """The context of every turn: otherwise it would be that of the request which asked for the turn.

        It is that in which the first bytes of a client arrived, and made no sooner: workers get this object by pickle.
        """

    def begin(self, loop: asyncio.AbstractEventLoop, connection: Connection, *, pipelined: bool) -> None:
        """Answer the next request of a connection at the end of this turn, or of a later one when it is `pipelined`."""
        if pipelined:
            self._pipelined.append(connection)
        else:
            self._ready.append(connection)
        self._end_soon(loop)

    def write(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        data: bytes,
        *,
        close: bool,
        linger: bool = False,
    ) -> None:
        """Write `data` at the end of this turn, and close the connection after it when told to.

        To `linger` is to close our half only, where there are halves (over TLS there are none).
        """
        self._answers.append((transport, data, (_close_half if linger else _close) if close else None))
        self._end_soon(loop)

    def _end_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._ending:
            self._ending = True
            if self._context is None:
                self._context = copy_context()
            loop.call_soon(self._end, loop, context=self._context)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        ready, self._ready = self._ready, []
        if self._pipelined:
            ready += [self._pipelined.popleft() for _ in range(min(len(self._pipelined), PIPELINED_AT_ONCE))]
        for connection in ready:
            try:
                request = connection.begin()
                if request is not None:
                    connection.begun(_start(loop, request))
            except Exception as error:  # noqa: BLE001  # the requests of others come after this one
                loop.call_exception_handler({"message": "a request could not be begun", "exception": error})
                connection.abort()
        answers, self._answers = self._answers, []
        self._ending = False
        for transport, data, end in answers:
            if transport.is_closing():  # the client went away meanwhile; writing would raise, and the others come after
                continue
            try:
                transport.write(data)
                if end is not None:
                    end(transport)
            except Exception as error:  # noqa: BLE001  # so do their answers
                loop.call_exception_handler({"message": "an answer could not be written", "exception": error})
                transport.abort()
        if self._ready or self._pipelined:
            self._end_soon(loop)


def _start(loop: asyncio.AbstractEventLoop, request: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Answer a request in a task of its own, from its first line: only there do timeouts and cancellation work.

    Where Python can, the task runs at once as far as it goes without waiting: most requests are answered then.
    """
    if sys.version_info >= (3, 12):
        return asyncio.Task(request, loop=loop, name=TASK, eager_start=True)
    return asyncio.Task(request, loop=loop, name=TASK)
