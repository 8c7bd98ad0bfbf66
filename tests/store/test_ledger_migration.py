"""From the first schema to this one: what customers had is there, numbered, summed and due as it should be."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tessera import bootstrap, wiring
from tessera.app.callers import Caller
from tessera.app.keys import creation
from tessera.app.loyalty import points
from tessera.core.errors import IdempotencyConflict
from tessera.core.keys.wrapping import MasterKey
from tessera.core.loyalty.orders import Deposit
from tessera.store import migrations
from tessera.store.migrate import SchemaState
from tessera.store.store import SQLStore
from tests.support import engines, invariants, revisions
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy
from tests.support.settings import settings_of

NEVER = 2**62

FORMERLY = hashlib.sha256(
    b'{"point_account_id":"beans","amount":50,"idempotency_id":"once","reference_id":"ref","reference_type":"receipt",'
    b'"point_source_id":"till"}'
).hexdigest()[:32]
"""The fingerprint that the first version of the program gave a deposit."""

ROWS = """
insert into organization (number, name, retailer_id, created_at) values (1, 'Org', 'r', 0);
insert into point_account (number, id, organization, name, grouping_label)
    values (1, 'beans', 1, 'Beans', 'Spend'), (2, 'status', 1, 'Status', 'Tier');
insert into tier_system (number, id, organization, name, maintenance_days)
    values (1, 'club', 1, 'Club', 365), (2, 'other', 1, 'Other', null);
insert into tier_level (number, id, tier_system, rank, name)
    values (1, 'l0', 1, 0, 'L0'), (2, 'l1', 1, 1, 'L1'), (3, 'o0', 2, 0, 'O0');
insert into customer (number, id, organization, profile, standing, identifiers, created_at) values
    (4, 'ada', 1, '{}', '[[[1,"a1",70,70],[2,"a2",5,5]],[[1,2,"m2",20,900],[2,3,"m3",10,null]]]', '[]', 0),
    (5, 'bob', 1, '{}', '[[[1,"b1",9,9]],[[1,1,"m4",10,800]]]', '[]', 0),
    (6, 'eve', 1, '{}', '[[],[[2,3,"m5",10,null]]]', '[]', 0);
insert into ledger_entry (number, id, customer, point_account, amount, kind, idempotency_id, fingerprint,
    reference_id, reference_type, point_source_id, occurred_at) values
    (3, 'e1', 4, 1, 50, 'deposit', 'once', 'f1', 'ref', 'receipt', 'till', 11),
    (5, 'e2', 5, 1, 9, 'deposit', 'once', 'f2', null, null, null, 12),
    (7, 'e3', 4, 2, 5, 'deposit', null, 'f3', null, null, null, 13),
    (9, 'e4', 4, 1, 20, 'deposit', 'twice', 'f4', null, null, null, 14);
insert into membership (number, id, customer, tier_system, tier_level, joined_at, next_maintenance_eval_at, left_at)
    values (1, 'm1', 4, 1, 1, 10, 100, 20), (2, 'm2', 4, 1, 2, 20, 900, null), (3, 'm3', 4, 2, 3, 10, null, null),
    (4, 'm4', 5, 1, 1, 10, 800, null), (5, 'm5', 6, 2, 3, 10, null, null);
"""


REVISIONS = sorted(file.name[:4] for file in (Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))


@pytest.fixture(params=[(engine, revision) for engine in engines.ENGINES for revision in REVISIONS[:-1]])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The data folder of a database of the first schema with customers, brought to this version, by a stop on the way.

    A version between was there for a while, and then this one came.
    """
    engine, between = request.param
    with revisions.made(tmp_path, engine, "0001") as database:
        revisions.insert(tmp_path, ROWS)
        revisions.upgrade(tmp_path, between)
        assert database.state() is SchemaState.OLDER
        database.migrate()
        assert database.state() is SchemaState.CURRENT
        yield tmp_path


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    """What a statement reads."""
    with engines.reading(folder) as database:
        return database.rows(statement)


