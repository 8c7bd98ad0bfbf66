"""Purchases earn points by the program, once; returns take back what was earned, and never more."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tessera.api.platform import fields
from tessera.api.platform import purchases as api
from tessera.api.platform.transactions import transaction
from tessera.app.loyalty import points as orders
from tessera.app.loyalty import programs, purchases, tiers
from tessera.app.loyalty.purchases import Recorded
from tessera.core.errors import IdempotencyConflict, UserNotFound, Validation
from tessera.core.loyalty.declaration import Declaration
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import UNITS
from tests.support import engines, invariants
from tests.support.scene import Scene, play

RULES = [
    {"name": "Beans", "account": "Beans", "points": 2, "excluded_items": ["gift-card"], "minimum": 5},
    {"name": "Status", "account": "Status", "points": 10, "channels": ["Store"]},
]


async def declare(scene: Scene, rules: list[dict[str, Any]]) -> None:
    """Let purchases earn by these rules."""
    wanted = msgspec.convert({"purchases": rules}, Declaration)
    await programs.carry_out(scene.context, await programs.propose(scene.context, 1, wanted))


async def send(scene: Scene, transaction_id: str, subtotal: float, **members: Any) -> Recorded:
    """Send a transaction; members of the request itself go by `user_id` and `request_id`."""
    outer: dict[str, Any] = {
        name: members.pop(name) for name in ("user_id", "user_id_type", "request_id") if name in members
    }
    body = {
        "store_id": "s1",
        "client_id": scene.retailer_id,
        "request_id": f"request of {transaction_id}",
        **outer,
        "request_payload": {"transaction_id": transaction_id, "subtotal": subtotal, **members},
    }
    asked = fields.decode(api._decode, msgspec.json.encode(body))
    return await purchases.record(scene.context, scene.caller, scene.retailer_id, api._named(asked), transaction(asked))


def points(recorded: Recorded) -> dict[str, int | float]:
    """The points of an answer by the id of their account."""
    return {each.point_account_id: each.amount for each in recorded.points}


async def balance(scene: Scene, customer_id: str, account: str = "account-spend") -> tuple[int, int]:
    """The available and the life-time points of a customer, whole ones."""
    known = await scene.context.store.customer(1, customer_id)
    program = await scene.context.store.program(1)
    assert known is not None
    assert program is not None
    found = program.account_with_id(account)
    assert found is not None
    held = known.balances().get(found.number)
    return (0, 0) if held is None else (held.available // 10_000, held.life_time // 10_000)


def with_rules(tmp_path: Path, scenario: Callable[[Scene, str], Awaitable[None]]) -> None:
    """Play a scenario with the rules and one customer, and see that everything adds up afterwards."""

    async def whole(scene: Scene) -> None:
        await declare(scene, RULES)
        await scenario(scene, await scene.customer("card"))
        invariants.check(scene.folder)

    play(tmp_path, whole)


def test_a_purchase_earns_by_every_rule_that_applies(tmp_path: Path) -> None:
    """Excluded items do not count, a channel limits a rule, a minimum has to be reached; levels are reached at once."""

    async def scenario(scene: Scene, who: str) -> None:
        items = [{"item_id": "gift-card", "subtotal": 20}, {"item_id": "beans", "quantity": 2, "unit_price": 15.25}]
        told = await send(scene, "t1", 50.5, user_id=who, channel="STORE", items=items)
        assert (told.user_id, points(told)) == (who, {"account-spend": 61, "account-tier": 505})
        shown = await tiers.status(scene.context, scene.caller, scene.retailer_id, who, None)
        assert shown.tier_levels[0].tier_overview.name == "L1"
        assert points(await send(scene, "t2", 4.99, user_id=who, channel="web")) == {}
        assert points(await send(scene, "t3", 5, user_id=who)) == {"account-spend": 10}
        assert await balance(scene, who) == (71, 71)

    with_rules(tmp_path, scenario)


def test_transactions_of_a_customer_are_decided_in_turn(tmp_path: Path) -> None:
    """A transaction that moves nothing changes the version of the standing too, on which the next one is decided."""

    async def scenario(scene: Scene, who: str) -> None:
        versions = []
        for place, subtotal in enumerate((1, -1, 10)):
            await send(scene, f"t{place}", subtotal, user_id=who)
            known = await scene.context.store.customer(1, who)
            assert known is not None
            versions.append(known.version)
        assert versions == [1, 2, 3]

    with_rules(tmp_path, scenario)


def test_a_transaction_is_recorded_once(tmp_path: Path) -> None:
    """Sent again, with its request id or another, it is answered as the first time; other content is refused."""

    async def scenario(scene: Scene, who: str) -> None:
        first = await send(scene, "t1", 10, user_id=who)
        assert await send(scene, "t1", 10, user_id=who) == first
        assert points(await send(scene, "t1", 10.0, user_id=who, request_id="again")) == points(first)
        for wrong in (
            send(scene, "t1", 11, user_id=who),
            send(scene, "t1", 10, user_id=who, channel="web"),
            send(scene, "t1", -10, user_id=who),
            send(scene, "t2", 10, user_id=who, request_id="request of t1"),
            send(scene, "t1", 10, user_id=await scene.customer("other")),
        ):
            with pytest.raises(IdempotencyConflict):
                await wrong
        assert await balance(scene, who) == (20, 20)

    with_rules(tmp_path, scenario)


def test_the_customer_is_found_by_every_name(tmp_path: Path) -> None:
    """By id, by external id, by the first payment that names one; two customers in one transaction are refused."""

    async def scenario(scene: Scene, who: str) -> None:
        other = await scene.customer("other")
        ours = {"user_id": who, "user_id_type": "SessionM_ID"}
        external = {"user_id": "card", "user_id_type": "External_ID"}
        names: list[dict[str, Any]] = [
            {"user_id": who.upper()},
            {"user_id": "card"},
            external,
            {"payments": [{"type": "CASH"}, ours]},
            {"payments": [external, ours]},
            {"user_id": "card", "payments": [ours]},
        ]
        for place, members in enumerate(names):
            assert (await send(scene, f"t{place}", 10, **members)).user_id == who
        with pytest.raises(Validation, match=r"payments\[1\]\.user_id names another customer than user_id"):
            await send(scene, "two", 10, user_id=other, payments=[{}, ours])
        unknowns: list[dict[str, Any]] = [
            {"user_id": "nobody"},
            {"payments": [{**ours, "user_id": "card"}]},
            {**external, "user_id": who},
        ]
        for unknown in unknowns:
            with pytest.raises(UserNotFound):
                await send(scene, "unknown", 10, **unknown)

    with_rules(tmp_path, scenario)


def test_a_return_takes_back_what_its_purchase_earned(tmp_path: Path) -> None:
    """In proportion, in whole points, and in all exactly what was earned, however often the rest is returned."""

    async def scenario(scene: Scene, who: str) -> None:
        items = [{"item_id": "gift-card", "subtotal": 10}]
        await send(scene, "t0", 100, user_id=who)
        await send(scene, "t1", 40, user_id=who, items=items)
        back = {"user_id": who, "original_transaction_id": "t1"}
        assert points(await send(scene, "r0", -10, items=items, **back)) == {}
        assert points(await send(scene, "r1", -9.99, **back)) == {"account-spend": -19}
        assert points(await send(scene, "r2", 10, type="Refund", **back)) == {"account-spend": -20}
        again = await send(scene, "r2", 10, type="Refund", **back)
        assert points(again) == {"account-spend": -20}
        assert points(await send(scene, "r3", -500, **back)) == {"account-spend": -21}
        assert points(await send(scene, "r4", -500, **back)) == {}
        assert await balance(scene, who) == (200, 200)

    with_rules(tmp_path, scenario)


def test_a_return_never_takes_more_than_there_is(tmp_path: Path) -> None:
    """Without a purchase it takes what the rules give, up to what purchases earned; nothing that was spent goes."""

    async def scenario(scene: Scene, who: str) -> None:
        refund = [{"type": "REFUND", "amount": 10, "user_id": who}]
        assert points(await send(scene, "r0", 10, payments=refund)) == {}
        await send(scene, "t1", 10, user_id=who)
        assert points(await send(scene, "r1", -4, user_id=who)) == {"account-spend": -8}
        assert points(await send(scene, "r2", 100, payments=refund)) == {"account-spend": -12}
        assert points(await send(scene, "r3", -100, user_id=who, original_transaction_id="t1")) == {}
        assert await balance(scene, who) == (0, 0)

    with_rules(tmp_path, scenario)


def test_a_return_leaves_other_points_alone(tmp_path: Path) -> None:
    """Points that no purchase earned stay, whether the return names its purchase or not."""

    async def scenario(scene: Scene, who: str) -> None:
        await scene.deposit(who, Deposit("account-spend", 100 * UNITS))
        await send(scene, "t1", 10, user_id=who)
        await send(scene, "t2", 10, user_id=who)
        assert points(await send(scene, "r1", -50, user_id=who)) == {"account-spend": -40}
        assert points(await send(scene, "r2", -10, user_id=who, original_transaction_id="t1")) == {}
        assert await balance(scene, who) == (100, 100)

    with_rules(tmp_path, scenario)


def test_a_return_of_points_that_were_spent(tmp_path: Path) -> None:
    """It takes what is left; an account that may be overdrawn is."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "t1", 10, user_id=who)
        spend = Spend(("account-spend",), 15 * UNITS)
        await orders.order(scene.context, scene.caller, scene.retailer_id, who, [spend])
        assert points(await send(scene, "r1", -5, user_id=who, original_transaction_id="t1")) == {"account-spend": -5}
        assert await balance(scene, who) == (0, 15)
        beans = {"name": "Beans", "group": "Spend", "overdraw": True}
        accounts = [beans, {"name": "Status", "group": "Tier"}]
        wanted = msgspec.convert({"point_accounts": accounts}, Declaration)
        await programs.carry_out(scene.context, await programs.propose(scene.context, 1, wanted))
        assert points(await send(scene, "r2", -5, user_id=who, original_transaction_id="t1")) == {"account-spend": -10}
        assert await balance(scene, who) == (-10, 5)

    with_rules(tmp_path, scenario)


