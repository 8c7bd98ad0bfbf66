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
            changes.AddPurchaseAward(who, "purchase-1", 1, "rule-1", account, 1, 1, "[]", None),
            changes.AddPurchaseAward(who, "new", 0, "rule-1", account, -1, 1, '["card"]', "entry-1"),
        ),
        (changes.AddPurchaseAward(who, "purchase-1", 0, "rule-1", account, 1, 1, "[]", None),),
    )


@TOPIC
async def a_purchase_is_found_by_its_ids(stores: Stores) -> None:
    """Each id of a purchase finds it in its organization alone; two purchases are found by an id of each."""
    store = await stores()
    world = await material.furnish(store)
    owner, who = world.organization, world.customer
    await store.commit(material.purchase(who, "purchase-2"))
    bought = [
        Purchase(who, name, f"request of {name}", f"transaction of {name}", "fingerprint", "purchase", None, 10_000,
                 "{}", AT)
        for name in ("purchase-1", "purchase-2")
    ]  # fmt: skip
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
        changes.AddPurchaseAward(who, "return-1", 1, "rule-2", account, -1, 5, "[]", None),
        changes.AddPurchaseAward(who, "return-1", 0, "rule-1", account, -2, 3, '["card"]', "entry-2"),
        material.purchase(who, "return-2", original="purchase-1"),
        changes.AddPurchaseAward(who, "return-2", 0, "rule-1", account, -4, 7, "[]", "entry-3"),
    )
    awards = [Award("rule-1", account, -2, 3, ("card",), "entry-2"), Award("rule-2", account, -1, 5, (), None)]
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
    await store.commit(changes.EraseCustomer(who, CUSTOMER, "tombstone", AT, 2**62, 0))
    expect(await store.purchases_of(who, "", 9), [], "the purchases")
    expect(await store.awards(who, "purchase-1"), [], "the awards")
    expect(await store.purchases_with_ids(owner, "request of purchase-1", ""), [], "the purchase by its request id")
    await expect_conflict(store, material.purchase(who, "late"))
