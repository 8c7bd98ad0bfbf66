"""Purging a PostgreSQL database: nothing is left of deleted rows in the files of its tables."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from tessera.core import changes
from tessera.ports import StoreUnavailable
from tessera.store.conformance import material
from tessera.store.postgres.address import address
from tessera.store.postgres.purge import purge
from tests.support import databases, postgres
from tests.support.databases import Kept

MARK = "zq7-personal-"


def files(database: Kept) -> list[str]:
    """The files of the database in which something personal stands."""
    database.execute("checkpoint")
    ((oid,),) = database.rows("select oid from pg_database where datname = current_database()")
    folder = Path(postgres.cluster().data) / "base" / str(oid)
    return [file.name for file in folder.iterdir() if MARK.encode() in file.read_bytes()]


def test_nothing_is_left_of_what_was_deleted() -> None:
    """Neither in tables nor in indexes; what was not deleted is there still."""

    async def fill(url: str) -> None:
        store = postgres.store(url)
        try:
            world = await material.furnish(store)
            for n in range(200):
                await store.commit(changes.SetTag(world.customer, f"{MARK}{n}", 1, None, 0, None))
            held = await store.tags(world.customer)
            assert len(held) >= 200
        finally:
            await store.close()

    with databases.borrowed() as database:
        asyncio.run(fill(database.url))
        assert files(database) != []
        database.execute(f"delete from tag where name like '{MARK}%'")
        assert files(database) != [], "a deleted row is in the files still"
        done = purge(address(database.url), lambda _step: None)
        assert files(database) == []
        assert 0 < done.bytes_after < done.bytes_before
        assert database.rows("select count(*) from organization") == [(2,)]


def test_a_table_that_others_keep_busy() -> None:
    """It is given up after a while, with what to do; nobody waits behind it for long, and nothing is harmed."""
    with databases.borrowed() as database, psycopg.connect(database.url) as other:
        other.execute("select * from tag")
        with pytest.raises(StoreUnavailable, match="run it again when less is going on"):
            purge(address(database.url), lambda _step: None, wait_milliseconds=0)
        other.rollback()
        purge(address(database.url), lambda _step: None)
