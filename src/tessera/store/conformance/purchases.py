"""Purchases are recorded once, and read back with what they earned."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.core.loyalty.purchases import Award, Purchase
from tessera.store.conformance import material
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CUSTOMER, World

TOPIC = Topic("purchases")


def listed(world: World) -> Iterable[Condition]:
    """Where the facts of purchases hold, and every way in which they do not."""
    who, account = world.customer, world.point_account
    yield Condition(
        (material.purchase(who, "new"), material.purchase(who, "new", original="purchase-1")),
        (
            material.purchase(who, "purchase-1", request="new", transaction="new"),
            material.purchase(who, "new", request="request of purchase-1"),
            material.purchase(who, "new", transaction="transaction of purchase-1"),
            material.purchase(who + 100, "new"),
        ),
    )
    yield Condition(
        (
            changes.AddPurchaseAward(
                customer=who,
                purchase_id="purchase-1",
                place=1,
                rule_id="rule-1",
                point_account=account,
                amount=1,
                base=1,
                excluded="[]",
                entry_id=None,
            ),
            changes.AddPurchaseAward(
                customer=who,
                purchase_id="new",
                place=0,
                rule_id="rule-1",
                point_account=account,
                amount=-1,
                base=1,
                excluded='["card"]',
                entry_id="entry-1",
            ),
        ),
        (
            changes.AddPurchaseAward(
                customer=who,
                purchase_id="purchase-1",
                place=0,
                rule_id="rule-1",
                point_account=account,
                amount=1,
                base=1,
                excluded="[]",
                entry_id=None,
            ),
        ),
    )


@TOPIC
async def a_purchase_is_found_by_its_ids(stores: Stores) -> None:
    """Each id of a purchase finds it in its organization alone; two purchases are found by an id of each."""
    store = await stores()
    world = await material.furnish(store)
    owner, who = world.organization, world.customer
    await store.commit(material.purchase(who, "purchase-2"))
    bought = [
        Purchase(
            customer=who,
            id=name,
            request_id=f"request of {name}",
            transaction_id=f"transaction of {name}",
            fingerprint="fingerprint",
            kind="purchase",
            original_id=None,
            subtotal=10_000,
            details="{}",
            recorded_at=AT,
        )
        for name in ("purchase-1", "purchase-2")
    ]
    request, transaction = "request of purchase-1", "transaction of purchase-1"
    expect(await store.purchases_with_ids(owner, request, transaction), bought[:1], "the purchase by both ids")
    expect(await store.purchases_with_ids(owner, "", transaction), bought[:1], "the purchase by its transaction id")
    expect(await store.purchases_with_ids(owner, request, ""), bought[:1], "the purchase by its request id")
    found = await store.purchases_with_ids(owner, request, "transaction of purchase-2")
    expect(found, bought[::-1], "the purchases by an id of each")
    expect(await store.purchases_with_ids(world.other_organization, request, transaction), [], "somebody else's")
    expect(await store.purchases_of(who, "", 1), bought[:1], "the first page")
    expect(await store.purchases_of(who, "purchase-1", 9), bought[1:], "the second page")


@TOPIC
async def what_was_earned_and_returned_adds_up(stores: Stores) -> None:
    """Awards come in order, what was returned by rule, and the sums of all of them by point account."""
    store = await stores()
    world = await material.furnish(store)
    who, account = world.customer, world.point_account
    await store.commit(
        material.purchase(who, "return-1", original="purchase-1"),
        changes.AddPurchaseAward(
            customer=who,
            purchase_id="return-1",
            place=1,
            rule_id="rule-2",
            point_account=account,
            amount=-1,
            base=5,
            excluded="[]",
            entry_id=None,
        ),
        changes.AddPurchaseAward(
            customer=who,
            purchase_id="return-1",
            place=0,
            rule_id="rule-1",
            point_account=account,
            amount=-2,
            base=3,
            excluded='["card"]',
            entry_id="entry-2",
        ),
        material.purchase(who, "return-2", original="purchase-1"),
        changes.AddPurchaseAward(
            customer=who,
            purchase_id="return-2",
            place=0,
            rule_id="rule-1",
            point_account=account,
            amount=-4,
            base=7,
            excluded="[]",
            entry_id="entry-3",
        ),
    )
    awards = [
        Award(rule_id="rule-1", point_account=account, amount=-2, base=3, excluded=("card",), entry_id="entry-2"),
        Award(rule_id="rule-2", point_account=account, amount=-1, base=5, excluded=(), entry_id=None),
    ]
    expect(await store.awards(who, "return-1"), awards, "the awards")
    expect(await store.returned(who, "purchase-1"), {"rule-1": 10, "rule-2": 5}, "what was returned")
    expect(await store.earned_by_purchases(who), {account: 10_000 - 7}, "the sums")
    expect([await store.returned(who, "return-1"), await store.earned_by_purchases(who + 1)], [{}, {}], "of nothing")


@TOPIC
async def purchases_go_with_their_customer(stores: Stores) -> None:
    """Nothing of a purchase is left once its customer is forgotten, and its ids are free."""
    store = await stores()
    world = await material.furnish(store)
    owner, who = world.organization, world.customer
    await store.commit(
        changes.ForgetCustomer(
            customer=who, id=CUSTOMER, tombstone_id="tombstone", forgotten_at=AT, due_at=2**62, version=0
        )
    )
    expect(await store.purchases_of(who, "", 9), [], "the purchases")
    expect(await store.awards(who, "purchase-1"), [], "the awards")
    expect(await store.purchases_with_ids(owner, "request of purchase-1", ""), [], "the purchase by its request id")
    await expect_conflict(store, material.purchase(who, "late"))
