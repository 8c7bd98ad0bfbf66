"""The driver: what is told of notices, and the end of the connection by which they are heard."""

import asyncio
from collections.abc import Awaitable, Callable

from tessera.core.changes import RevokeToken
from tessera.store.conformance import material
from tessera.store.conformance.material import AT
from tessera.store.postgres.address import address
from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver
from tests.support import databases
from tests.support.databases import Kept

RECEIVED_SECONDS = 30.0

ALL = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
END_ALL = f"select pg_terminate_backend(pid) {ALL}"


def play(scenario: Callable[[Kept, PostgresDriver, PostgresDriver], Awaitable[None]]) -> None:
    """Play a scenario with two nodes on a database; the first has looked already."""

    async def whole(database: Kept) -> None:
        one, two = deaf(database.url), deaf(database.url)
        try:
            await until_listening(database, one)
            await scenario(database, one, two)
        finally:
            await one.close()
            await two.close()

    with databases.borrowed() as database:
        asyncio.run(whole(database))


def deaf(url: str) -> PostgresDriver:
    """A driver that looks for nothing by itself, but by what it hears."""
    where = ConnectionOptions(address(url).conninfo, address(url).conninfo, RECEIVED_SECONDS)
    return PostgresDriver(where, lambda _line, _reason: None, poll_seconds=3600)


async def until_listening(database: Kept, driver: PostgresDriver) -> None:
    """Wait until a node hears, and has looked at what it may have missed."""
    until = asyncio.get_running_loop().time() + RECEIVED_SECONDS
    while not database.rows(f"select 1 {ALL} and query ilike 'listen %'"):
        assert asyncio.get_running_loop().time() < until, "nobody listens"
        await driver.changed()
        await asyncio.sleep(0.005)
    for _ in range(3):
        await driver.changed()
        await asyncio.sleep(0.02)


async def until_changed(driver: PostgresDriver) -> None:
    """Wait until there may be notices, and then until that was all."""
    until = asyncio.get_running_loop().time() + RECEIVED_SECONDS
    while not await driver.changed():
        assert asyncio.get_running_loop().time() < until, "nothing was heard"
        await asyncio.sleep(0.005)
    while await driver.changed():
        pass


def test_notices_of_another_node_are_heard() -> None:
    """By the word of the server; what makes no notice is not told of; one's own are noticed too."""

    async def scenario(_database: Kept, one: PostgresDriver, two: PostgresDriver) -> None:
        for number in range(5):
            await two.commit([RevokeToken(number, AT)])
            await until_changed(one)
        await two.commit([material.organization("quiet")])
        assert not await one.changed()
        await one.commit([RevokeToken(99, AT)])
        await until_changed(one)

    play(scenario)


def test_who_was_deaf_looks_and_hears_again() -> None:
    """When the connection by which it heard is gone, a node looks once it has another: it may have missed a word."""

    async def scenario(database: Kept, one: PostgresDriver, _two: PostgresDriver) -> None:
        for turn in range(2):
            assert (True,) in database.rows(END_ALL)
            await until_listening(database, one)
            other = deaf(database.url)
            await other.commit([RevokeToken(turn, AT)])
            await other.close()
            await until_changed(one)

    play(scenario)


def test_reads_go_on_when_their_connection_is_lost() -> None:
    """What was under way, or is asked next, is asked again on another connection."""

    async def scenario(database: Kept, one: PostgresDriver, two: PostgresDriver) -> None:
        await two.commit([material.organization("here")])
        for _ in range(3):
            found = await asyncio.gather(*(one.values("select name from organization", {}) for _ in range(10)))
            assert found == [["here"]] * 10
            database.rows(END_ALL)

    play(scenario)
