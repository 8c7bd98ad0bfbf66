"""The network between us and the database goes wrong in every way: no caller waits, and all heals by itself."""

import asyncio

import pytest

from tessera.ports import StoreUnavailable, Unknown
from tessera.store.postgres import transaction
from tests.outages.stand import behind_a_proxy, healed, organization, outcome
from tests.support.waiting import until

CROWD = 300

COMMIT = b"\0" + transaction._COMMIT.key + b"\0"
"""How a commit stands in what is sent: the name of the prepared statement."""


def test_a_black_hole_keeps_nobody_waiting_and_all_heals() -> None:
    """Reads and writes that were under way are refused in time, those that come later at once; then all goes on."""

    async def scenario() -> None:
        async with behind_a_proxy() as (store, proxy, told):
            proxy.stall()
            crowd = [outcome(store.last_sequence()) for _ in range(CROWD)]
            crowd += [outcome(store.commit(organization())) for _ in range(CROWD)]
            for ended, _ in await asyncio.gather(*crowd):
                assert ended in (StoreUnavailable, Unknown)
            late = await asyncio.gather(*(outcome(store.last_sequence()) for _ in range(CROWD)))
            assert all(ended is StoreUnavailable for ended, _ in late)
            assert min(seconds for _, seconds in late) < 0.5, "somebody still waits for a database that is away"
            proxy.flow()
            await healed(store)
            assert {reason for _, reason in told.events} != {None}

    asyncio.run(scenario())


def test_a_slow_database_is_waited_for() -> None:
    """An answer that takes long and comes in time is taken."""

    async def scenario() -> None:
        async with behind_a_proxy(timeout_seconds=20) as (store, proxy, _):
            proxy.delay_seconds = 0.2
            assert (await outcome(store.last_sequence()))[0] is None
            assert (await outcome(store.commit(organization())))[0] is None

    asyncio.run(scenario())


def test_a_database_that_is_slower_than_anybody_waits_refuses() -> None:
    """A write that waits behind others and for its own answers is refused in time, all waits together."""

    async def scenario() -> None:
        async with behind_a_proxy() as (store, proxy, _):
            proxy.delay_seconds = 1.0
            ended = await asyncio.gather(*(outcome(store.commit(organization())) for _ in range(CROWD)))
            assert {each for each, _ in ended} <= {StoreUnavailable, Unknown}
            assert max(seconds for _, seconds in ended) < CROWD / 10, "each waits for itself"
            proxy.delay_seconds = 0.0
            await healed(store)

    asyncio.run(scenario())


@pytest.mark.parametrize("fault", ["reset", "half_close"])
def test_broken_connections_are_made_again_before_anybody_notices(fault: str) -> None:
    """After a device broke or half closed every connection, the next reads and writes are done."""

    async def scenario() -> None:
        async with behind_a_proxy(timeout_seconds=20) as (store, proxy, _):
            getattr(proxy, fault)()
            calls = [outcome(store.last_sequence()) for _ in range(4)] + [outcome(store.commit(organization()))]
            for ended, _ in await asyncio.gather(*calls):
                assert ended is None

    asyncio.run(scenario())


def test_a_commit_whose_answer_is_lost_is_unknown_and_may_be_made_again() -> None:
    """The caller is not told that nothing was done; what was done is there, and doing it again changes nothing."""

    async def scenario() -> None:
        async with behind_a_proxy() as (store, proxy, _):
            proxy.swallow_after = COMMIT
            change = organization("lost answer")
            ended, _ = await outcome(store.commit(change))
            assert ended is Unknown
            assert proxy.swallowed
            proxy.swallow_after = None
            await healed(store, organization("another"))
            names = [each.name for each in await store.organizations()]
            assert "lost answer" in names

    asyncio.run(scenario())


def test_a_commit_whose_connection_breaks_before_the_answer_is_unknown() -> None:
    """The connection is lost long before the deadline; the caller is not told that nothing was done."""

    async def scenario() -> None:
        async with behind_a_proxy(timeout_seconds=20) as (store, proxy, _):
            proxy.swallow_after = COMMIT
            writing = asyncio.create_task(outcome(store.commit(organization("lost connection"))))
            await until(lambda: proxy.swallowed > 0)
            proxy.swallow_after = None
            proxy.reset()
            assert (await writing)[0] is Unknown
            await healed(store)
            assert "lost connection" in [each.name for each in await store.organizations()]

    asyncio.run(scenario())


def test_a_caller_whose_deadline_passes_before_the_commit_has_written_nothing() -> None:
    """The statements are answered too late for the caller, and in time for the connection: they are rolled back."""

    async def scenario() -> None:
        async with behind_a_proxy(timeout_seconds=3) as (store, proxy, _):
            proxy.delay_seconds = 1.2  # of two answers a commit: the second one's statements are answered after 3.6
            first = asyncio.create_task(outcome(store.commit(organization())))
            for _ in range(5):
                await asyncio.sleep(0)  # its transaction has begun, so that the second caller waits for the next one
            late = organization("too late")
            assert (await outcome(store.commit(late)))[0] is StoreUnavailable
            await first
            proxy.delay_seconds = 0.0
            await healed(store)
            assert late.name not in [each.name for each in await store.organizations()]

    asyncio.run(scenario())


def test_a_transaction_that_was_never_committed_is_told_as_nothing() -> None:
    """Where the statements are swallowed, nothing was written, and the caller is told so."""

    async def scenario() -> None:
        async with behind_a_proxy() as (store, proxy, _):
            proxy.deaf = True
            assert (await outcome(store.commit(organization("never there"))))[0] is StoreUnavailable
            proxy.flow()
            await healed(store)
            assert "never there" not in [each.name for each in await store.organizations()]

    asyncio.run(scenario())


def test_nothing_piles_up_while_the_database_is_silent() -> None:
    """Ever more callers leave no more connections, tasks or jobs behind."""

    async def scenario() -> None:
        async with behind_a_proxy(timeout_seconds=0.5) as (store, proxy, _):
            proxy.stall()
            await asyncio.gather(*(outcome(store.commit(organization())) for _ in range(CROWD)))
            before = len(asyncio.all_tasks())
            for _ in range(20):
                await asyncio.gather(*(outcome(store.commit(organization())) for _ in range(CROWD)))
                await asyncio.gather(*(outcome(store.last_sequence()) for _ in range(CROWD)))
                await asyncio.sleep(0.1)
            assert len(asyncio.all_tasks()) <= before + 100, "tasks pile up"
            proxy.flow()
            await healed(store)

    asyncio.run(scenario())
