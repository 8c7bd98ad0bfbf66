"""Merging two customers: everything is the survivor's, in one commit, and adds up."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from tessera.app.administration import audit as reading
from tessera.app.callers import Caller
from tessera.app.customers import activity, customers, erasure, export, merging, timelines
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.merging import Merged
from tessera.app.customers.timelines import Asked
from tessera.app.loyalty import points, programs, tiers
from tessera.app.organizations import organizations
from tessera.core.changes import SetStanding
from tessera.core.customers.customers import Include, NewCustomer, PhoneNumber
from tessera.core.customers.timeline import VIEWS
from tessera.core.errors import PlatformRefusal, UserNotFound, Validation
from tessera.core.loyalty.declaration import Declaration
from tessera.core.loyalty.ledger_session import NEVER
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import UNITS
from tessera.ports import Search
from tests.app.loyalty.test_purchases import RULES, balance, declare, send
from tests.app.loyalty.test_purchases import points as points_of
from tests.support import engines, invariants
from tests.support.scene import Scene, play, status


async def merge(scene: Scene, survivor: str, merged: str | None = None, external_id: str | None = None) -> Any:
    """Merge a customer into another one; the survivor as it is answered."""
    named = CustomerRef(survivor)
    done = await merging.merge(scene.context, scene.caller, scene.shop.api_key, named, Merged(merged, external_id))
    return msgspec.json.decode(msgspec.json.encode(done))


def two(tmp_path: Path, scenario: Callable[[Scene, str, str], Awaitable[None]], **members: object) -> None:
    """Play a scenario with two customers, the second with these members; everything adds up afterwards."""

    async def whole(scene: Scene) -> None:
        await declare(scene, RULES)
        await scenario(scene, await scene.customer("card-a"), await scene.customer("card-b", **members))
        invariants.check(scene.folder)

    play(tmp_path, whole)


async def spend(scene: Scene, customer_id: str, amount: int) -> None:
    """Spend whole points of a customer."""
    order = Spend(("account-spend",), amount * UNITS)
    await points.order(scene.context, scene.caller, scene.retailer_id, customer_id, [order])


def test_points_and_levels_are_the_survivor_s(tmp_path: Path) -> None:
    """Balances and life times add up, the higher level stays, and both together may earn a higher one."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        await scene.deposit(survivor, Deposit("account-spend", 10 * UNITS), status(600))
        await scene.deposit(other, Deposit("account-spend", 20 * UNITS), status(2_100))
        await spend(scene, other, 5)
        user = await merge(scene, survivor, other)
        assert (user["available_points"], user["tier"], user["tier_points"]) == (25, "L2", 2_700)
        assert await balance(scene, survivor) == (25, 30)
        await scene.deposit(survivor, status(2_300))
        shown = await tiers.status(scene.context, scene.caller, scene.retailer_id, survivor, None)
        assert [level.tier_overview.name for level in shown.tier_levels] == ["L3"]
        third = await scene.customer("card-c")
        await scene.deposit(third, status(100))
        assert (await merge(scene, third, survivor))["tier"] == "L3"

    two(tmp_path, scenario)


def test_a_level_that_was_given_stays(tmp_path: Path) -> None:
    """A higher level of the one that goes is the survivor's, with its dates, whatever the points; a lower one ends."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        for who, level in ((survivor, "level-1"), (other, "level-3")):
            place = tiers.Place("club", level)
            await tiers.move(scene.context, scene.caller, scene.retailer_id, who, place)
        scene.clock.step(5_000_000)
        was = await scene.context.store.customer(1, other)
        assert was is not None
        assert (await merge(scene, survivor, other))["tier"] == "L3"
        known = await scene.context.store.customer(1, survivor)
        assert known is not None
        assert known.stands().memberships == was.stands().memberships
        history = await scene.context.store.memberships(known.number)
        assert [each.left_at is None for each in history].count(True) == 1
        told = [each.data for each in await scene.context.store.events_after(1, 0, 100) if each.kind == "tier.promoted"]
        assert msgspec.json.decode(told[-1])["reason"] == "merged"
        third = await scene.customer("card-c")
        await tiers.move(scene.context, scene.caller, scene.retailer_id, third, tiers.Place("club", "level-2"))
        assert (await merge(scene, survivor, third))["tier"] == "L3"

    two(tmp_path, scenario)


def test_together_they_earn_a_level(tmp_path: Path) -> None:
    """Points that earn a level only together do so at once."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        await scene.deposit(survivor, status(300))
        await scene.deposit(other, status(300))
        assert (await merge(scene, survivor, other))["tier"] == "L1"

    two(tmp_path, scenario)


