"""A change restates the fact it relies on: where it holds the change is written, where it does not, nothing is."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.keys.wrapping import KeyPurpose
from tessera.store.conformance import (
    customer_conditions,
    key_conditions,
    material,
    organizations,
    outbox,
    properties,
    purchases,
    purges,
    resources,
    rotation,
)
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import ANY_WORLD, AT, CLIENT, CUSTOMER, World
from tessera.store.conformance.program_conditions import program

TOPIC = Topic("conditions")


def conditions(world: World) -> dict[type[Change], Condition]:
    """For every change that restates a fact: where it holds, and every way in which it does not."""
    listed = (
        *_operator(world),
        *_secrets(world),
        *key_conditions.listed(),
        *purges.listed(),
        *properties.listed(world),
        *resources.listed(world),
        *program(world),
        *customer_conditions.listed(world),
        *_loyalty(world),
        *purchases.listed(world),
    )
    told = (Condition(*each) for each in (*outbox.facts(world), *rotation.facts(world)))
    return {type(each.holds[0]): each for each in (*listed, *told)}


def _operator(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (changes.AddOrganization("New", "new", AT),),
        (changes.AddOrganization("Org", "new", AT), changes.AddOrganization("New", "retailer of Org", AT)),
    )
    yield Condition(
        (material.application(owner, "new"),),
        (
            material.application(owner, CLIENT, name="new"),
            material.application(other, CLIENT, name="new"),
            material.application(other, "new", name=f"name of {CLIENT}"),
        ),
    )
    yield Condition((changes.DisableOrganization(owner, AT),), (changes.DisableOrganization(99, AT),))
    yield Condition(
        (changes.RenameOrganization(owner, "New"), changes.RenameOrganization(owner, "Org")),
        (changes.RenameOrganization(owner, "Other"), changes.RenameOrganization(99, "New")),
    )
    yield Condition((changes.SetQueryCredentials(CLIENT, 2),), (changes.SetQueryCredentials("unknown", 2),))
    yield Condition((changes.SetAuthenticationMethods(CLIENT, 3),), (changes.SetAuthenticationMethods("unknown", 3),))
    for kind in (
        changes.SetTokenBinding,
        changes.SetSecurityProfile,
        changes.SetAssertionAudience,
        changes.SetSigningAlgorithms,
        changes.SetJSONRequests,
    ):
        yield Condition((kind(CLIENT, 1),), (kind("unknown", 1),))
    yield Condition((changes.SetScope(CLIENT, ""),), (changes.SetScope("unknown", ""),))
    yield Condition((changes.SetTokenLifetime(CLIENT, 9),), (changes.SetTokenLifetime("unknown", 9),))
    yield Condition(
        (changes.RenameApplication(CLIENT, "new"), changes.RenameApplication(CLIENT, f"name of {CLIENT}")),
        (changes.RenameApplication("unknown", "new"),),
    )
    yield Condition(
        (changes.SetLimits(CLIENT, "{}", ""),),
        (changes.SetLimits(CLIENT, "{}", "{}"), changes.SetLimits("unknown", "{}", "")),
    )
    yield Condition((changes.DeleteApplication(CLIENT),), (changes.DeleteApplication("unknown"),))
    yield Condition((changes.DisableApplication(CLIENT, AT),), (changes.DisableApplication("unknown", AT),))
    yield Condition(
        (changes.AddKey(KeyPurpose.SEALING, 2, b"", AT, 0), changes.AddKey(KeyPurpose.PEPPER, 1, b"", AT, 0)),
        (changes.AddKey(KeyPurpose.SEALING, 1, b"", AT, 0),),
    )


def _secrets(world: World) -> Iterable[Condition]:
    yield Condition(
        (material.secret(CLIENT, "new"),), (material.secret(CLIENT, "first"), material.secret("unknown", "new"))
    )
    yield Condition(
        (changes.EndCredential(CLIENT, world.secret, AT, None),),
        (
            changes.EndCredential(CLIENT, world.secret, AT, AT),
            changes.EndCredential(CLIENT, world.secret, AT, 0),
            changes.EndCredential(CLIENT, world.secret + 1, AT, None),
            changes.EndCredential("unknown", world.secret, AT, None),
        ),
    )


def _loyalty(world: World) -> Iterable[Condition]:
    who, account, system = world.customer, world.point_account, world.tier_system
    low, high = world.low_level, world.high_level
    yield Condition(
        (changes.SetStanding(who, "[]", AT, 0),),
        (changes.SetStanding(who, "[]", AT, 1), changes.SetStanding(who + 100, "[]", AT, 0)),
    )
    yield Condition(
        (
            material.entry(2, "new", customer=who, account=account),
            material.entry(2, None, customer=who, account=account),
            material.entry(1, "once", customer=who + 1, account=account),
        ),
        (
            material.entry(1, "new", customer=who, account=account),
            material.entry(1, None, customer=who, account=account),
            material.entry(2, "once", customer=who, account=account),
            material.entry(2, "once", amount=1, customer=who, account=account),
        ),
    )
    yield Condition(
        (changes.JoinTier("customer-other", "new", system, low, AT, "joined"),),
        (
            changes.JoinTier(CUSTOMER, "new", system, low, AT, "joined"),
            changes.JoinTier(CUSTOMER, "new", system, high, AT, "joined"),
            changes.JoinTier("unknown", "new", system, low, AT, "joined"),
        ),
    )
    yield Condition(
        (changes.LeaveTier(who, "membership-1", AT),),
        (changes.LeaveTier(who, "unknown", AT), changes.LeaveTier(who + 1, "membership-1", AT)),
    )
    yield Condition(
        (changes.AddUserEvent(who, "new", "survey", AT),), (changes.AddUserEvent(who + 100, "new", "survey", AT),)
    )
    yield Condition((changes.TakeLease("singleton task", "me", AT, AT + 1),), ())
    yield Condition(
        (changes.ConsumeProof("new", AT),), (changes.ConsumeProof("spent", AT), changes.ConsumeProof("spent", 0))
    )


COVERED: frozenset[type[Change]] = frozenset(
    {
        *conditions(ANY_WORLD),
        *organizations.COVERED,
        changes.EnableApplication,
        changes.EnableProperty,
        changes.EnableWebhook,
        changes.MergeCustomer,
    }
)
"""Every change that has cases. Some have their own: the world has nothing disabled or paused, and nobody to merge."""


def _case(kind: type[Change], place: int) -> None:
    """One case for a change whose fact holds: it is written."""

    async def written(stores: Stores) -> None:
        store = await stores()
        world = await material.furnish(store)
        await store.commit(conditions(world)[kind].holds[place])

    TOPIC.add(f"{kind.__name__}-is-written-{place}", written)


def _refusal(kind: type[Change]) -> None:
    """One case for every way in which a fact does not hold: nothing is written, nothing of the same commit either."""

    async def refused(stores: Stores) -> None:
        store = await stores()
        world = await material.furnish(store)
        before = await material.snapshot(store)
        early, late = material.organization("Early"), material.organization("Late")
        for broken in conditions(world)[kind].broken:
            await expect_conflict(store, broken)
            await expect_conflict(store, broken, early, broken, late)
            expect(await material.snapshot(store), before, f"the store after {broken!r} was refused")
        await store.commit(early, late)

    TOPIC.add(f"{kind.__name__}-is-refused-whole", refused)


for _kind, _condition in conditions(ANY_WORLD).items():
    for _place in range(len(_condition.holds)):
        _case(_kind, _place)
    if _condition.broken:
        _refusal(_kind)


@TOPIC
async def an_application_is_disabled_and_enabled_in_turn(stores: Stores) -> None:
    """Only an enabled application can be disabled, and only a disabled one enabled."""
    store = await stores()
    await material.furnish(store)
    disable, enable = changes.DisableApplication(CLIENT, AT), changes.EnableApplication(CLIENT, AT)
    await expect_conflict(store, enable)
    await store.commit(disable)
    await expect_conflict(store, disable)
    await expect_conflict(store, changes.EnableApplication("unknown", AT))
    await store.commit(enable)
    await expect_conflict(store, enable)


@TOPIC
async def an_application_gets_no_name_that_another_has(stores: Stores) -> None:
    """A name that another application has is refused; the one it has itself, and one that became free, are not."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(material.application(world.other_organization, "second", name="Second"))
    taken = changes.RenameApplication(CLIENT, "Second")
    await expect_conflict(store, taken)
    await store.commit(changes.RenameApplication("second", "Third"), taken)
    record = await store.application_record(CLIENT)
    expect(record is not None and record.name, "Second", "its name")


