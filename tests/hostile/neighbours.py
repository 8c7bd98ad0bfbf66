"""What bad requests need beyond the world: events and sources, and a second organization that has everything too."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tessera.app import customers, organizations
from tessera.app.house import House
from tessera.core.changes import AddTierLevel, AddTierSystem
from tessera.core.customers import NewCustomer
from tessera.store.folder import DATABASE
from tests.support import deeds, world

EVENT = "visited-shop"
THEIR_EVENT = "baked-bread"
THEIR_EXTERNAL_ID = "their card"


def furnish(folder: Path) -> dict[str, str]:
    """Add it to a demonstration; the values of the world and of the neighbours."""
    values = world.furnish(folder)
    program = deeds.do(folder, lambda house: house.directory.programs.get(1))
    assert program is not None
    values["tier_level"] = program.systems[0].levels[1].id
    values.update(deeds.do(folder, lambda house: _neighbour(house, values["their_retailer_id"])))
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        values["source"] = _source(connection, 1)
        values["their_source"] = _source(connection, 2)
        values["event"] = _event(connection, 1, EVENT, values["beans"])
        values["their_event"] = _event(connection, 2, THEIR_EVENT, values["their_account"])
        connection.executemany("insert into change (kind, key) values ('program', ?)", [("1",), ("2",)])
    return values


async def _neighbour(house: House, retailer_id: str) -> dict[str, str]:
    other = next(each for each in await organizations.every(house) if each.retailer_id == retailer_id)
    system, level = house.new_uuid(), house.new_uuid()
    await house.commit(
        AddTierSystem(other.number, system, "Bakers", None), AddTierLevel(other.number, level, system, 0, "Apprentice")
    )
    program = await house.directory.programs.get(other.number)
    assert program is not None
    customer_id = house.new_uuid()
    person = NewCustomer(external_id=THEIR_EXTERNAL_ID, email="baker@bakery.example")
    await house.commit(*customers.creation(house, other.number, program, customer_id, person))
    return {
        "their_tier_system": system,
        "their_tier_level": level,
        "their_customer_id": customer_id,
        "their_external_id": THEIR_EXTERNAL_ID,
    }


def _source(connection: sqlite3.Connection, organization: int) -> str:
    source = f"source-{organization}"
    connection.execute(
        "insert into point_source (id, organization, name) values (?, ?, 'Shop')", (source, organization)
    )
    return source


def _event(connection: sqlite3.Connection, organization: int, lookup: str, account: str) -> str:
    made = connection.execute(
        "insert into event_rule (id, organization, lookup, name) values (?, ?, ?, 'An event')",
        (f"event-{organization}", organization, lookup),
    )
    connection.execute(
        "insert into event_award (event_rule, point_account, amount) select ?, number, 10000 from point_account"
        " where id = ?",
        (made.lastrowid, account),
    )
    return lookup