def test_entries_are_numbered_by_customer(folder: Path) -> None:
    """Every entry is there with all it had, numbered from 1 in the old order for each customer."""
    assert rows(folder, "select customer, number, id, point_account, amount, kind, request, place, idempotency_id,"
                " fingerprint, reference_id, reference_type, point_source_id, occurred_at, expires_at"
                " from ledger_entry order by customer, number") == [
        (4, 1, "e1", 1, 50, "deposit", None, 0, "once", "f1", "ref", "receipt", "till", 11, None),
        (4, 2, "e3", 2, 5, "deposit", None, 0, None, "f3", None, None, None, 13, None),
        (4, 3, "e4", 1, 20, "deposit", None, 0, "twice", "f4", None, None, None, 14, None),
        (5, 1, "e2", 1, 9, "deposit", None, 0, "once", "f2", None, None, None, 12, None),
    ]  # fmt: skip


def test_standings_count_their_entries_and_fall_due(folder: Path) -> None:
    """A standing says how many entries there are, and falls due when a level it holds is looked at; or never."""
    found = {
        number: (json.loads(str(standing)), version, due_at)
        for number, standing, version, due_at in rows(folder, "select number, standing, version, due_at from customer")
    }

    ada = [[[1, "a1", 70, 70], [2, "a2", 5, 5]], [[1, 2, "m2", 20, 900], [2, 3, "m3", 10, None]], 3]
    assert found[4] == (ada, 0, 900)
    assert found[5] == ([[[1, "b1", 9, 9]], [[1, 1, "m4", 10, 800]], 1], 0, 800)
    assert found[6] == ([[], [[2, 3, "m5", 10, None]], 0], 0, NEVER)


def test_the_history_of_levels_is_kept(folder: Path) -> None:
    """Every membership is there in its order; the invariants of the ledger hold."""
    assert rows(folder, "select number, customer, id, tier_system, tier_level, joined_at, left_at from membership"
                " order by number") == [
        (1, 4, "m1", 1, 1, 10, 20),
        (2, 4, "m2", 1, 2, 20, None),
        (3, 4, "m3", 2, 3, 10, None),
        (4, 5, "m4", 1, 1, 10, None),
        (5, 6, "m5", 2, 3, 10, None),
    ]  # fmt: skip
    with (
        pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)),
        engines.writing(folder) as database,
    ):
        database.rows(
            "insert into ledger_entry (customer, number, id, point_account, amount, kind, place, idempotency_id,"
            " occurred_at) values (4, 9, 'e9', 1, 1, 'deposit', 0, 'once', 15)"
        )


def test_an_id_of_old_is_still_known(folder: Path) -> None:
    """A deposit made under the first schema is answered and not made again; a new one goes on from it."""
    asked = Deposit("beans", 50, "once", "ref", "receipt", "till")
    with engines.writing(folder) as database:
        database.rows("update ledger_entry set fingerprint = ? where id = 'e1'", FORMERLY)

    async def both() -> list[int]:
        store = SQLStore(bootstrap.database(settings_of(folder)).driver(lambda _line, _reason: None))
        await creation.create_first(store, MasterKey("ab" * 32), StepClock(20), CountedEntropy())
        await store.close()
        async with wiring.open_context(settings_of(folder), clock=StepClock(30)) as context:
            caller = Caller(1, ("openid",))
            orders = [[asked], [asked, Deposit("beans", 1)]]
            answers = [await points.order(context, caller, "r", "ada", each) for each in orders]
            with pytest.raises(IdempotencyConflict):
                await points.order(context, caller, "r", "ada", [Deposit("beans", 51, "once")])
            return [answer.balances[1].available for answer in answers]

    (folder / "master.key").write_text("ab" * 32)
    assert asyncio.run(both()) == [50, 71]
    invariants.check(folder)