def test_names_lead_to_the_survivor(tmp_path: Path) -> None:
    """Its id is unknown; external ids, email and phone find the survivor, whose own stay where it had some."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        user = await merge(scene, survivor, external_id="card-b")
        assert [each["external_id"] for each in user["identifiers"]] == ["card-b", "card-a"]
        assert (user["external_id"], user["email"], user["city"]) == ("card-a", "b@customers.example", "Riverton")
        assert user["user_profile"] == {"mine": 1, "_version": 1}
        context, key = scene.context, scene.shop.api_key
        with pytest.raises(UserNotFound):
            await customers.read(context, scene.caller, key, other, Include())
        for found in (
            await context.store.customer_with_external_id(1, "card-b"),
            await context.store.customer_with_email(1, "b@customers.example"),
            *await context.store.customers_with_phone(1, "1555", mobile=False, after=0, limit=9),
        ):
            assert found is not None
            assert found.id == survivor
        assert (await scene.customer("card-d", email="d@customers.example")) != survivor
        again = await merge(scene, survivor, external_id="card-d")
        assert again["email"] == "b@customers.example"
        assert await context.store.customer_with_email(1, "d@customers.example") is None

    two(
        tmp_path,
        scenario,
        email="b@customers.example",
        city="Riverton",
        phone_numbers=[PhoneNumber("+1 555")],
        user_profile={"mine": msgspec.Raw(b"1")},
    )


def test_what_was_noted_goes_along(tmp_path: Path) -> None:
    """Tags and counts add up, and a tag that ends later does so for the survivor."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        context, key = scene.context, scene.shop.api_key
        for who, times in ((survivor, 1), (other, 2)):
            await activity.tag(context, scene.caller, key, CustomerRef(who), ["vip"] * times, None)
            await activity.tag(context, scene.caller, key, CustomerRef(who), ["brief"], 60 * times)
            await activity.count(context, scene.caller, key, CustomerRef(who), {"visit": times})
            await send(scene, f"t{times}", 10 * times, user_id=who)
        await merge(scene, survivor, other)
        tags = {tag.name: (tag.count, tag.expires_at) for tag in await activity.read_tags(
            context, scene.caller, key, CustomerRef(survivor))}  # fmt: skip
        assert tags["vip"] == (3, None)
        assert tags["brief"][1] is not None
        assert tags["brief"][1] > context.clock.now() + 100_000_000
        counted = await activity.count(context, scene.caller, key, CustomerRef(survivor), {"visit": 1})
        assert counted["visit"].count == 4
        assert await balance(scene, survivor) == (60, 60)

    two(tmp_path, scenario)


def test_purchases_go_along(tmp_path: Path) -> None:
    """A purchase of the merged customer is known when it is sent again, and the survivor can return it."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        await send(scene, "t2", 20, user_id="card-b")
        await merge(scene, survivor, other)
        assert points_of(await send(scene, "t2", 20, user_id="card-b")) == {"account-spend": 40}
        back = await send(scene, "r1", -20, user_id="card-a", original_transaction_id="t2")
        assert (back.user_id, points_of(back)) == (survivor, {"account-spend": -40})

    two(tmp_path, scenario)


def test_the_export_has_it_all(tmp_path: Path) -> None:
    """The record of the survivor has the id that was merged, both ledgers, and every purchase with its awards."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        await send(scene, "t1", 10, user_id=survivor, channel="web", items=[{"item_id": "beans", "subtotal": 10}])
        scene.clock.step(1_000_000)
        await send(scene, "t2", 20, user_id=other)
        scene.clock.step(1_000_000)
        await send(scene, "r2", -5, user_id=other, original_transaction_id="t2")
        await merge(scene, survivor, other)
        known = await scene.context.store.customer(1, survivor)
        assert known is not None
        record = msgspec.json.decode(b"".join([piece async for piece in export.pieces(scene.context, 1, known)]))
        assert [each["id"] for each in record["merged"]] == [other]
        assert [each["amount"] for each in record["ledger"]] == [20, 40, -10]
        bought = [(each["transaction_id"], each["kind"], each["details"]["subtotal"]) for each in record["purchases"]]
        assert bought == [("t1", "purchase", 10), ("t2", "purchase", 20), ("r2", "return", -5)]
        assert record["purchases"][0]["details"]["items"] == [{"item_id": "beans", "subtotal": 10}]
        assert record["purchases"][2]["original_id"] == record["purchases"][1]["id"]
        entries = {each["id"]: each["amount"] for each in record["ledger"]}
        awards = [award for each in record["purchases"] for award in each["awards"]]
        assert {each["entry_id"]: each["amount"] for each in awards} == entries

    two(tmp_path, scenario)


