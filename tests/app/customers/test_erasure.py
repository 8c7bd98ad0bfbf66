"""Forgetting a customer: everything personal is gone, from the answers, the tables and the bytes of the files."""

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from tessera import bootstrap, wiring
from tessera.app.customers import activity, customers, erasure, updates
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.files import bulk_import
from tessera.app.customers.files.rows import Row
from tessera.app.loyalty import points, programs, purchases
from tessera.core.changes import AddUserEvent
from tessera.core.customers.customers import Include, NewCustomer, PhoneNumber
from tessera.core.customers.profiles import CustomerUpdate
from tessera.core.errors import UserNotFound
from tessera.core.loyalty.declaration import Declaration
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import UNITS
from tessera.core.loyalty.purchase_rules import Item
from tessera.core.loyalty.purchases import Kind, Transaction
from tests.support import engines, invariants
from tests.support.scene import Scene, play, status
from tests.support.settings import settings_of

MARK = "Zqx7"
"""Stands in every value that is personal, and nowhere else."""


def marked(field: str) -> str:
    """A distinctive value for a field."""
    return f"{MARK}-{field}"


TEXTS = ("address", "address2", "city", "zip", "dma", "state", "last_name", "first_name", "referrer_code")


async def somebody(scene: Scene) -> str:
    """A customer with something distinctive in every field, and in everything noted of it."""
    new: dict[str, object] = {
        **{name: marked(name) for name in TEXTS},
        "external_id_type": marked("type"),
        "email": f"{MARK}@{MARK}.example",
        "dob": "1987-06-05",
        "gender": "f",
        "country": "WLF",
        "locale": marked("locale"),
        "phone_numbers": [PhoneNumber("+7 (770) 777-0707", marked("kind"), [marked("flag")])],
        "user_profile": {marked("member"): msgspec.Raw(json.dumps(marked("value")).encode())},
    }
    customer_id = await scene.customer(marked("card"), **new)
    named = CustomerRef(customer_id)
    key = scene.shop.api_key
    sent = CustomerUpdate(external_id=marked("second-card"), first_name=marked("new-name"))
    await updates.update(scene.context, scene.caller, key, named, sent, Include())
    await activity.tag(scene.context, scene.caller, key, named, [marked("tag")], None)
    await activity.count(scene.context, scene.caller, key, named, {marked("behaviour"): 3})
    deposit = Deposit("account-spend", 5 * UNITS, marked("once"), marked("order"), marked("order-type"))
    await scene.deposit(customer_id, deposit, status(700))
    spend = Spend(("account-spend",), UNITS, marked("spent"), marked("receipt"), marked("receipt-type"))
    await points.order(scene.context, scene.caller, scene.retailer_id, customer_id, [spend])
    known = await scene.context.store.customer(1, customer_id)
    assert known is not None
    await scene.context.commit(AddUserEvent(known.number, scene.context.new_uuid(), marked("lookup"), 1))
    await buy(scene, customer_id)
    return customer_id


async def buy(scene: Scene, customer_id: str) -> None:
    """Record a purchase of a customer that earns points, with something distinctive in every text."""
    rule = {"name": "Beans", "account": "Beans", "points": 1, "excluded_items": ["gift-card"]}
    wanted = msgspec.convert({"purchases": [rule]}, Declaration)
    await programs.carry_out(scene.context, await programs.propose(scene.context, 1, wanted))
    sale = Transaction(
        Kind.PURCHASE,
        marked("request"),
        marked("transaction"),
        None,
        marked("channel"),
        3 * UNITS,
        (Item(marked("item"), UNITS), Item("gift-card", UNITS)),
        json.dumps({"store_id": marked("store"), "items": [{"item_id": marked("item")}]}),
        json.dumps({"store_id": marked("store")}),
        (marked("request"), marked("transaction")),
    )
    who = [purchases.CustomerRef(customer_id, external=False, member="user_id")]
    await purchases.record(scene.context, scene.caller, scene.retailer_id, who, sale)


def hits(folder: Path, *texts: str) -> dict[str, list[str]]:
    """What is kept of a data folder in whose bytes a text stands, for each of the texts."""
    kept = engines.stored(folder)
    return {text: [name for name, raw in kept.items() if text.encode() in raw] for text in texts}


PERSONAL = (MARK, MARK.casefold(), "77707770707", "(770) 777-0707", "1987-06-05", '"WLF"', "zqx7")


