"""Purging a PostgreSQL database: dead rows go, nobody waits for it, and it says what stays in the server's files."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from tessera.core import changes
from tessera.ports import StoreUnavailable
from tessera.store.conformance import material
from tessera.store.postgres.address import address
from tessera.store.postgres.purge import SMALL_BYTES, Waits, purge
from tessera.store.purge import Purged, Step
from tests.support import databases, postgres
from tests.support.databases import Kept

MARK = "zq7-personal-"

PATIENT = 60_000
"""A small table may be locked as long as a busy machine takes."""


def files(database: Kept) -> list[str]:
    """The files of the database in which something personal stands."""
    database.execute("checkpoint")
    ((oid,),) = database.rows("select oid from pg_database where datname = current_database()")
    folder = Path(postgres.cluster().data) / "base" / str(oid)
    return [file.name for file in folder.iterdir() if MARK.encode() in file.read_bytes()]


def filled(database: Kept) -> None:
    """Rows with the mark in one table, and their customer in others."""

    async def fill(url: str) -> None:
        store = postgres.store(url)
        try:
            world = await material.furnish(store)
            for n in range(200):
                await store.commit(changes.SetTag(world.customer, f"{MARK}{n}", 1, None, 0, None))
            assert len(await store.tags(world.customer)) >= 200
        finally:
            await store.close()

    asyncio.run(fill(database.url))
    assert files(database) != []
    database.execute(f"delete from tag where name like '{MARK}%'")
    assert files(database) != [], "a deleted row is in the files still"


def grown(database: Kept) -> None:
    """The same, in a table that is too large to be written anew by the way."""
    filled(database)
    database.execute(
        "insert into tag (customer, name, count) select (select max(number) from customer), 'stays-' || n, 1"
        f" from generate_series(1, 100000) n; delete from tag where name like '{MARK}%'"
    )
    assert database.rows(f"select pg_total_relation_size('tag') > {SMALL_BYTES}") == [(True,)]


def done(database: Kept, *, rewrite: bool = False, wait_seconds: float = 60) -> Purged:
    """What came of purging."""
    waits = Waits(wait_seconds, rewrite_milliseconds=PATIENT)
    return purge(address(database.url), lambda *_progress: None, rewrite=rewrite, waits=waits)


def test_nothing_is_left_of_what_was_deleted() -> None:
    """Neither in tables nor in indexes; what was not deleted is there still. Each table is reported."""
    reported: list[tuple[Step, int, int]] = []
    with databases.borrowed() as database:
        filled(database)
        made = purge(address(database.url), lambda *report: reported.append(report), waits=Waits(60, PATIENT))
        assert files(database) == []
        assert 0 < made.bytes_after < made.bytes_before
        assert made.not_rewritten == []
        assert database.rows("select count(*) from organization") == [(2,)]
    assert reported == [(Step.TABLES, number, len(reported)) for number in range(len(reported))]


def test_a_large_table_is_only_vacuumed() -> None:
    """Its dead rows are out of every statement's reach, and it is named: bytes stay until it is written anew."""
    with databases.borrowed() as database:
        grown(database)
        assert done(database).not_rewritten == ["tag"]
        assert files(database) != []
        database.execute("create extension if not exists pgstattuple")
        assert database.rows("select dead_tuple_count from pgstattuple('tag')") == [(0,)]
        database.execute("drop extension pgstattuple")
        assert done(database, rewrite=True).not_rewritten == []
        assert files(database) == []
        assert database.rows("select count(*) from tag where name like 'stays-%'") == [(100_000,)]
        database.execute("truncate tag")


def test_nobody_who_writes_is_waited_for() -> None:
    """While somebody has written to a table and not committed, it is vacuumed all the same, and written anew later."""
    with databases.borrowed() as database, psycopg.connect(database.url) as other:
        filled(database)
        other.execute("update tag set count = count + 1")
        assert "tag" in done(database).not_rewritten
        other.rollback()
        assert done(database).not_rewritten == []
        assert files(database) == []


def test_a_table_that_others_keep_locked() -> None:
    """What was asked to be written anew is given up after a while, with what to do, and nothing is harmed."""
    with databases.borrowed() as database, psycopg.connect(database.url) as other:
        other.execute("select * from tag")
        with pytest.raises(StoreUnavailable, match="run this again when less is going on"):
            done(database, rewrite=True, wait_seconds=0)
        other.execute("lock table tag in share mode")
        with pytest.raises(StoreUnavailable, match="run this again when less is going on"):
            done(database, wait_seconds=0)
        other.rollback()
        assert done(database, rewrite=True).not_rewritten == []


def test_whoever_still_reads_what_was_deleted_is_told() -> None:
    """No vacuum removes a row that a transaction can see: it is waited for, then said."""
    with databases.borrowed() as database, psycopg.connect(database.url) as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.execute("select count(*) from tag")
        filled(database)
        with pytest.raises(StoreUnavailable, match="a backup, a dump, a copy"):
            done(database, wait_seconds=0)
        other.rollback()
        done(database)
        assert files(database) == []
