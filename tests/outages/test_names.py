"""Hosts by name: a name service that is silent, wrong or slow keeps nobody from a database that is there."""

import asyncio
import threading

import pytest

from tessera.store.postgres.resolver import Resolver
from tessera.store.postgres.servers import Servers
from tests.support import postgres


class NameService:
    """Answers with `found`; waits while it is `silent`."""

    def __init__(self, *found: str) -> None:
        self.found = list(found)
        self.speaks = threading.Event()
        self.speaks.set()
        self.asked = 0

    def __call__(self, host: str, port: str) -> list[str]:
        self.asked += 1
        self.speaks.wait(60)
        if not self.found:
            raise OSError(f"{host}:{port} is not known")
        return self.found


def test_what_was_found_last_is_used_while_the_name_service_is_silent() -> None:
    """One look-up is under way, however often is asked; what it finds at last is used from then on."""

    async def scenario() -> None:
        names = NameService("127.0.0.1")
        resolver = Resolver("db.example.com", "5432", names)
        assert await resolver.addresses() == ["127.0.0.1"]
        names.speaks.clear()
        names.found = ["127.0.0.2"]
        assert await resolver.addresses() == ["127.0.0.1"]
        assert await resolver.addresses() == ["127.0.0.1"]
        assert names.asked == 2, "look-ups that hang pile up"
        names.speaks.set()
        async with asyncio.timeout(30):
            while await resolver.addresses() != ["127.0.0.2"]:  # noqa: ASYNC110  # a look-up is what is tried
                await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_name_that_is_forgotten_is_still_found() -> None:
    """An address that was good stays in use when the name service knows it no more; at first it is an error."""

    async def scenario() -> None:
        names = NameService("127.0.0.1")
        resolver = Resolver("db.example.com", "5432", names)
        await resolver.addresses()
        names.found = []
        assert await resolver.addresses() == ["127.0.0.1"]
        with pytest.raises(OSError, match=r"db\.example\.com"):
            await Resolver("db.example.com", "5432", names).addresses()

    asyncio.run(scenario())


def test_a_silent_name_service_costs_a_try_its_time_and_not_more() -> None:
    """The first try ends in time; a host beside it that needs no name is used."""

    async def scenario() -> None:
        names = NameService("127.0.0.1")
        names.speaks.clear()
        servers = Servers("host=db.example.com dbname=t0 user=tessera", 0.2, names)
        with pytest.raises(TimeoutError):
            await servers.connect(lambda _connection, _error: None)
        names.speaks.set()

    asyncio.run(scenario())


def test_a_server_that_was_left_behind_is_not_used() -> None:
    """Once a newer timeline was seen, a server of an older one is refused."""

    async def scenario() -> None:
        cluster = postgres.cluster()
        servers = Servers(f"host={cluster.folder} port={postgres.PORT} dbname=postgres user=tessera", 30)
        connection = await servers.connect(lambda _connection, _error: None)
        assert servers.timeline == connection.timeline == 1
        connection.close("done")
        servers.timeline = 2
        with pytest.raises(Exception, match="left behind"):
            await servers.connect(lambda _connection, _error: None)

    asyncio.run(scenario())