def test_nothing_personal_is_left_in_the_files(tmp_path: Path) -> None:
    """After forgetting and purging no file of the data folder, log included, holds a byte of it; the ledger adds up."""

    async def scenario(scene: Scene) -> None:
        customer_id = await somebody(scene)
        other = await scene.customer("other", phone_numbers=[PhoneNumber("+1 555")])
        await scene.deposit(other, Deposit("account-spend", UNITS, "kept-once", "kept-order"))
        folder = scene.folder
        assert all(hits(folder, *PERSONAL).values())
        await erasure.erase(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id), Include())
        invariants.check(scene.folder)
        bootstrap.database(settings_of(scene.folder)).purge(lambda *_progress: None)
        assert {text: where for text, where in hits(folder, *PERSONAL).items() if where} == {}
        assert all(hits(folder, "kept-once", "kept-order").values())
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_a_forgotten_customer_is_nowhere_found(tmp_path: Path) -> None:
    """No operation finds the customer; erasing again is refused; the ids are free for somebody new, in bulk too."""

    async def scenario(scene: Scene) -> None:
        customer_id = await somebody(scene)
        named, key = CustomerRef(customer_id), scene.shop.api_key
        await erasure.erase(scene.context, scene.caller, key, CustomerRef(marked("card"), external=True), Include())
        for operation in (
            customers.read(scene.context, scene.caller, key, customer_id, Include()),
            erasure.erase(scene.context, scene.caller, key, named, Include()),
            updates.update(scene.context, scene.caller, key, named, CustomerUpdate(city="x"), Include()),
            activity.tag(scene.context, scene.caller, key, named, ["x"], None),
            activity.count(scene.context, scene.caller, key, named, {"x": 1}),
            scene.deposit(customer_id, status(1)),
            points.balances(scene.context, scene.caller, scene.retailer_id, customer_id, None),
        ):
            with pytest.raises(UserNotFound):
                await operation
        new = NewCustomer(external_id=marked("card"), email=f"{MARK}@{MARK}.example")
        row = Row(2, new, CustomerUpdate())
        tally = await bulk_import.load(scene.context, 1, [row], lambda _tally: None)
        assert (tally.created, tally.refused) == (1, 0)
        invariants.check(scene.folder)

    play(tmp_path, scenario)


def test_it_is_told_once_and_without_a_name(tmp_path: Path) -> None:
    """The last event about the customer says that it was deleted; those before never held an order's name."""

    async def scenario(scene: Scene) -> None:
        customer_id = await somebody(scene)
        before = await scene.context.store.events_about(customer_id, 0, 1000)
        await erasure.erase(scene.context, scene.caller, scene.shop.api_key, CustomerRef(customer_id), Include())
        after = await scene.context.store.events_about(customer_id, 0, 1000)
        assert not any(MARK in each.data for each in after)
        assert [each.kind for each in after] == [*(each.kind for each in before), "customer.deleted"]
        assert json.loads(after[-1].data) == {"retailer_id": scene.retailer_id, "user_id": customer_id}
        earned = next(json.loads(each.data) for each in after if each.kind == "points.earned")
        assert {"amount", "entry_id", "available_balance"} <= earned.keys()

    play(tmp_path, scenario)


def test_deposits_at_the_same_moment_leave_no_name(tmp_path: Path) -> None:
    """Deposits, updates and tags that race with forgetting are written before it, or refused; nothing outlives it."""

    async def scenario(scene: Scene) -> None:
        customer_id = await somebody(scene)
        named, key = CustomerRef(customer_id), scene.shop.api_key
        settings = settings_of(scene.folder)
        async with wiring.open_context(settings, clock=scene.clock) as other:
            operations = [
                *(scene.deposit(customer_id, Deposit("account-spend", 1, f"{MARK}{n}", MARK)) for n in range(20)),
                *(
                    points.order(
                        other,
                        scene.caller,
                        scene.retailer_id,
                        customer_id,
                        [Deposit("account-spend", 1, f"{MARK}o{n}")],
                    )
                    for n in range(20)
                ),
                erasure.erase(other, scene.caller, key, named, Include()),
                *(activity.tag(other, scene.caller, key, named, [marked("late")], None) for _ in range(5)),
                *(activity.count(scene.context, scene.caller, key, named, {MARK: 1}) for _ in range(5)),
            ]
            done = await asyncio.gather(*operations, return_exceptions=True)
        refused = [each for each in done if isinstance(each, BaseException)]
        assert {type(each) for each in refused} <= {UserNotFound}
        invariants.check(scene.folder)
        bootstrap.database(settings_of(scene.folder)).purge(lambda *_progress: None)
        assert hits(scene.folder, MARK, MARK.casefold()) == {MARK: [], MARK.casefold(): []}

    play(tmp_path, scenario)
