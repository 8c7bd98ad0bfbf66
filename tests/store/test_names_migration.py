"""Customers of an older schema get a referrer code, and their names the form in which they are looked for."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tessera import bootstrap, wiring
from tessera.app.keys import creation
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.core.customers import emails, referrer_codes
from tessera.core.keys.wrapping import MasterKey
from tessera.store.store import SQLStore
from tests.support import engines, revisions
from tests.support.clock import StepClock
from tests.support.entropy import CountedEntropy
from tests.support.settings import settings_of

pytestmark = pytest.mark.engines("sqlite", "postgres")

MANY = 1_100
"""More than the migration takes at once."""

NFD, NFC = "cafe\u0301", "caf\u00e9"


def profile(**members: Any) -> str:
    """A profile as it was stored."""
    return json.dumps({"opted_in": False, "referrer_code": "", **members}, ensure_ascii=False, separators=(",", ":"))


PEOPLE: tuple[tuple[str, str, str | None], ...] = (
    ("plain-1", profile(email="Ada@x.example"), "ada@x.example"),
    ("straße", profile(email="info@Straße.example"), "info@strasse.example"),
    (NFD, profile(email=f"{NFD}@x.example"), f"{NFD}@x.example"),
    (" blank ", profile(email=f"{NFC}@x.example"), f"{NFC}@x.example"),
    ("blank", profile(referrer_code="FRIEND"), None),
    ("other friend", profile(referrer_code="FRIEND", first_name='"referrer_code":""'), None),
    ("a\u00adb", profile(), None),
)
"""External id, profile and folded email address of each, as the schema before had them."""


def rows() -> str:
    """The statements that put them there, and many more."""
    made = ["insert into organization (number, name, retailer_id, created_at) values (1, 'Org', 'r', 1)"]
    people = [*PEOPLE, *((f"many-{n}", profile(), None) for n in range(MANY))]
    for number, (external_id, text, folded) in enumerate(people, 1):
        identifiers = json.dumps([{"external_id": external_id, "external_id_type": "t"}], ensure_ascii=False)
        email = "null" if folded is None else f"'{folded}'"
        made.append(
            "insert into customer (number, id, organization, folded_email, profile, standing, identifiers, created_at,"
            f" version, due_at) values ({number}, 'id-{number}', 1, {email}, '{text}', '[[],[],0]', '{identifiers}', 1,"
            " 0, 9)"
        )
        made.append(
            f"insert into identifier (customer, organization, external_id) values ({number}, 1, '{external_id}')"
        )
    made.append("update customer set forgotten_at = 9, profile = '{}', identifiers = '[]' where number = 8")
    return ";\n".join(made)


def test_older_customers_are_found_by_what_they_are_called(tmp_path: Path, engine: str) -> None:
    """Everybody has a code of their own; names are found in their new form, and who cannot have it keeps the old."""
    with revisions.made(tmp_path, engine, "0005") as database:
        revisions.insert(tmp_path, rows())
        database.migrate()
        with engines.reading(tmp_path) as reading:
            found = reading.rows("select number, profile, folded_email, identifiers from customer order by number")
            codes = reading.rows("select code, customer from referrer_code where organization = 1")
            profiles = {number: json.loads(text) for number, text, _, _ in found}
            folded = {number: email for number, _, email, _ in found}
            shown = {number: [each["external_id"] for each in json.loads(text)] for number, _, _, text in found}
        (tmp_path / "master.key").write_text("ab" * 32)
        asyncio.run(looked_up(tmp_path))

    holders = {customer: code for code, customer in codes}
    assert len(holders) == len(codes) == len(PEOPLE) + MANY - 2
    assert profiles[8] == {}
    assert {number for number in profiles if number not in holders} == {6, 8}
    assert all(profiles[number]["referrer_code"] == code for number, code in holders.items())
    assert (holders[5], profiles[6]["referrer_code"]) == ("FRIEND", "FRIEND")
    assert profiles[6]["first_name"] == '"referrer_code":""'
    assert all(referrer_codes.ours(code) for number, code in holders.items() if number != 5)
    assert folded[2] == emails.folded("info@straße.example")
    assert (folded[3], folded[4]) == (f"{NFD}@x.example", f"{NFC}@x.example")
    assert [shown[number] for number in range(1, 8)] == [
        ["plain-1"], ["straße"], [NFC], [" blank "], ["blank"], ["other friend"], ["a\u00adb"]
    ]  # fmt: skip


async def looked_up(folder: Path) -> None:
    """Every external id finds its customer, in the form in which it was stored and in the one that it has now."""
    store = SQLStore(bootstrap.database(settings_of(folder)).driver(lambda _line, _reason: None))
    await creation.create_first(store, MasterKey("ab" * 32), StepClock(20), CountedEntropy())
    await store.close()
    async with wiring.open_context(settings_of(folder)) as context:
        for number, (external_id, _, _) in enumerate(PEOPLE, 1):
            found = await with_external_id(context, 1, external_id)
            expected = 5 if external_id == " blank " else number
            assert found is not None, external_id
            assert found.number == expected, external_id
        composed = await with_external_id(context, 1, NFC)
        assert composed is not None
        assert composed.number == 3