@TOPIC
async def a_membership_ends_once(stores: Stores) -> None:
    """A membership that has ended cannot end again, and makes room for the next one in the same commit."""
    store = await stores()
    world = await material.furnish(store)
    leave = changes.LeaveTier(world.customer, "membership-1", AT)
    join = changes.JoinTier(CUSTOMER, "new", world.tier_system, world.high_level, AT, "earned")
    await store.commit(leave, join)
    await expect_conflict(store, leave)
    await expect_conflict(store, join)


@TOPIC
async def facts_are_looked_at_in_order(stores: Stores) -> None:
    """A change sees what the earlier ones of its commit did; the first fact that fails is the one named."""
    store = await stores()
    await store.commit(material.organization("A"))
    twice = material.organization("B")
    await expect_conflict(store, twice, twice, twice)
    missing = material.secret("unknown", "x")
    await expect_conflict(store, missing, material.organization("C"), missing, material.organization("A"))
    expect([each.name for each in await store.organizations()], ["A"], "the organizations")


@TOPIC
async def a_duty_is_one_holder_s_until_it_ends(stores: Stores) -> None:
    """Nobody takes a lease that another holds; its holder prolongs it, and lets it go; a lease that ended is free."""
    store = await stores()
    mine, theirs = (
        changes.TakeLease("singleton task", "me", AT, AT + 10),
        changes.TakeLease("singleton task", "them", AT + 9, AT + 20),
    )
    await store.commit(mine)
    await expect_conflict(store, theirs)
    await store.commit(changes.TakeLease("singleton task", "me", AT + 5, AT + 15))
    await expect_conflict(store, changes.TakeLease("singleton task", "them", AT + 14, AT + 30))
    await store.commit(changes.TakeLease("singleton task", "them", AT + 15, AT + 30))
    expect(await store.lease("singleton task"), ("them", AT + 30), "the lease")
    await store.commit(changes.ReleaseLease("singleton task", "me"))
    await expect_conflict(store, changes.TakeLease("singleton task", "me", AT + 20, AT + 40))
    await store.commit(
        changes.ReleaseLease("singleton task", "them"), changes.TakeLease("singleton task", "me", AT + 20, AT + 40)
    )
    expect(await store.lease("other singleton task"), None, "another singleton task's lease")


@TOPIC
async def an_event_of_a_customer_is_added_once(stores: Stores) -> None:
    """An event whose id the customer has already is refused."""
    store = await stores()
    world = await material.furnish(store)
    event = changes.AddUserEvent(world.customer, "once", "survey", AT)
    await store.commit(event)
    await expect_conflict(store, event)