def test_deposits_sent_again_are_known(tmp_path: Path) -> None:
    """An idempotency id of the merged customer is the survivor's, unless that had used it itself."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        once, both = Deposit("account-spend", 7 * UNITS, "once"), Deposit("account-spend", UNITS, "both")
        await scene.deposit(survivor, both, Deposit("account-spend", UNITS))
        await scene.deposit(other, once)
        await scene.deposit(other, both, Deposit("account-spend", UNITS))
        await merge(scene, survivor, other)
        assert await balance(scene, survivor) == (11, 11)
        await scene.deposit(survivor, once)
        again = await points.order(
            scene.context, scene.caller, scene.retailer_id, survivor, [both, Deposit("account-spend", UNITS)]
        )
        assert [len(lines) for lines in again.results if isinstance(lines, list)] == [1, 1]
        assert await balance(scene, survivor) == (11, 11)

    two(tmp_path, scenario)


def test_bad_merges_are_refused_by_name(tmp_path: Path) -> None:
    """Into itself, unknown, merged before, of another organization: nothing is written."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        theirs = await organizations.create(scene.context, "Theirs")
        foreign = scene.context.new_uuid()
        loyalty = await scene.context.store.program(theirs.number)
        assert loyalty is not None
        new = NewCustomer(external_id="foreign")
        await scene.context.commit(*customers.creation(scene.context, theirs.number, loyalty, foreign, new))
        third = await scene.customer("card-c")
        await merge(scene, survivor, third)
        before = engines.dump(scene.folder)
        refused: list[tuple[tuple[str | None, str | None], type[PlatformRefusal], str]] = [
            ((survivor, None), Validation, "user names the customer of the address itself"),
            ((None, "card-a"), Validation, "user names the customer of the address itself"),
            ((None, "card-c"), Validation, "or one that was merged into it before"),
            ((third.upper(), None), Validation, "user.id names a customer that was merged"),
            (("unknown", None), UserNotFound, "user.id names no customer"),
            ((None, "unknown"), UserNotFound, "user.external_id names no customer"),
            ((foreign, None), UserNotFound, "user.id names no customer"),
            ((None, "foreign"), UserNotFound, "user.external_id names no customer"),
            ((other, "card-a"), Validation, "user.external_id names another customer"),
        ]
        for who, kind, message in refused:
            with pytest.raises(kind, match=message):
                await merge(scene, survivor, *who)
        for gone in (third, foreign):
            with pytest.raises(UserNotFound):
                await merge(scene, gone, other)
        assert engines.dump(scene.folder) == before

    two(tmp_path, scenario)


def test_a_ledger_that_is_too_long_is_not_merged(tmp_path: Path) -> None:
    """More entries than one commit may move are refused by name, and nothing is written."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        known = await scene.context.store.customer(1, other)
        assert known is not None
        long = known.standing.replace(",0]", f",{merging.ENTRIES_MAX + 1}]")
        await scene.context.commit(SetStanding(known.number, long, NEVER, known.version))
        with pytest.raises(Validation, match="user names a customer with more than 20000 entries"):
            await merge(scene, survivor, other)
        await scene.context.commit(SetStanding(known.number, known.standing, NEVER, known.version + 1))
        await merge(scene, survivor, other)

    two(tmp_path, scenario)


def test_levels_of_a_retired_system_are_kept_apart(tmp_path: Path) -> None:
    """In a tier system that is retired the survivor's level stays, and the other one's ends."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        wanted = msgspec.convert({"tier_systems": []}, Declaration)
        await programs.carry_out(scene.context, await programs.propose(scene.context, 1, wanted))
        before = await scene.context.store.customer(1, survivor)
        await merge(scene, survivor, other)
        after = await scene.context.store.customer(1, survivor)
        assert before is not None
        assert after is not None
        assert after.stands().memberships == before.stands().memberships
        ended = [each.left_at is None for each in await scene.context.store.memberships(after.number)]
        assert sorted(ended) == [False, True]

    two(tmp_path, scenario)


