"""A turn of the event loop: requests answered in order, then written; one that goes wrong harms no other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from tessera.web.turns import Turns


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


def play(scenario: Callable[[Turns, asyncio.AbstractEventLoop], Awaitable[None]]) -> None:
    """Play a scenario on a loop of its own."""

    async def whole() -> None:
        await scenario(Turns(), asyncio.get_running_loop())

    asyncio.run(whole())


def transport(line: Line) -> asyncio.Transport:
    """The line as the type that a turn wants."""
    return cast("asyncio.Transport", line)


def test_answers_are_written_at_the_end_of_the_turn_in_order() -> None:
    """Nothing is written before the turn ends; then everything is, in order, and closed where it was asked for."""

    async def scenario(turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
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

    async def scenario(turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        gone, there = Line(closed=True), Line()
        turns.write(loop, transport(gone), b"1", close=False)
        turns.write(loop, transport(there), b"2", close=False)
        await asyncio.sleep(0)
        assert there.written == [b"2"]

    play(scenario)


def test_a_request_that_ends_in_an_error_takes_no_turn_from_others() -> None:
    """An error that a request lets out is reported to the loop, and the next request has its turn."""

    async def scenario(turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        reported: list[str] = []
        loop.set_exception_handler(lambda _loop, context: reported.append(context["message"]))
        answered: list[int] = []

        async def broken() -> None:
            raise LookupError

        async def sound() -> None:
            answered.append(1)

        tasks: set[asyncio.Task[None]] = set()
        turns.begin(loop, broken(), tasks)
        turns.begin(loop, sound(), tasks)
        await asyncio.sleep(0)
        assert (reported, answered, tasks) == (["a request ended in an error"], [1], set())

    play(scenario)


@pytest.mark.parametrize("fails", [False, True])
def test_a_request_that_waits_goes_on_in_a_task(fails: bool) -> None:
    """What waits is given a task that goes on with what it waited for, a result or an error, and can use timeouts."""

    async def scenario(turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        awaited: asyncio.Future[int] = loop.create_future()
        heard: list[object] = []

        async def waiting() -> None:
            try:
                heard.append(await awaited)
            except LookupError as error:
                heard.append(error)
            async with asyncio.timeout(5):
                await asyncio.sleep(0)
            heard.append("in time")

        tasks: set[asyncio.Task[None]] = set()
        turns.begin(loop, waiting(), tasks)
        await asyncio.sleep(0)
        assert len(tasks) == 1
        error = LookupError()
        if fails:
            awaited.set_exception(error)
        else:
            awaited.set_result(7)
        await asyncio.gather(*tasks)
        await asyncio.sleep(0)
        assert heard == [error if fails else 7, "in time"]
        assert tasks == set()

    play(scenario)


def test_a_request_that_waits_can_be_cancelled() -> None:
    """Cancelling the task of a request reaches the request itself, which can clean up."""

    async def scenario(turns: Turns, loop: asyncio.AbstractEventLoop) -> None:
        cleaned: list[bool] = []

        async def waiting() -> None:
            try:
                await loop.create_future()
            finally:
                cleaned.append(True)

        tasks: set[asyncio.Task[None]] = set()
        turns.begin(loop, waiting(), tasks)
        await asyncio.sleep(0)  # the turn ends
        await asyncio.sleep(0)  # the task begins
        for task in list(tasks):
            task.cancel()
        assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [asyncio.CancelledError]
        assert cleaned == [True]

    play(scenario)
