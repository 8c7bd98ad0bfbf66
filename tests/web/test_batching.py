"""A turn of the event loop: requests answered in order, then written; one that goes wrong harms no other."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import pytest

from tessera.web.server.batching import PIPELINED_AT_ONCE, EventLoopBatch

Scenario = Callable[[EventLoopBatch, asyncio.AbstractEventLoop], Awaitable[None]]


class Line:
    """A connection that notes what is written to it; like uvloop's, it refuses writing once it is closed."""

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed
        self.written: list[bytes] = []

    def is_closing(self) -> bool:
        return self.closed

    def write(self, data: bytes) -> None:
        if self.closed:
            raise RuntimeError("the handler is closed")
        self.written.append(data)

    def close(self) -> None:
        self.closed = True


class Asking:
    """A connection with one request, or none."""

    def __init__(self, request: Coroutine[Any, Any, None] | None) -> None:
        self.task: asyncio.Task[None] | None = None
        self.aborted = False
        self._request = request

    def begin(self) -> Coroutine[Any, Any, None] | None:
        return self._request

    def begun(self, task: asyncio.Task[None]) -> None:
        self.task = task

    def abort(self) -> None:
        self.aborted = True


class Broken(Asking):
    """A connection that cannot begin its request."""

    def begin(self) -> Coroutine[Any, Any, None] | None:
        raise LookupError


def play(scenario: Scenario) -> None:
    """Play a scenario on a loop of its own."""

    async def whole() -> None:
        await scenario(EventLoopBatch(), asyncio.get_running_loop())

    asyncio.run(whole())


def transport(line: Line) -> asyncio.Transport:
    """The line as the type that a turn wants."""
    return cast("asyncio.Transport", line)


async def settled() -> None:
    """As many turns as a request takes that waits for nothing."""
    for _ in range(4):
        await asyncio.sleep(0)


def test_answers_are_written_at_the_end_of_the_turn_in_order() -> None:
    """Nothing is written before the turn ends; then everything is, in order, and closed where it was asked for."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        one, other = Line(), Line()
        turns.write(loop, transport(one), b"1", close=False)
        turns.write(loop, transport(other), b"2", close=True)
        turns.write(loop, transport(one), b"3", close=False)
        assert (one.written, other.written) == ([], [])
        await asyncio.sleep(0)
        assert (one.written, other.written) == ([b"1", b"3"], [b"2"])
        assert (one.closed, other.closed) == (False, True)

    play(scenario)


def test_a_client_that_went_away_takes_no_answer_from_others() -> None:
    """A connection that closed before its answer was written does not keep the answers behind it from being written."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        gone, there = Line(closed=True), Line()
        turns.write(loop, transport(gone), b"1", close=False)
        turns.write(loop, transport(there), b"2", close=False)
        await asyncio.sleep(0)
        assert there.written == [b"2"]

    play(scenario)


def test_a_request_that_ends_in_an_error_takes_no_turn_from_others() -> None:
    """An error that a request lets out is its task's, and the next request has its turn."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        reported: list[type] = []
        loop.set_exception_handler(lambda _loop, context: reported.append(type(context["exception"])))
        answered: list[int] = []

        async def broken() -> None:
            raise LookupError  # held by its task alone, so that the task ends and tells of it

        async def sound() -> None:
            answered.append(1)

        for request in (broken(), None, sound()):
            turns.begin(loop, Asking(request), pipelined=False)
        await settled()
        gc.collect()
        assert (reported, answered) == ([LookupError], [1])

    play(scenario)


def test_a_connection_that_cannot_begin_its_request_is_closed() -> None:
    """The error is reported, the client is not left waiting for an answer, and others have their turn."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        reported: list[type] = []
        loop.set_exception_handler(lambda _loop, context: reported.append(type(context["exception"])))
        answered: list[int] = []

        async def sound() -> None:
            answered.append(1)

        broken, other = Broken(None), Asking(sound())
        turns.begin(loop, broken, pipelined=False)
        turns.begin(loop, other, pipelined=False)
        await settled()
        assert (reported, answered) == ([LookupError], [1])
        assert (broken.aborted, other.aborted) == (True, False)

    play(scenario)


def test_a_request_has_a_task_from_its_first_step() -> None:
    """A timeout works in a request that has not waited for anything yet, and so does a second one after it has."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        heard: list[str] = []

        async def request() -> None:
            async with asyncio.timeout(60):
                heard.append("before it waits")
                await asyncio.sleep(0)
            async with asyncio.timeout(60):
                heard.append("after it has")
                await asyncio.sleep(0)

        turns.begin(loop, Asking(request()), pipelined=False)
        await settled()
        await settled()
        assert heard == ["before it waits", "after it has"]

    play(scenario)


@pytest.mark.parametrize("fails", [False, True])
def test_a_request_that_waits_goes_on_in_its_task(fails: bool) -> None:
    """What waits goes on with what it waited for, a result or an error; its connection has the task."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        awaited: asyncio.Future[int] = loop.create_future()
        heard: list[object] = []

        async def waiting() -> None:
            try:
                heard.append(await awaited)
            except LookupError as error:
                heard.append(error)

        connection = Asking(waiting())
        turns.begin(loop, connection, pipelined=False)
        await settled()
        assert connection.task is not None
        assert not connection.task.done()
        error = LookupError()
        if fails:
            awaited.set_exception(error)
        else:
            awaited.set_result(7)
        await settled()
        assert heard == [error if fails else 7]
        assert connection.task.done()

    play(scenario)


def test_a_request_that_waits_can_be_cancelled() -> None:
    """Cancelling the task of a request reaches the request itself, which can clean up."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        cleaned: list[bool] = []

        async def waiting() -> None:
            try:
                await loop.create_future()
            finally:
                cleaned.append(True)

        connection = Asking(waiting())
        turns.begin(loop, connection, pipelined=False)
        await settled()
        assert connection.task is not None
        connection.task.cancel()
        await asyncio.wait([connection.task])
        assert connection.task.cancelled()
        assert cleaned == [True]

    play(scenario)


def test_pipelined_requests_yield_to_all_others() -> None:
    """However many were sent ahead on other connections, a request that was not waits for few of them."""

    async def scenario(turns: EventLoopBatch, loop: asyncio.AbstractEventLoop) -> None:
        begun: list[str] = []

        async def request(name: str) -> None:
            begun.append(name)

        for _ in range(10 * PIPELINED_AT_ONCE):
            turns.begin(loop, Asking(request("pipelined")), pipelined=True)
        await asyncio.sleep(0)
        turns.begin(loop, Asking(request("alone")), pipelined=False)
        for _ in range(20):
            await asyncio.sleep(0)
        assert begun.index("alone") <= 2 * PIPELINED_AT_ONCE
        assert len(begun) == 10 * PIPELINED_AT_ONCE + 1, "and all have their turn"

    play(scenario)
