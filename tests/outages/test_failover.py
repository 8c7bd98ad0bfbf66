"""A primary dies and its standby is promoted: nothing acknowledged is lost, and the old primary is not written to."""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tessera.core.changes import TakeLease
from tessera.ports import Store, StoreUnavailable, Unknown
from tests.outages.pair import DATABASE, Pair
from tests.outages.stand import healed, opened, organization, outcome, warm
from tests.support.postgres import PORT
from tests.support.waiting import until, wait_until

REFUSED_AT_ONCE_SECONDS = 0.5

NEW_CONNECTION_SECONDS = 60.0

WAITING = "select pid from pg_stat_activity where wait_event = 'SyncRep'"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A primary and its synchronous standby."""
    made = Pair()
    try:
        yield made
    finally:
        made.remove()


async def _names(store: Store) -> set[str]:
    return {each.name for each in await store.organizations()}


def test_a_failover_loses_nothing_and_leaves_the_old_primary_alone(pair: Pair) -> None:
    """What was acknowledged is on the promoted standby; the old primary, back again, gets no connection of ours."""

    async def scenario() -> None:
        async with opened(pair.url(DATABASE)) as store:
            acknowledged: list[str] = []
            stop = asyncio.Event()
            longest = 0.0

            async def hammer() -> None:
                nonlocal longest
                last = time.monotonic()
                while not stop.is_set():
                    change = organization()
                    ended, _ = await outcome(store.commit(change))
                    assert ended in (None, StoreUnavailable, Unknown)
                    if ended is None:
                        acknowledged.append(change.name)
                        longest, last = max(longest, time.monotonic() - last), time.monotonic()
                    else:
                        await asyncio.sleep(0.01)

            await warm(store)
            load = [asyncio.create_task(hammer()) for _ in range(4)]
            await until(lambda: len(acknowledged) > 20, 30)
            await asyncio.to_thread(pair.first.stop, "immediate")
            await asyncio.to_thread(pair.promote)
            await healed(store)
            before = len(acknowledged)
            await until(lambda: len(acknowledged) > before + 20, 30)
            stop.set()
            await asyncio.gather(*load)
            assert set(acknowledged) <= await _names(store), "something acknowledged is lost"
            print(f"outage seen by a caller: {longest:.2f} s")

            await asyncio.to_thread(pair.first.start)  # it takes itself for the primary, and is named first
            await asyncio.to_thread(
                pair.second.execute, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tessera'"
            )
            after = organization("after the old one came back")
            await healed(store, after)
            assert after.name in await _names(store)
            old = await asyncio.to_thread(pair.first.execute, "select name from organization", DATABASE)
            assert (after.name,) not in old, "the old primary was written to"

    asyncio.run(scenario())


def test_a_commit_that_waits_for_a_standby_is_never_called_done(pair: Pair) -> None:
    """Without the standby a write is unknown, then refused; nothing piles up, and a cancelled wait is no success."""

    async def scenario() -> None:
        async with opened(pair.url(DATABASE)) as store:
            await warm(store)
            await asyncio.to_thread(pair.second.stop, "immediate")
            assert (await outcome(store.commit(organization())))[0] is Unknown
            for _ in range(3):
                assert (await outcome(store.commit(organization())))[0] in (StoreUnavailable, Unknown)
            beside = [TakeLease(f"lease {number}", "holder", 0, 1) for number in range(3)]
            for each in beside:
                seconds, latest = 0.0, time.monotonic() + NEW_CONNECTION_SECONDS
                while seconds < REFUSED_AT_ONCE_SECONDS:  # until it was tried over a new connection
                    assert time.monotonic() < latest, "commits are refused at once: no new connection is made"
                    ended, seconds = await outcome(store.commit(each))
                    assert ended in (StoreUnavailable, Unknown)
                    await asyncio.sleep(0.02)
            assert len(await asyncio.to_thread(pair.first.execute, WAITING)) == 2, "commits pile up at the server"
            await asyncio.to_thread(pair.second.start)
            await healed(store)

    asyncio.run(scenario())


def test_a_wait_for_a_standby_that_somebody_cancels_is_unknown(pair: Pair) -> None:
    """PostgreSQL calls it done, with a warning, though the standby never had it; the caller is told neither."""

    async def scenario() -> None:
        async with opened(pair.url(DATABASE), timeout_seconds=30) as store:
            await warm(store)
            await asyncio.to_thread(pair.second.stop, "immediate")
            writing = asyncio.create_task(outcome(store.commit(organization("cancelled"))))
            await asyncio.to_thread(_cancel_one, pair)
            assert (await writing)[0] is Unknown

    asyncio.run(scenario())


def test_another_client_takes_a_cancelled_wait_for_success(pair: Pair) -> None:
    """The control: whoever does not heed warnings acknowledges what only one disk has."""
    pair.second.stop("immediate")
    with psycopg.connect(pair.first.url(DATABASE), autocommit=True) as connection, ThreadPoolExecutor(1) as beside:
        cancelled = beside.submit(_cancel_one, pair)
        done = connection.execute("insert into lease (name, holder, ends_at) values ('only here', 'x', 0)")
        cancelled.result(30)
        assert done.rowcount == 1


def test_the_limit_of_statements_does_not_cut_a_commit_off(pair: Pair) -> None:
    """A wait for a standby outlasts it, so that nothing is called done for want of time; the caller gives it up."""
    pair.second.stop("immediate")
    with psycopg.connect(pair.first.url(DATABASE), autocommit=True, options="-c statement_timeout=100") as connection:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("select pg_sleep(30)")
        with ThreadPoolExecutor(1) as beside:
            insert = b"insert into lease (name, holder, ends_at) values ('waits', 'x', 0)"
            writing = beside.submit(connection.execute, insert)
            wait_until(lambda: bool(pair.first.execute(WAITING)))
            with pytest.raises(TimeoutError):
                writing.result(1)
            _cancel_one(pair)
            writing.result(30)


def _cancel_one(pair: Pair) -> None:
    """End a wait for the standby, once there is one."""
    wait_until(lambda: bool(pair.first.execute(WAITING)))
    pair.first.execute(f"select pg_cancel_backend(pid) from ({WAITING}) as waiting")


def test_a_host_that_is_gone_without_a_word_costs_no_time(pair: Pair) -> None:
    """Hosts are tried side by side: one that never answers does not keep the others from it."""

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            hosts = f"host=127.0.0.1,{pair.first.folder}&port={silent.getsockname()[1]},{PORT}"
            async with opened(f"postgresql://tessera@/t0?{hosts}") as store:
                assert (await outcome(store.last_sequence()))[0] is None

    asyncio.run(scenario())
