"""Answers come in the order of their requests, and what ends a connection takes no other answer's place."""

import asyncio

import pytest

from tests.framing.corpus import END, B, chunk, chunked, post, sized
from tests.framing.wire import Line, Stand, run

GET = b"GET /c HTTP/1.1"
SLOW = post(line=b"GET /slow HTTP/1.1")
HELD = post(line=b"GET /held HTTP/1.1")
ANSWER_TO_SLOW = b"GET /slow 0 "

BEYOND_TIMEOUT_SECONDS = 11.0
BEYOND_PATIENCE_SECONDS = 76.0
ROUNDS = 7


class SteppedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be put forward."""

    _ahead = 0.0

    def time(self) -> float:
        return super().time() + self._ahead

    def step(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._ahead += seconds


async def pass_time(stand: Stand, seconds: float) -> None:
    """Let time pass, and whatever falls due in it happen."""
    assert isinstance(stand.loop, SteppedLoop)
    stand.loop.step(seconds)
    for _ in range(3):  # what is due, and what that puts off until the next sweep
        stand.loop.step(1.0)
        await stand.settle()


def arrive_after(rounds: int, line: Line, data: bytes) -> None:
    """Have bytes arrive after so many rounds of the loop."""
    if rounds:
        line.loop.call_soon(arrive_after, rounds - 1, line, data)
    else:
        line.arrive(data)


@pytest.mark.parametrize("rounds", range(ROUNDS))
@pytest.mark.parametrize(
    ("behind", "answers"),
    [
        (post(line=b"GET /same HTTP/1.1"), (200, 304)),
        (sized(b"abc", b"Expect: 100-continue"), (200, 200)),
        (post(b"Expect: 100-continue", b"Content-Length: 3"), (200,)),
        (post(line=GET) + B, (200, 200, 200)),
        (post(line=b"GET /early HTTP/1.1") + SLOW, (200, 200, 200)),
        (b"bad\r\n\r\n", (200, 400)),
        (post(b"Host: b", line=GET), (200, 400)),
        (post(b"Connection: upgrade", b"Upgrade: foo", b"Content-Length: 3", body=b"abc"), (200, 400)),
    ],
    ids=["unchanged", "expecting", "expecting still", "two", "early", "malformed", "two hosts", "an offer"],
)
def test_no_answer_overtakes_another(rounds: int, behind: bytes, answers: tuple[int, ...]) -> None:
    """What arrives around the moment at which an answer is made is answered after it, be it by an interim answer."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        stand.recorder.hooks[b"/slow"] = lambda: arrive_after(rounds, line, behind)
        line.arrive(SLOW)
        await stand.settle()
        written = b"".join(line.written)
        assert written.index(ANSWER_TO_SLOW) < written.find(b"HTTP/1.1", 1) or written.count(b"HTTP/1.1 ") == 1
        assert stand.outcome(line).statuses[: len(answers)] == answers

    run(scene)


