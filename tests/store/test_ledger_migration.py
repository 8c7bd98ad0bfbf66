"""From the first schema to this one: what customers had is there, numbered, summed and due as it should be."""

import asyncio
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, create_engine

from tessera import wiring
from tessera.app import keys, points
from tessera.app.callers import Caller
from tessera.core.errors import IdempotencyConflict
from tessera.core.keys import MasterKey
from tessera.core.loyalty.orders import Deposit
from tessera.settings import load
from tessera.store import migrate, sqlite
from tessera.store.migrate import SchemaState, migrate_sqlite, sqlite_state
from tessera.store.sqlite import SQLiteDriver
from tessera.store.store import SQLStore
from tests.support import invariants
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy

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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the first schema with customers, brought to this version."""
    path = tmp_path / "tessera.db"
    engine = create_engine(URL.create("sqlite", database=str(path)))
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"pragma application_id = {sqlite.APPLICATION_ID}")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(ROWS)
    assert sqlite_state(path) is SchemaState.OLDER
    migrate_sqlite(path)
    assert sqlite_state(path) is SchemaState.CURRENT
    return path


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    """What a statement reads."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def test_entries_are_numbered_by_customer(path: Path) -> None:
    """Every entry is there with all it had, numbered from 1 in the old order for each customer."""
    assert rows(path, "select customer, number, id, point_account, amount, kind, request, place, idempotency_id,"
                " fingerprint, reference_id, reference_type, point_source_id, occurred_at, expires_at"
                " from ledger_entry order by customer, number") == [
        (4, 1, "e1", 1, 50, "deposit", None, 0, "once", "f1", "ref", "receipt", "till", 11, None),
        (4, 2, "e3", 2, 5, "deposit", None, 0, None, "f3", None, None, None, 13, None),
        (4, 3, "e4", 1, 20, "deposit", None, 0, "twice", "f4", None, None, None, 14, None),
        (5, 1, "e2", 1, 9, "deposit", None, 0, "once", "f2", None, None, None, 12, None),
    ]  # fmt: skip


def test_standings_count_their_entries_and_fall_due(path: Path) -> None:
    """A standing says how many entries there are, and falls due when a level it holds is looked at; or never."""
    found = {
        number: (json.loads(str(standing)), version, due_at)
        for number, standing, version, due_at in rows(path, "select number, standing, version, due_at from customer")
    }

    ada = [[[1, "a1", 70, 70], [2, "a2", 5, 5]], [[1, 2, "m2", 20, 900], [2, 3, "m3", 10, None]], 3]
    assert found[4] == (ada, 0, 900)
    assert found[5] == ([[[1, "b1", 9, 9]], [[1, 1, "m4", 10, 800]], 1], 0, 800)
    assert found[6] == ([[], [[2, 3, "m5", 10, None]], 0], 0, NEVER)


def test_the_history_of_levels_is_kept(path: Path) -> None:
    """Every membership is there in its order; the invariants of the ledger hold."""
    assert rows(path, "select number, customer, id, tier_system, tier_level, joined_at, left_at from membership"
                " order by number") == [
        (1, 4, "m1", 1, 1, 10, 20),
        (2, 4, "m2", 1, 2, 20, None),
        (3, 4, "m3", 2, 3, 10, None),
        (4, 5, "m4", 1, 1, 10, None),
        (5, 6, "m5", 2, 3, 10, None),
    ]  # fmt: skip
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(
            "insert into ledger_entry (customer, number, id, point_account, amount, kind, place, idempotency_id,"
            " occurred_at) values (4, 9, 'e9', 1, 1, 'deposit', 0, 'once', 15)"
        )


def test_an_id_of_old_is_still_known(path: Path, tmp_path: Path) -> None:
    """A deposit made under the first schema is answered and not made again; a new one goes on from it."""
    asked = Deposit("beans", 50, "once", "ref", "receipt", "till")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update ledger_entry set fingerprint = ? where id = 'e1'", (FORMERLY,))
        connection.commit()

    async def both() -> list[int]:
        store = SQLStore(SQLiteDriver(path))
        await keys.create_first(store, MasterKey("ab" * 32), StepClock(20), CountedEntropy())
        await store.close()
        async with wiring.open_house(load(data_dir=tmp_path), clock=StepClock(30)) as house:
            caller = Caller(1, ("openid",))
            orders = [[asked], [asked, Deposit("beans", 1)]]
            answers = [await points.order(house, caller, "r", "ada", each) for each in orders]
            with pytest.raises(IdempotencyConflict):
                await points.order(house, caller, "r", "ada", [Deposit("beans", 51, "once")])
            return [answer.balances[1].available for answer in answers]

    (tmp_path / "master.key").write_text("ab" * 32)
    assert asyncio.run(both()) == [50, 71]
    invariants.check(path)
