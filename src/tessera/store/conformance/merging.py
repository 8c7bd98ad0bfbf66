"""A customer that is merged into another one leaves nothing behind, and both were as they were read."""

from tessera.core import changes
from tessera.core.customers.tags import Tag
from tessera.core.loyalty.purchases import Purchase
from tessera.ports import Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CUSTOMER, PROFILE, World

TOPIC = Topic("merging")

SURVIVOR = "survivor"


async def _furnish(store: Store) -> tuple[World, int]:
    """The world, and a second customer of its organization (by number) who has notes and an entry of its own."""
    world = await material.furnish(store)
    await store.commit(material.customer(world.organization, SURVIVOR))
    found = await store.customer(world.organization, SURVIVOR)
    if found is None:
        raise AssertionError("the survivor cannot be read")
    await store.commit(
        material.entry(1, "once", customer=found.number, account=world.point_account),
        changes.SetTag(found.number, "vip", 40, None, 0, None),
        changes.SetTag(found.number, "brief", 1, AT + 1, 0, None),
        changes.SetActivityCounter(found.number, "visit", 2**53 - 2, AT + 5, 0),
        material.entry(2, "twice", customer=world.customer, account=world.point_account),
        changes.SetTag(world.customer, "long", 1, AT + 9, 0, None),
        changes.AddUserEvent(world.customer, "event", "survey", AT),
    )
    return world, found.number


def _merge(world: World, survivor: int, /, **other: object) -> changes.MergeCustomer:
    facts = {
        "merged": world.customer,
        "survivor": survivor,
        "survivor_id": SURVIVOR,
        "survivor_version": 0,
        "organization": world.organization,
        "id": CUSTOMER,
        "tombstone_id": "tombstone",
        "offset": 1,
        "merged_at": AT,
        "due_at": 2**62,
        "version": 0,
        "was_profile": PROFILE,
        "was_identifiers": "[]",
        "was_user_profile": None,
    }
    return changes.MergeCustomer(**{**facts, **other})  # type: ignore[arg-type]  # they are of their kinds


@TOPIC
async def everything_is_the_survivor_s(stores: Stores) -> None:
    """Entries follow the survivor's, an id that both used stays its own, counts add up, and no name leads anywhere."""
    store = await stores()
    world, survivor = await _furnish(store)
    owner, who = world.organization, world.customer
    await store.commit(_merge(world, survivor))
    expect(await store.customer(owner, CUSTOMER), None, "the merged customer")
    expect(await store.was_merged(owner, CUSTOMER), True, "whether it was merged")
    expect(await store.was_merged(world.other_organization, CUSTOMER), False, "whether it was elsewhere")
    expect([await store.merged(survivor), await store.merged(who)], [{CUSTOMER: AT}, {}], "who was merged into whom")
    expect(await store.customer_with_external_id(owner, "card-1"), None, "the customer by external id")
    expect(await store.customer_id_with_email(owner, "ada@customers.example"), None, "the id by email")
    expect(await store.customer_id_with_referrer_code(owner, "CODE-1"), None, "the id by referrer code")
    expect(await store.entries_between(who, 0, 9), [], "the ledger that was")
    entries = [(each.number, each.idempotency_id, each.fingerprint, each.request) for each in
               await store.entries_between(survivor, 0, 9)]  # fmt: skip
    expect(entries, [(1, "once", "fingerprint", "request"), (2, None, None, None), (3, "twice", "fingerprint", None)])
    tags = {each.name: each for each in await store.tags(survivor)}
    expect(tags, {"vip": Tag("vip", 42, None), "brief": Tag("brief", 1, AT + 1), "long": Tag("long", 1, AT + 9)})
    behaviours = {each.name: (each.count, each.last_at) for each in await store.behaviours(survivor)}
    expect(behaviours, {"visit": (2**53 - 1, AT + 5)}, "the counts")
    expect([each.id for each in await store.user_events(survivor, "", 9)], ["event"], "the events")
    expect([each.id for each in await store.memberships(survivor)], ["membership-1"], "the memberships")
    bought: list[Purchase] = await store.purchases_of(survivor, "", 9)
    expect([(each.id, each.customer) for each in bought], [("purchase-1", survivor)], "the purchases")
    expect(len(await store.awards(survivor, "purchase-1")), 1, "the awards")
    notes = [await store.tags(who), await store.behaviours(who), await store.user_events(who, "", 9)]
    expect([*notes, await store.memberships(who), await store.purchases_of(who, "", 9)], [[]] * 5, "what is left")
    expect(await store.phones(who), {}, "the phone numbers that are left")


@TOPIC
async def who_is_not_as_it_was_is_not_merged(stores: Stores) -> None:
    """Any difference of the one that goes is a conflict, as is a survivor who is not there: nothing is written."""
    store = await stores()
    world, survivor = await _furnish(store)
    before = await material.snapshot(store)
    other = await store.customer(world.other_organization, "customer-other")
    for broken in (
        {"version": 1},
        {"id": "unknown"},
        {"organization": world.other_organization},
        {"was_profile": "{}"},
        {"was_identifiers": "[1]"},
        {"was_user_profile": "{}"},
        {"survivor": world.customer},
        {"survivor": survivor + 100},
        {"survivor_id": "unknown"},
        {"survivor_version": 7},
        {"survivor": other and other.number},
        {"merged": survivor},
    ):
        await expect_conflict(store, _merge(world, survivor, **broken))
        expect(await material.snapshot(store), before, f"the store after {broken} was refused")


@TOPIC
async def a_merge_again_is_a_conflict(stores: Stores) -> None:
    """Committed again after an unknown outcome, a merge changes nothing; those merged before lead to the survivor."""
    store = await stores()
    world, survivor = await _furnish(store)
    merge = _merge(world, survivor)
    await store.commit(merge)
    after = await material.snapshot(store)
    await expect_conflict(store, merge)
    expect(await material.snapshot(store), after, "the store after it was committed again")
    await store.commit(material.customer(world.organization, "last"))
    last = await store.customer(world.organization, "last")
    if last is None:
        raise AssertionError("the last customer cannot be read")
    onward = {"merged": survivor, "id": SURVIVOR, "tombstone_id": "tombstone 2", "offset": 0}
    await store.commit(_merge(world, last.number, survivor_id="last", **onward))
    expect(await store.was_merged(world.organization, CUSTOMER), True, "whether the first was merged")
    await store.commit(changes.EraseCustomer(last.number, "last", "tombstone 3", AT, 2**62, 0))
    merged = [await store.was_merged(world.organization, each) for each in (CUSTOMER, SURVIVOR)]
    expect(merged, [False, False], "whether anybody was merged once the survivor is forgotten")
