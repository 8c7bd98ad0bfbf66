"""Organizations that are disabled, enabled again and deleted, and what goes with them."""

from tessera.core import changes
from tessera.core.organizations import OrganizationCounts
from tessera.ports import Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import API_KEY, AT, CLIENT, CUSTOMER

TOPIC = Topic("organizations")

COVERED: frozenset[type[changes.Change]] = frozenset(
    {
        changes.EnableOrganization,
        changes.DeleteOrganization,
        changes.DeleteOrganizationApplications,
        changes.DeleteOrganizationCustomers,
        changes.DeleteOrganizationEvents,
    }
)
"""Changes that only a disabled organization takes, of which the world has none: their cases are here."""


@TOPIC
async def a_disabled_organization_lets_nobody_in(stores: Stores) -> None:
    """Its applications and properties are not in force, and its cut-off moves, never back when the clock does."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    steps: list[tuple[changes.Change, bool, int]] = [
        (changes.DisableOrganization(owner, AT + 10), False, AT + 10),
        (changes.EnableOrganization(owner, AT + 20), True, AT + 20),
        (changes.DisableOrganization(owner, AT + 5), False, AT + 20),
        (changes.EnableOrganization(owner, AT + 6), True, AT + 20),
    ]
    for step, enabled, valid_from in steps:
        await store.commit(step)
        await expect_conflict(store, step)
        application = await store.application(CLIENT)
        state = application is not None and (application.enabled, application.tokens_valid_from)
        expect(state, (enabled, valid_from), f"enabled and cut-off after {step!r}")
        shop = await store.property_with_key(API_KEY)
        expect(shop is not None and shop.enabled, enabled, f"the property after {step!r}")
        record = await store.application_record(CLIENT)
        state = record is not None and (record.enabled, record.organization_enabled)
        expect(state, (True, enabled), "what its operator sees")
        expect([each.enabled for each in await store.organizations()], [enabled, True], "the organizations")


@TOPIC
async def only_a_disabled_organization_is_deleted(stores: Stores) -> None:
    """While it is enabled nothing of it goes, and while it has customers or applications it does not go itself."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    before = await material.snapshot(store)
    for kind in COVERED - {changes.EnableOrganization, changes.DeleteOrganization}:
        await expect_conflict(store, kind(owner, 10))
    await expect_conflict(store, changes.DeleteOrganization(owner, AT))
    expect(await material.snapshot(store), before, "the store")
    await store.commit(changes.DisableOrganization(owner, AT))
    await expect_conflict(store, changes.DeleteOrganization(owner, AT))
    await store.commit(changes.DeleteOrganizationCustomers(owner, 10))
    await expect_conflict(store, changes.DeleteOrganization(owner, AT))
    await store.commit(changes.DeleteOrganizationApplications(owner, 10), changes.DeleteOrganization(owner, AT))
    for late in (
        changes.DeleteOrganization(owner, AT),
        changes.EnableOrganization(owner, AT),
        changes.DisableOrganization(owner, AT),
        changes.RenameOrganization(owner, "Again"),
        changes.DeleteOrganizationCustomers(owner, 10),
    ):
        await expect_conflict(store, late)


@TOPIC
async def a_deleted_organization_leaves_nothing_behind(stores: Stores) -> None:
    """Customers, applications, properties, webhooks and events are gone, its name is free, and the other one stays."""
    store = await stores()
    world = await material.furnish(store)
    owner, other = world.organization, world.other_organization
    await store.commit(material.application(other, "other"), material.customer(owner, "second"))
    everything = await store.organization_counts(owner, 10)
    expect(everything, OrganizationCounts(applications=1, properties=1, webhooks=1, customers=2, events=2))
    expect((await store.organization_counts(owner, 1)).customers, 1, "customers counted up to one")
    theirs = await _belongings(store, other)
    await store.commit(changes.DisableOrganization(owner, AT))
    await store.commit(changes.DeleteOrganizationCustomers(owner, 1))
    expect((await store.organization_counts(owner, 10)).customers, 1, "customers after a batch of one")
    await store.commit(changes.DeleteOrganizationCustomers(owner, 1))
    await store.commit(changes.DeleteOrganizationApplications(owner, 1), changes.DeleteOrganizationEvents(owner, 1))
    await store.commit(changes.DeleteOrganization(owner, AT))
    expect(await store.organization_counts(owner, 10), OrganizationCounts(0, 0, 0, 0, 0), "what is left")
    gone = [
        await store.customer(owner, CUSTOMER),
        await store.application(CLIENT),
        await store.property_with_key(API_KEY),
    ]
    expect(gone, [None, None, None], "what was its own")
    expect([await store.webhooks(), await store.events_after(owner, 0, 10), await store.access(None)], [[], [], []])
    marks = [
        await store.phones(world.customer),
        await store.tags(world.customer),
        await store.memberships(world.customer),
    ]
    expect(
        [*map(list, marks), await store.entries_between(world.customer, 0, 100)],
        [[], [], [], []],
        "what is kept of a customer",
    )
    expect([each.name for each in await store.organizations()], ["Other"], "the organizations")
    expect(await _belongings(store, other), theirs, "the other organization")
    await store.commit(material.organization("Org2"), changes.RenameOrganization(other, "Org"))


async def _belongings(store: Store, organization: int) -> list[object]:
    return [
        await store.organization_counts(organization, 10),
        await store.customers_after(organization, 0, 10),
        await store.events_after(organization, 0, 10),
        [each for each in await store.applications(0, 10) if each.organization == "Other"],
    ]
