"""One turn of the event loop: the requests that arrived in it are answered one after the other, then all written.

Reading, answering and writing each for all connections at once keeps the processor in the same code, and a client is
woken once a turn instead of once an answer (see `docs/decisions/0003-answers-in-batches.md`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Turns:
    """What is to be done at the end of this turn: requests to begin, then answers to write, in order."""

    def __init__(self) -> None:
        self._requests: list[tuple[Coroutine[Any, Any, None], set[asyncio.Task[None]]]] = []
        self._answers: list[tuple[asyncio.Transport, bytes, bool]] = []
        self._ending = False

    def begin(
        self, loop: asyncio.AbstractEventLoop, request: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]
    ) -> None:
        """Answer a request at the end of this turn; `tasks` holds it while it has to wait for something."""
        self._requests.append((request, tasks))
        self._end_soon(loop)

    def write(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, data: bytes, *, close: bool) -> None:
        """Write `data` at the end of this turn, and close the connection after it when told to."""
        self._answers.append((transport, data, close))
        self._end_soon(loop)

    def _end_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._ending:
            self._ending = True
            loop.call_soon(self._end, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        requests, self._requests = self._requests, []
        for request, tasks in requests:
            _answer(loop, request, tasks)
        answers, self._answers = self._answers, []
        self._ending = False
        for transport, data, close in answers:
            if transport.is_closing():  # the client went away meanwhile; writing would raise, and the others come after
                continue
            transport.write(data)
            if close:
                transport.close()
        if self._requests:  # pipelined ones, which could begin when those before them were answered
            self._end_soon(loop)


def _answer(
    loop: asyncio.AbstractEventLoop, request: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]
) -> None:
    """Run a request as far as it goes without waiting: most are answered then, and need no task of their own.

    Until it first waits it runs outside any task: what needs one (`asyncio.timeout`, for instance) must wait first.
    """
    try:
        waiting_for = request.send(None)
    except StopIteration:
        return
    except Exception as error:  # noqa: BLE001  # the requests of others come after this one
        loop.call_exception_handler({"message": "a request ended in an error", "exception": error})
        return
    task: asyncio.Task[None] = loop.create_task(_await(_rest(request, waiting_for)))
    task.add_done_callback(tasks.discard)
    tasks.add(task)


class _Rest:
    def __init__(self, rest: Generator[Any, Any, None]) -> None:
        self.rest = rest

    def __await__(self) -> Generator[Any, Any, None]:
        return self.rest


async def _await(rest: Generator[Any, Any, None]) -> None:
    await _Rest(rest)


def _rest(request: Coroutine[Any, Any, None], waiting_for: Any) -> Generator[Any, Any, None]:
    """What is left of a request that began outside a task, and now waits for `waiting_for`."""
    answer: Callable[[Any], Any]
    while True:
        try:
            value = yield waiting_for
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is the request's to handle
            answer, with_value = request.throw, error
        else:
            answer, with_value = request.send, value
        try:
            waiting_for = answer(with_value)
        except StopIteration:
            return
