"""A store on PostgreSQL behind a proxy of our own, and what a caller meets there."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from tessera.core.changes import AddOrganization, Change
from tessera.ports import Store, StoreError
from tessera.store.postgres.address import address
from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver
from tessera.store.store import SQLStore
from tests.support import postgres
from tests.support.wire_proxy import WireProxy

TIMEOUT_SECONDS = 1.5
"""As operators have it by default."""

BOUND_SECONDS = 60.0
"""By when every caller has an answer, on a machine however busy; without a bound of ours none would come."""

_numbers = count(1)


def organization(name: str | None = None) -> AddOrganization:
    """A change whose effect is easily seen."""
    name = name or f"organization-{next(_numbers)}"
    return AddOrganization(name, f"r-{name}", 1)


async def outcome(asked: Awaitable[object]) -> tuple[type[StoreError] | None, float]:
    """What a call ended in (None when it was done), and after how many seconds."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            await asked
    except StoreError as error:
        return type(error), time.monotonic() - began
    return None, time.monotonic() - began


async def healed(store: Store, *changes: Change, seconds: float = 30.0) -> float:
    """Wait until reads and writes are done again; how long that took."""

    async def read_and_written() -> None:
        await store.last_sequence()
        await store.commit(*(changes or (organization(),)))

    return await done(read_and_written, seconds)


async def done(attempt: Callable[[], Awaitable[None]], seconds: float = 30.0) -> float:
    """Try until the store does it; how long that took."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        try:
            await attempt()
        except StoreError:
            await asyncio.sleep(0.02)
        else:
            return time.monotonic() - began
    raise TimeoutError


class Told:
    """What the operator is told of the lines."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str | None]] = []

    def __call__(self, line: str, reason: str | None) -> None:
        self.events.append((line, reason))


@asynccontextmanager
async def opened(url: str, told: Told | None = None, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[Store]:
    """A store on a database."""
    conninfo = address(url).conninfo
    store = SQLStore(PostgresDriver(ConnectionOptions(conninfo, conninfo, timeout_seconds), told or Told()))
    try:
        yield store
    finally:
        await store.close()


def socket_of(cluster: postgres.Cluster) -> str:
    """The file of a cluster's socket."""
    return str(Path(cluster.folder) / f".s.PGSQL.{postgres.PORT}")


@asynccontextmanager
async def behind_a_proxy(timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[tuple[Store, WireProxy, Told]]:
    """A store that has read and written, over a proxy."""
    cluster = postgres.cluster()
    name = cluster.create_database(postgres.template())
    told = Told()
    async with WireProxy(socket_of(cluster)) as proxy:
        url = f"postgresql://tessera@127.0.0.1:{proxy.port}/{name}?sslmode=disable"
        async with opened(url, told, timeout_seconds) as store:
            try:
                await warm(store)
                yield store, proxy, told
            finally:
                proxy.flow()


async def warm(store: Store) -> None:
    """Have every line connected, on a machine however busy."""

    async def every_line() -> None:
        await store.changed()
        await asyncio.gather(store.last_sequence(), store.last_sequence())

    await done(every_line)
    await healed(store)
