"""One process at a time does a singleton task; another takes over soon when that one ends, dies or loses its lease."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tessera import wiring
from tessera.app.context import Context
from tessera.app.runtime import leases
from tessera.core.changes import TakeLease
from tessera.core.times import SECOND
from tests.support.clock import StepClock
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.rounds import Rounds
from tests.support.settings import settings_for, settings_of
from tests.support.waiting import until


class Process:
    """One of several processes on a database: its context, and how often it began and ended the work."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.store = FaultyStore(context.store)
        context.store = self.store.as_store()
        self.name = name
        self.begun = 0
        self.working = False
        self.failing = asyncio.Event()
        self.rounds = Rounds()
        self.task = asyncio.create_task(leases.run_with_lease(context, "singleton task", name, self.work, self.rounds))

    async def work(self) -> None:
        """Go on until cancelled, or fail when told to."""
        self.begun += 1
        self.working = True
        try:
            await self.failing.wait()
            self.failing.clear()
            raise RuntimeError("planned")
        finally:
            self.working = False

    async def end(self) -> None:
        """End as a process does that is asked to."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def looks(*processes: Process, count: int = 3) -> None:
    """Let each of the processes look a few times."""
    await asyncio.gather(*(process.rounds.whole(count) for process in processes))


class SkewedClock:
    """A clock that is some seconds ahead of another, or behind it."""

    def __init__(self, clock: StepClock, seconds: float) -> None:
        self._clock = clock
        self._ahead = int(seconds * SECOND)

    def now(self) -> int:
        """The time that it shows."""
        return self._clock.now() + self._ahead

    def monotonic(self) -> int:
        """The time that passes."""
        return self._clock.monotonic()


def play(
    folder: Path, scenario: Callable[[StepClock, Process, Process], Awaitable[None]], ahead_seconds: float = 0
) -> None:
    """Play a scenario with two processes, of which the first holds the lease; the second one's clock may be ahead."""
    settings_for(folder)
    clock = StepClock()
    clocks = (clock, SkewedClock(clock, ahead_seconds))

    async def whole() -> None:
        async with AsyncExitStack() as stack:
            contexts = [await stack.enter_async_context(wiring.open_context(settings_of(folder), clock=each))
                      for each in clocks]  # fmt: skip
            first = Process(contexts[0], "first")
            await until(lambda: first.working)
            second = Process(contexts[1], "second")
            try:
                await scenario(clock, first, second)
            finally:
                await first.end()
                await second.end()

    asyncio.run(whole())


def test_one_does_it_while_it_prolongs_its_lease(tmp_path: Path) -> None:
    """A process that is there keeps the singleton task however long, and the other never begins."""

    async def scenario(clock: StepClock, first: Process, second: Process) -> None:
        for _ in range(6):
            clock.step(leases.RENEWED_SECONDS)
            await looks(first, second)
        lease = await second.context.store.lease("singleton task")
        assert lease is not None
        assert lease[0] == "first"
        assert lease[1] > clock.now() + (leases.LEASE_SECONDS - leases.RENEWED_SECONDS) * SECOND
        assert (first.begun, second.begun) == (1, 0)

    play(tmp_path / "data", scenario)


@pytest.mark.parametrize("ahead_seconds", [-5, 5])
def test_clocks_that_differ_by_seconds_take_no_duty_away(tmp_path: Path, ahead_seconds: float) -> None:
    """With clocks five seconds apart a process that is there keeps its singleton task; one that is gone is replaced."""

    async def scenario(clock: StepClock, first: Process, second: Process) -> None:
        for _ in range(3):
            clock.step(leases.RENEWED_SECONDS)
            await looks(first, second)
        assert (first.begun, first.working, second.begun) == (1, True, 0)
        first.store.faults = [Fault.BEFORE] * 100_000
        first.task.cancel()
        await until(lambda: not first.working)
        clock.step(leases.LEASE_SECONDS + 5)
        await until(lambda: second.working)

    play(tmp_path / "data", scenario, ahead_seconds)


