"""By way of PgBouncer in transaction mode everything works, and no session is taken for our own."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import psycopg
import pytest

from tessera.ports import Unusable
from tessera.store.conformance import CASES, Case
from tessera.store.database import PostgresDatabase
from tessera.store.postgres.address import address
from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver
from tessera.store.store import SQLStore
from tests.outages.stand import Told, organization, warm
from tests.support import postgres
from tests.support.pgbouncer import Bouncer, pgbouncer
from tests.support.stores import run_with_stores
from tests.support.waiting import until

EVERY = 10
"""Of the conformance suite, each tenth case: it is whole on PostgreSQL itself."""


@pytest.fixture(scope="module")
def bouncer() -> Iterator[Bouncer]:
    """PgBouncer with fewer connections than we have lines, so that they are handed around."""
    with pgbouncer(postgres.cluster(), default_pool_size="2", server_idle_timeout="1", server_lifetime="2") as made:
        yield made


def _store(conninfo: str, direct: str, timeout_seconds: float = 30) -> SQLStore:
    where = ConnectionOptions(address(conninfo).conninfo, address(direct).conninfo, timeout_seconds)
    return SQLStore(PostgresDriver(where, Told()))


def _driver(store: SQLStore) -> Any:
    return cast("Any", store)._driver


@pytest.mark.parametrize("case", CASES[::EVERY], ids=[case.name for case in CASES[::EVERY]])
def test_the_store_conforms(bouncer: Bouncer, case: Case) -> None:
    """The store does what the case demands."""
    url = bouncer.url(postgres.cluster().create_database(postgres.template()))
    run_with_stores(lambda: _store(url, url), case.run)


def test_many_callers_at_once_get_their_own_answers(bouncer: Bouncer) -> None:
    """Reads that are sent without waiting are answered in their order, though their connection changes."""

    async def scenario() -> None:
        url = bouncer.url(postgres.cluster().create_database(postgres.template()))
        store = _store(url, url)
        changes = [organization() for _ in range(100)]
        await asyncio.gather(*(store.commit(each) for each in changes))
        for _ in range(20):
            found = await asyncio.gather(
                *(_driver(store).values("select name from organization where name = :name", {"name": each.name})
                  for each in changes)
            )  # fmt: skip
            assert found == [[each.name] for each in changes]
        await store.close()

    asyncio.run(scenario())


def test_nothing_of_ours_stays_in_a_connection_that_others_get(bouncer: Bouncer) -> None:
    """No limit, no prepared statement, no lock and no `listen` is left behind."""

    async def scenario() -> None:
        name = postgres.cluster().create_database(postgres.template())
        store = _store(bouncer.url(name), bouncer.url(name))
        await warm(store)
        for _ in range(5):
            with psycopg.connect(bouncer.url(name), autocommit=True) as other:
                assert other.execute("show statement_timeout").fetchone() == ("0",)
                assert other.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)
                assert other.execute("select count(*) from pg_listening_channels()").fetchone() == (0,)
        locks = "select count(*) from pg_locks where locktype = 'advisory' and pid in"
        ours = f"(select pid from pg_stat_activity where datname = '{name}')"
        assert postgres.cluster().execute(f"{locks} {ours}") == [(0,)]
        await store.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("direct", [True, False], ids=["past it", "through it"])
def test_changes_of_other_nodes_are_heard_or_looked_for(bouncer: Bouncer, *, direct: bool) -> None:
    """With a connection past it they are told at once; without one they are looked for, several times a second."""

    async def scenario() -> None:
        name = postgres.cluster().create_database(postgres.template())
        store = _store(bouncer.url(name), postgres.cluster().url(name) if direct else bouncer.url(name))
        await warm(store)
        other = postgres.store(postgres.cluster().url(name))
        await until(lambda: _driver(store)._feed.connection.current is not None, 30)
        assert _driver(store)._feed.connection.current.pooled is not direct
        while await store.changed():
            pass
        await other.commit(organization())
        async with asyncio.timeout(30):
            while not await store.changed():  # noqa: ASYNC110  # a look is what is tried
                await asyncio.sleep(0.01)
        await asyncio.gather(store.close(), other.close())

    asyncio.run(scenario())


def test_a_purge_leads_past_it(bouncer: Bouncer) -> None:
    """Its limits would stay in a connection that others get: through the pooler it is refused, with what to set."""
    name = postgres.cluster().create_database(postgres.template())
    with pytest.raises(Unusable, match="leads past it by the setting database_direct"):
        PostgresDatabase(bouncer.url(name), None, 30).purge(lambda *_progress: None)
    PostgresDatabase(bouncer.url(name), postgres.cluster().url(name), 30).purge(lambda *_progress: None)
    with psycopg.connect(bouncer.url(name), autocommit=True) as other:
        assert other.execute("show statement_timeout").fetchone() == ("0",)
        assert other.execute("show lock_timeout").fetchone() == ("0",)
