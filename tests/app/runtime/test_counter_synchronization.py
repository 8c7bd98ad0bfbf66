"""What nodes tell each other of their counts: in turn, after faults too, and not for longer than it matters."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from tessera import bootstrap, wiring
from tessera.app.context import Context
from tessera.app.management import purges
from tessera.app.runtime import counter_synchronization, purge_clock
from tessera.app.runtime.counter_synchronization import Exchange
from tessera.core.changes import NoteTime, PurgeCounts
from tessera.core.times import DAY
from tessera.ops.node_counts import NodeCounts
from tessera.ports import NodeCount
from tessera.settings import load
from tests.support import postgres
from tests.support.clock import StepClock
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.stepped_store import SteppedStore
from tests.support.waiting import until


class Node:
    """A node: its context, its counts, and what it tells and hears."""

    def __init__(self, context: Context) -> None:
        assert isinstance(context.counts, NodeCounts)
        self.context = context
        self.counts = context.counts
        self.store = FaultyStore(context.store)
        context.store = self.store.as_store()
        self.exchange = Exchange(context, context.counts)

    def tokens(self, application: int = 1) -> tuple[int, int]:
        """Tokens of an application by all that this node knows, which hears of it next time."""
        self.counts.touch(application)
        return self.counts.tokens(application, self.context.clock.now())

    def take(self, count: int, application: int = 1) -> None:
        """Issue so many tokens."""
        for _ in range(count):
            self.counts.token(application, self.context.clock.now())


def play(folder: Path, scenario: Callable[[StepClock, list[Node]], Awaitable[None]], count: int = 3) -> None:
    """Play a scenario with nodes on one database."""
    url, clock = postgres.empty_database(), StepClock()

    async def whole() -> None:
        async with AsyncExitStack() as stack:
            nodes = []
            for number in range(count):
                settings = load(data_dir=folder / str(number), database=url, master_key="5a" * 32)
                await asyncio.to_thread(bootstrap.set_up, settings)
                nodes.append(Node(await stack.enter_async_context(wiring.open_context(settings, clock=clock))))
            await scenario(clock, nodes)

    asyncio.run(whole())


def test_nodes_add_up_what_they_tell_each_other(tmp_path: Path) -> None:
    """After each has told and heard, each knows of all tokens, its own counted once; hours and days end as ever."""

    async def scenario(clock: StepClock, nodes: list[Node]) -> None:
        for _ in range(2):
            for node in nodes:
                node.take(10)
                await node.exchange.exchange()
            for node in nodes:
                node.tokens()
                await node.exchange.exchange()
        assert [node.tokens() for node in nodes] == [(60, 60)] * 3
        clock.step(3600)
        assert [node.tokens() for node in nodes] == [(0, 60)] * 3
        clock.step(86_400)
        assert [node.tokens() for node in nodes] == [(0, 0)] * 3

    play(tmp_path, scenario)


def test_all_applications_have_their_turn(tmp_path: Path) -> None:
    """Of more applications than fit into one exchange the others are in the next, also when all are asked always."""

    async def scenario(clock: StepClock, nodes: list[Node]) -> None:
        one, other = nodes
        applications = range(1, 2 * counter_synchronization.AT_ONCE + 1)
        for number in applications:
            one.counts.request(number, 10, clock.now())
            one.take(1, number)
        clock.step(1)
        for _ in range(2):
            await one.exchange.exchange()
            for number in applications:
                one.counts.request(number, 10, clock.now())
        for number in applications:
            assert other.tokens(number) == (0, 0)
        for _ in range(2):
            await other.exchange.exchange()
        assert {other.tokens(number) for number in applications} == {(1, 1)}

    play(tmp_path, scenario, 2)


def test_properties_are_told_apart_from_applications(tmp_path: Path) -> None:
    """What nodes were asked by a property counts for that property alone, not for the application with its number."""

    async def scenario(clock: StepClock, nodes: list[Node]) -> None:
        counts = [node.context.property_counts for node in nodes]
        exchanges = []
        for node, count in zip(nodes, counts, strict=True):
            assert isinstance(count, NodeCounts)
            exchanges.append(Exchange(node.context, count, of_properties=True))
        for _ in range(2):
            for count in counts:
                for _ in range(10):
                    count.request(1, 100, clock.now())
                    count.would_refuse(1, clock.now())
            clock.step(1)
            for each in (*exchanges, *exchanges):
                await each.exchange()
        now = clock.now()
        told = await nodes[0].context.store.counts_of_others(-1, counts[0].node, now, now - 10_000_000)
        assert (told.watched, told.asked) == (20, 10)
        assert await nodes[0].context.store.counts_of_others(1, 0, now, 0) == NodeCount(0, 0, 0, 0)
        assert counts[0].own(1, now).watched == 20
        assert nodes[0].counts.own(1, now).watched == 0

    play(tmp_path, scenario, 2)


def test_what_could_not_be_told_is_told_later(tmp_path: Path) -> None:
    """A database that is away loses nothing: what was counted meanwhile is told when it is back."""

    async def scenario(_clock: StepClock, nodes: list[Node]) -> None:
        one, other = nodes
        for fault in Fault:
            one.store.faults = [fault]
            one.take(5)
            await one.exchange.exchange()
            await one.exchange.exchange()
            other.tokens()
            await other.exchange.exchange()
            assert other.tokens() == one.tokens()
        assert one.tokens()[0] == 5 * len(Fault)

    play(tmp_path, scenario, 2)


def test_the_end_of_requests_is_told(tmp_path: Path) -> None:
    """When an application is asked for no more on one node, the others have the whole pace again."""

    async def scenario(clock: StepClock, nodes: list[Node]) -> None:
        one, other = nodes

        async def heard() -> int:
            other.counts.request(1, 10, clock.now())
            await other.exchange.exchange()
            return (await other.context.store.counts_of_others(1, other.counts.node, clock.now(), 0)).asked

        for _ in range(30):
            one.counts.request(1, 10, clock.now())
        found = []
        for _ in range(3):
            clock.step(1)
            await one.exchange.exchange()
            found.append(await heard())
        assert found == [30, 0, 0]

    play(tmp_path, scenario, 2)


def test_what_was_told_of_days_that_are_over_is_purged(tmp_path: Path) -> None:
    """After two days, and not before, nothing is left of what a node told, also of one that is gone."""

    async def scenario(clock: StepClock, nodes: list[Node]) -> None:
        (one,) = nodes
        told_at = clock.now()
        one.take(1)
        await one.exchange.exchange()
        one.context.store = SteppedStore(one.context.store, clock).as_store()
        await one.context.store.commit(NoteTime(clock.now()))
        await purge_clock.look(one.context)
        for later, left in ((purges.COUNTS_KEPT - 1, True), (1, False)):
            clock.at += later
            await purges.purge_all(one.context)
            assert await one.context.store.purgeable(PurgeCounts, told_at) is left
        assert purges.COUNTS_KEPT > DAY

    play(tmp_path, scenario, 1)


def test_it_goes_on_by_itself(tmp_path: Path) -> None:
    """Two nodes that are left alone know of each other's tokens soon."""

    async def scenario(_clock: StepClock, nodes: list[Node]) -> None:
        going = [asyncio.create_task(node.exchange.go_on()) for node in nodes]
        for node in nodes:
            node.take(4)
        await until(lambda: {node.tokens()[0] for node in nodes} == {8}, 60)
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    play(tmp_path, scenario, 2)