def test_a_return_names_a_purchase_of_its_customer(tmp_path: Path) -> None:
    """An unknown purchase, one of somebody else and a return are refused by name, and nothing is written."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "theirs", 10, user_id=await scene.customer("other"))
        await send(scene, "t1", 10, user_id=who)
        await send(scene, "r1", -1, user_id=who)
        before = engines.dump(scene.folder)
        for original in ("theirs", "r1", "unknown"):
            with pytest.raises(Validation, match=r"original_transaction_id names no purchase"):
                await send(scene, "r2", -1, user_id=who, original_transaction_id=original)
        with pytest.raises(Validation, match="is for returns"):
            await send(scene, "t2", 1, user_id=who, original_transaction_id="t1")
        assert engines.dump(scene.folder) == before

    with_rules(tmp_path, scenario)


def test_what_is_recorded_is_told(tmp_path: Path) -> None:
    """One event for each transaction, with the entries of the ledger that it made, which name the transaction."""

    async def scenario(scene: Scene, who: str) -> None:
        await send(scene, "t1", 10, user_id=who)
        await send(scene, "r1", -5, user_id=who, original_transaction_id="t1")
        events = [
            each for each in await scene.context.store.events_after(1, 0, 100) if each.kind == "transaction.recorded"
        ]
        told = [msgspec.json.decode(each.data) for each in events]
        assert [(each["kind"], each["subtotal"], each["points"][0]["amount"]) for each in told] == [
            ("purchase", 10, 20),
            ("return", 5, -10),
        ]
        known = await scene.context.store.customer(1, who)
        assert known is not None
        entries = await scene.context.store.entries_between(known.number, 1, 9)
        assert [each["points"][0]["entry_id"] for each in told] == [entry.id for entry in entries]
        assert [(entry.reference_type, entry.reference_id, entry.kind) for entry in entries] == [
            ("transaction", "t1", "deposit"),
            ("transaction", "r1", "return"),
        ]

    with_rules(tmp_path, scenario)
