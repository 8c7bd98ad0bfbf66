"""Locks of customers: one caller at a time, whenever the others come, and nothing is kept afterwards."""

import asyncio

import pytest

from tessera.app.state.customer_locks import CustomerLocks


class Callers:
    """Callers that want the same customer, and those who are inside."""

    def __init__(self) -> None:
        self.locks = CustomerLocks()
        self.inside: list[str] = []
        self._may_go = {name: asyncio.Event() for name in "abc"}

    async def work(self, name: str) -> None:
        """Hold the lock until told to go."""
        async with self.locks.turn("customer"):
            self.inside.append(name)
            await self._may_go[name].wait()
            self.inside.remove(name)

    async def come(self, name: str) -> asyncio.Task[None]:
        """Begin to work, as far as that goes."""
        task = asyncio.create_task(self.work(name))
        await settled()
        return task

    def go(self, name: str) -> None:
        """Let one of them leave, who gives up the lock at its next step."""
        self._may_go[name].set()


async def settled() -> None:
    """As many turns of the loop as a caller takes that waits for nothing."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_whoever_comes_while_another_waits_waits_too() -> None:
    """The first leaves while the second waits: a third that comes then is not let in beside the second."""

    async def scenario() -> None:
        callers = Callers()
        tasks = [await callers.come("a"), await callers.come("b")]
        assert callers.inside == ["a"]
        callers.go("a")
        await settled()
        assert callers.inside == ["b"]
        tasks.append(await callers.come("c"))
        assert callers.inside == ["b"]
        callers.go("b")
        await settled()
        assert callers.inside == ["c"]
        callers.go("c")
        await asyncio.gather(*tasks)
        assert len(callers.locks) == 0

    asyncio.run(scenario())


def test_whoever_gives_up_waiting_keeps_nobody_out() -> None:
    """One that is cancelled while it waits neither frees the lock of another nor leaves one behind."""

    async def scenario() -> None:
        callers = Callers()
        first, gone = await callers.come("a"), await callers.come("b")
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        third = await callers.come("c")
        assert (callers.inside, len(callers.locks)) == (["a"], 1)
        callers.go("a")
        callers.go("c")
        await asyncio.gather(first, third)
        assert len(callers.locks) == 0

    asyncio.run(scenario())


def test_other_customers_do_not_wait() -> None:
    """Each customer has a lock of its own."""

    async def scenario() -> None:
        locks = CustomerLocks()
        async with locks.turn("ann"), locks.turn("ben"):
            assert len(locks) == 2
        assert len(locks) == 0

    asyncio.run(scenario())