@pytest.mark.parametrize(
    "behind",
    [
        B,
        b"GET / HTTP/1.1\r\nbad\r\n\r\n",
        sized(b"EVIL!", b"Host: b"),
        chunked(b"zz\r\n"),
        post(b"Connection: upgrade", b"Upgrade: foo", b"Content-Length: 3", body=b"abc"),
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000,
        post(*[b"X: y"] * 101, line=GET),
    ],
    ids=["sound", "malformed", "two hosts", "a bad chunk", "an offer", "a long head", "many fields"],
)
def test_what_is_refused_waits_for_the_answer_before_it(behind: bytes) -> None:
    """While a request is being answered nothing else is said; its answer comes first, and its body is its own."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        line.arrive(sized(b"mine", line=b"POST /held HTTP/1.1"))
        await stand.settle()
        line.arrive(behind)
        await stand.settle()
        assert stand.outcome(line).statuses == ()
        stand.recorder.released.set()
        await stand.settle()
        outcome = stand.outcome(line)
        assert outcome.requests[0].body == b"mine"
        assert b"POST /held 4 mine" in outcome.answers
        assert [status // 100 for status in outcome.statuses] == ([2, 2] if behind == B else [2, 4])

    run(scene)


def test_nothing_behind_a_refusal_is_run() -> None:
    """On a connection that has been served before, a request behind one that is refused is not run."""

    async def scene() -> None:
        stand = Stand()
        unsound = (
            post(b"Host: b", line=GET),
            post(b"Transfer-Encoding: gzip, chunked", body=END),
            post(*[b"X: y"] * 101, line=GET),
            chunked(END, line=b"POST /a HTTP/1.0"),
            post(line=b"CONNECT a:1 HTTP/1.1"),
            sized(B, b"Connection: upgrade", b"upGRADE: foo"),
        )
        lines = [stand.connect() for _ in unsound]
        for line in lines:
            line.arrive(post(line=GET))
        await stand.settle()
        for line, request in zip(lines, unsound, strict=True):
            line.arrive(request + B + B)
        await stand.settle()
        for line, request in zip(lines, unsound, strict=True):
            outcome = stand.outcome(line)
            assert [each.target for each in outcome.requests if each.target == b"/b"] == [], request
            assert (len(outcome.statuses), outcome.closed) == (2, True), request

    run(scene)


def test_a_slow_answer_is_not_taken_for_a_slow_client() -> None:
    """A client is not told that it was slow while it is we who are: neither then nor in the place of its answer."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        line.arrive(HELD)
        await stand.settle()
        line.arrive(b"GET /never HTTP/1.1\r\n")
        await pass_time(stand, BEYOND_TIMEOUT_SECONDS)
        assert stand.outcome(line).answers == b""
        stand.recorder.released.set()
        await stand.settle()
        assert stand.outcome(line).statuses == (200,)
        await pass_time(stand, BEYOND_TIMEOUT_SECONDS)
        assert (stand.outcome(line).statuses, line.is_closing()) == ((200, 408), True)

    run(scene, SteppedLoop)


def test_an_idle_connection_is_closed_without_a_word() -> None:
    """A connection between two requests that waits for too long is closed; no answer is there for the next one."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        line.arrive(SLOW)
        await stand.settle()
        await pass_time(stand, BEYOND_PATIENCE_SECONDS)
        assert (stand.outcome(line).statuses, line.is_closing()) == ((200,), True)

    run(scene, SteppedLoop)


@pytest.mark.parametrize("size", [1, 2000], ids=["short", "long"])
@pytest.mark.parametrize("fields", [(), (b"Expect: 100-continue",)], ids=["", "expecting"])
def test_a_body_that_nobody_asked_for_is_no_request(fields: tuple[bytes, ...], size: int) -> None:
    """A client that was answered early sends its body, or what is left of it, or none: it is never a request."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        sent = sized(B * size, *fields, line=b"POST /early HTTP/1.1")
        head = sent.removesuffix(B * size)
        line.arrive(head)
        for place in range(len(head), len(sent), 5000):
            await stand.settle()
            line.arrive(sent[place : place + 5000])
        await stand.settle()
        line.arrive(post(line=GET))
        await stand.settle()
        outcome = stand.outcome(line)
        assert [each.target for each in outcome.requests] in ([b"/early", b"/c"], [b"/early"])
        assert outcome.closed is (len(outcome.requests) == 1)
        assert outcome.statuses == (200,) * len(outcome.requests)

    run(scene)


def test_a_body_over_the_limit_ends_the_connection() -> None:
    """Nothing in it or behind it is run, however it arrives."""

    async def scene() -> None:
        stand = Stand()
        whole, cut = stand.connect(), stand.connect()
        flood = chunked(chunk(B * 1000) * 60 + END) + B
        whole.arrive(flood)
        for place in range(0, len(flood), 10_000):
            cut.arrive(flood[place : place + 10_000])
            await stand.settle()
        for line in (whole, cut):
            outcome = stand.outcome(line)
            assert (outcome.requests, outcome.statuses, outcome.closed) == ((), (413,), True)

    run(scene)


@pytest.mark.parametrize(
    "sent",
    [sized(b"abc")[:-1], chunked(chunk(b"abc") + END)[:-2], chunked(chunk(b"abc"))],
    ids=["a length", "chunks", "chunks without an end"],
)
def test_half_a_request_is_not_run(sent: bytes) -> None:
    """When a client goes away within a body, the application does not take what there is for the whole."""

    async def scene() -> None:
        stand = Stand()
        line = stand.connect()
        line.arrive(sent)
        await stand.settle()
        line.close()
        await stand.settle()
        assert stand.outcome(line).requests == ()

    run(scene)