def test_a_merge_is_told_and_recorded(tmp_path: Path) -> None:
    """Webhooks hear of it once, with both ids; the audit has who did it, under pseudonyms of both customers."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        scene.caller = Caller(1, ("openid",), "client-7", source="192.0.2.1")
        await merge(scene, survivor, other)
        told = [each for each in await scene.context.store.events_after(1, 0, 100) if each.kind == "customer.merged"]
        assert [msgspec.json.decode(each.data) for each in told] == [
            {"retailer_id": scene.retailer_id, "user_id": survivor, "merged_user_id": other}
        ]
        found = await reading.newest(scene.context, Search(target=other), before=None, limit=9)
        assert [(each.action, each.actor, each.source) for each in found] == [
            ("customer.merge", "client client-7", "192.0.2.1")
        ]
        assert msgspec.json.decode(found[0].detail) == {"into": scene.context.in_audit(survivor)}

    two(tmp_path, scenario)


def test_two_merges_at_once_leave_one_customer(tmp_path: Path) -> None:
    """Each into the other, and both twice: one of them is done, and nothing is lost or doubled."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        await scene.deposit(survivor, Deposit("account-spend", 3 * UNITS))
        await scene.deposit(other, Deposit("account-spend", 4 * UNITS))
        pairs = [(survivor, other), (other, survivor)] * 2
        done = await asyncio.gather(*(merge(scene, *pair) for pair in pairs), return_exceptions=True)
        assert sum(isinstance(each, dict) for each in done) == 1
        assert all(isinstance(each, dict | UserNotFound | Validation) for each in done), done
        left = [who for who in (survivor, other) if await scene.context.store.customer(1, who) is not None]
        assert [await balance(scene, who) for who in left] == [(7, 7)]

    two(tmp_path, scenario)


def test_many_merges_into_one_at_once_all_come_about(tmp_path: Path) -> None:
    """Each decides again when another one was first; the ledgers follow one another."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        others = [other, await scene.customer("card-c"), await scene.customer("card-d")]
        for each in others:
            await scene.deposit(each, Deposit("account-spend", 5 * UNITS))
        await asyncio.gather(*[merge(scene, survivor, each) for each in others])
        assert await balance(scene, survivor, "account-spend") == (15, 15)

    two(tmp_path, scenario)


def test_a_timeline_has_the_levels_of_both_as_they_were(tmp_path: Path) -> None:
    """No level of one customer is told as the former level of the other's."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        for customer_id in (survivor, other):
            scene.clock.step(10)
            await scene.deposit(customer_id, status(600))
        await merge(scene, survivor, other)
        told = await timelines.read(
            scene.context, scene.caller, scene.shop.api_key, CustomerRef(survivor), Asked(VIEWS["TIERS"], 50)
        )
        levels = [(each.event_type, each.level, each.former_level, each.reason) for each in told]
        own = [("tier.promoted", "L1", "L0", "earned"), ("tier.joined", "L0", UNSET, "joined")]
        assert levels == [own[0], own[0], own[1], own[1]]

    two(tmp_path, scenario)


def test_forgetting_the_survivor_forgets_both(tmp_path: Path) -> None:
    """Nothing leads to a forgotten survivor, not the id that was merged into it either."""

    async def scenario(scene: Scene, survivor: str, other: str) -> None:
        third = await scene.customer("card-c")
        await merge(scene, third, other)
        await merge(scene, survivor, third)
        assert await scene.context.store.was_merged(1, other)
        await erasure.erase(scene.context, scene.caller, scene.shop.api_key, CustomerRef(survivor), Include())
        assert not await scene.context.store.was_merged(1, other)
        for card in ("card-a", "card-b", "card-c"):
            assert await scene.context.store.customer_with_external_id(1, card) is None

    two(tmp_path, scenario)