def test_a_graceful_end_passes_it_on_at_once(tmp_path: Path) -> None:
    """A process that ends lets go: the other begins without a second of the lease passing."""

    async def scenario(_clock: StepClock, first: Process, second: Process) -> None:
        await first.end()
        assert not first.working
        await until(lambda: second.working)

    play(tmp_path / "data", scenario)


def test_a_lease_that_cannot_be_prolonged_stops_the_work_in_time(tmp_path: Path) -> None:
    """While the database takes nothing, the work stops before the lease ends, and the other begins after it."""

    async def scenario(clock: StepClock, first: Process, second: Process) -> None:
        first.store.faults = [Fault.BEFORE] * 100_000
        clock.step(leases.LEASE_SECONDS - leases.STOPPED_BEFORE_SECONDS - 1)
        await looks(first, second)
        assert first.working
        clock.step(1)
        await until(lambda: not first.working)
        await looks(first, second)
        assert not second.working
        clock.step(leases.STOPPED_BEFORE_SECONDS)
        await until(lambda: second.working)
        await looks(first, second)
        assert not first.working

    play(tmp_path / "data", scenario)


@pytest.mark.parametrize("fault", Fault)
def test_one_renewal_that_fails_changes_nothing(tmp_path: Path, fault: Fault) -> None:
    """A renewal that failed, written or not, is made again before the lease ends."""

    async def scenario(clock: StepClock, first: Process, second: Process) -> None:
        first.store.faults = [fault]
        for _ in range(4):
            clock.step(leases.RENEWED_SECONDS)
            await looks(first, second)
        assert first.store.faults == []
        assert (first.begun, first.working, second.begun) == (1, True, 0)

    play(tmp_path / "data", scenario)


def test_a_duty_that_another_has_taken_is_let_be(tmp_path: Path) -> None:
    """A process that was frozen for so long that another took its lease stops its work, and leaves the lease alone."""

    async def scenario(clock: StepClock, first: Process, second: Process) -> None:
        at = clock.now() + leases.LEASE_SECONDS * SECOND
        await second.context.store.commit(TakeLease("singleton task", "third", at, at + 3600 * SECOND))
        clock.step(leases.RENEWED_SECONDS)
        await until(lambda: not first.working)
        await looks(first, second)
        lease = await second.context.store.lease("singleton task")
        assert lease is not None
        assert lease[0] == "third"
        assert not second.working

    play(tmp_path / "data", scenario)


def test_work_that_fails_is_begun_again(tmp_path: Path) -> None:
    """Work that fails ends the singleton task of nobody: one of the processes begins it again."""

    async def scenario(_clock: StepClock, first: Process, second: Process) -> None:
        first.failing.set()
        await until(lambda: first.begun + second.begun == 2)
        await looks(first, second)
        assert first.working is not second.working

    play(tmp_path / "data", scenario)


def test_work_that_is_done_ends_the_duty(tmp_path: Path) -> None:
    """Work that returns is done for good: the wait ends, and the lease is let go."""
    settings = settings_for(tmp_path / "data")

    async def nothing() -> None:
        return

    async def whole() -> None:
        async with wiring.open_context(settings) as context:
            await leases.run_with_lease(context, "singleton task", "me", nothing)
            assert await context.store.lease("singleton task") is None

    asyncio.run(whole())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_dies_is_replaced(tmp_path: Path, number: signal.Signals) -> None:
    """After SIGTERM another process begins at once, after SIGKILL when the lease has ended, and not before."""
    folder = tmp_path / "data"
    settings = settings_for(folder)
    command = [sys.executable, "-m", "tests.support.holder", str(folder), "singleton task"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "working\n"
        other.send_signal(number)
        other.wait()
    clock = StepClock(time.time_ns() // 1000)

    async def whole() -> None:
        async with wiring.open_context(settings, clock=clock) as context:
            heir = Process(context, "heir")
            await looks(heir)
            assert heir.working is (number == signal.SIGTERM)
            clock.step(leases.LEASE_SECONDS)
            await until(lambda: heir.working)
            await heir.end()

    asyncio.run(whole())
