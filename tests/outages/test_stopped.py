"""A server of the tests' own is stopped, killed, full, or has no connection left: refused at once, and healed alone."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest

from tessera.ports import Store, StoreUnavailable, Unknown
from tessera.store.postgres.address import address
from tessera.store.postgres.schema import migrate
from tests.outages.stand import Told, healed, opened, organization, outcome, warm
from tests.support.postgres import Cluster
from tests.support.small_disk import small_disk
from tests.support.waiting import until

LINES = {"read-1", "read-2", "write", "write-beside", "feed"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server that may be stopped, with few connections."""
    made = Cluster(max_connections="20", superuser_reserved_connections="3")
    try:
        made.start()
        made.execute("create role tessera login")
        made.execute("create database t0 owner tessera")
        migrate(address(made.url("t0")))
        yield made
    finally:
        made.remove()


async def _hammer(store: Store, acknowledged: list[str], failures: list[type[Exception]], stop: asyncio.Event) -> None:
    """Write until told to stop; names that were acknowledged, and what else happened."""
    while not stop.is_set():
        change = organization()
        ended, _ = await outcome(store.commit(change))
        if ended is None:
            acknowledged.append(change.name)
        else:
            failures.append(ended)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stopped_server_is_told_at_once_and_heals_alone(cluster: Cluster, mode: str) -> None:
    """Stopped in order or killed under load: callers are refused at once, nothing that was acknowledged is lost."""

    async def scenario() -> None:
        told = Told()
        async with opened(cluster.url("t0"), told) as store:
            await warm(store)
            acknowledged: list[str] = []
            failures: list[type[Exception]] = []
            stop = asyncio.Event()
            load = [asyncio.create_task(_hammer(store, acknowledged, failures, stop)) for _ in range(8)]
            try:
                await asyncio.sleep(0.3)
                await asyncio.to_thread(cluster.stop, mode)
                late = await asyncio.gather(*(outcome(store.last_sequence()) for _ in range(50)))
                assert {ended for ended, _ in late} == {StoreUnavailable}
                assert min(seconds for _, seconds in late) < 0.5
                await until(lambda: {line for line, reason in told.events if reason} == LINES)
                assert len(told.events) == len(LINES), "the same is told again and again"
                await asyncio.to_thread(cluster.start)
                await healed(store)
            finally:
                stop.set()
                await asyncio.gather(*load)
                names = {each.name for each in await store.organizations()}
            assert acknowledged
            assert set(acknowledged) <= names, "something acknowledged is lost"
            assert set(failures) <= {StoreUnavailable, Unknown}

    asyncio.run(scenario())


def test_a_storm_of_terminated_connections_loses_nothing(cluster: Cluster) -> None:
    """Connections are ended all the time under load: reads go on, and what was acknowledged is there."""

    async def scenario() -> None:
        async with opened(cluster.url("t0")) as store:
            await warm(store)
            acknowledged: list[str] = []
            failures: list[type[Exception]] = []
            stop = asyncio.Event()
            load = [asyncio.create_task(_hammer(store, acknowledged, failures, stop)) for _ in range(8)]
            storm = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'tessera'"
            ended = 0
            try:
                for _ in range(20):
                    ((count,),) = await asyncio.to_thread(cluster.execute, storm)
                    ended += int(str(count))
                    await asyncio.sleep(0.03)
                await healed(store)
            finally:
                stop.set()
                await asyncio.gather(*load)
                names = {each.name for each in await store.organizations()}
            assert ended > 20
            assert acknowledged
            assert set(acknowledged) <= names, "something acknowledged is lost"

    asyncio.run(scenario())


def test_connections_that_are_held_are_kept_when_others_take_the_rest(cluster: Cluster) -> None:
    """Others take every connection: whoever holds his own goes on; without one he is refused, and heals when he can."""

    async def scenario() -> None:
        told = Told()
        async with opened(cluster.url("t0"), told) as store:
            await warm(store)
            others: list[psycopg.Connection] = []
            try:
                await asyncio.to_thread(_take_all, cluster, others)
                assert (await outcome(store.last_sequence()))[0] is None
                assert (await outcome(store.commit(organization())))[0] is None
                _take_ours(cluster, others)
                await until(
                    lambda: any("slots" in (reason or "") or "many" in (reason or "") for _, reason in told.events)
                )
                assert (await outcome(store.commit(organization())))[0] is StoreUnavailable
            finally:
                for each in others:
                    each.close()
            await healed(store)

    asyncio.run(scenario())


def _take_all(cluster: Cluster, others: list[psycopg.Connection]) -> None:
    while True:
        try:
            others.append(psycopg.connect(cluster.url("postgres", "tessera")))
        except psycopg.OperationalError:
            return


def _take_ours(cluster: Cluster, others: list[psycopg.Connection]) -> None:
    """End the connections of the store and take their places, before its loop has a turn."""
    keeper = psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True)  # has a place of its own
    others.append(keeper)
    ours = "from pg_stat_activity where application_name = 'tessera'"
    keeper.execute(f"select pg_terminate_backend(pid) {ours}".encode())
    latest = time.monotonic() + 30
    while left := keeper.execute(f"select pid {ours}".encode()).fetchall():
        assert time.monotonic() < latest, f"connections of the store outlive their end: {left}"
    _take_all(cluster, others)


def test_a_full_disk_refuses_what_it_cannot_hold_and_heals_when_there_is_room() -> None:
    """Writes are refused while reads go on; with room again they are taken, and nothing acknowledged is lost."""
    with small_disk() as disk:
        made = Cluster(disk.folder, min_wal_size="32MB", max_wal_size="32MB", autovacuum="off")
        try:
            made.start()
            made.execute("create role tessera login")
            made.execute("create database t0 owner tessera")
            migrate(address(made.url("t0")))
            made.execute("checkpoint")

            async def scenario() -> None:
                async with opened(made.url("t0")) as store:
                    await warm(store)
                    acknowledged: list[str] = []
                    refused: list[type[Exception]] = []
                    disk.fill()
                    async with asyncio.timeout(60):
                        while len(refused) < 5:
                            changes = [organization() for _ in range(200)]
                            ended, _ = await outcome(store.commit(*changes))
                            if ended is None:
                                acknowledged += [each.name for each in changes]
                            else:
                                refused.append(ended)
                    assert set(refused) <= {StoreUnavailable, Unknown}
                    disk.empty()
                    await healed(store)
                    assert set(acknowledged) <= {each.name for each in await store.organizations()}

            asyncio.run(scenario())
        finally:
            made.remove()
