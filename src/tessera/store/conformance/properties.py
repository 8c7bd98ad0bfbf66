"""Digital properties and their secrets."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.clients.applications import FOREVER, CredentialRecord
from tessera.core.clients.expiry_warnings import Ending, Owner
from tessera.core.clients.properties import Property, Secret
from tessera.core.clients.secret_rotation import OF_PROPERTY
from tessera.store.conformance import material, rotation
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import API_KEY, AT, World

TOPIC = Topic("properties")

OWNER = Owner(API_KEY, "shop", 1, "Org", "retailer of Org", is_property=True)


def listed(world: World) -> Iterable[Condition]:
    """For every change of a property that restates a fact: where it holds, and every way in which it does not."""
    owner, other = world.organization, world.other_organization
    yield Condition(
        (changes.AddProperty(owner, "new", "new", AT), changes.AddProperty(other, "shop", "new", AT)),
        (
            changes.AddProperty(owner, "new", API_KEY, AT),
            changes.AddProperty(other, "new", API_KEY, AT),
            changes.AddProperty(owner, "shop", "new", AT),
        ),
    )
    yield Condition((changes.RenameProperty(API_KEY, "new"),), (changes.RenameProperty("unknown", "new"),))
    yield Condition((changes.DisableProperty(API_KEY),), (changes.DisableProperty("unknown"),))
    yield Condition((changes.DeleteProperty(API_KEY),), (changes.DeleteProperty("unknown"),))
    yield Condition(
        (changes.SetPropertyLimits(API_KEY, "{}", ""),),
        (changes.SetPropertyLimits(API_KEY, "{}", "{}"), changes.SetPropertyLimits("unknown", "{}", "")),
    )
    yield from _secrets(world.property_secret)


def _secrets(secret: int) -> Iterable[Condition]:
    yield Condition(
        (material.property_secret(API_KEY, "new"),),
        (material.property_secret(API_KEY, "first"), material.property_secret("unknown", "new")),
    )
    yield Condition(
        (changes.EndPropertySecret(API_KEY, secret, AT, None),),
        (
            changes.EndPropertySecret(API_KEY, secret, AT, AT),
            changes.EndPropertySecret(API_KEY, secret + 100, AT, None),
            changes.EndPropertySecret("unknown", secret, AT, None),
        ),
    )
    yield from rotation.of_secrets(API_KEY, secret, OF_PROPERTY)


def repeatable(world: World) -> list[Change]:
    """Changes that restate no fact, and may be committed again all the same."""
    return [changes.MarkPropertySecretUsed(world.property_secret, AT, "192.0.2.1")]


@TOPIC
async def a_property_reads_back(stores: Stores) -> None:
    """A property has what it was given, and its secrets in order, as requests and as the operator see them."""
    store = await stores()
    world = await material.furnish(store)
    first = world.property_secret
    await store.commit(
        changes.AddPropertySecret(API_KEY, "second", b"d" * 32, "abcd", AT + 1, AT + 2),
        changes.EndPropertySecret(API_KEY, first, AT + 5, None),
        changes.SetPropertyLimits(API_KEY, "{}", ""),
        changes.RenameProperty(API_KEY, "web shop"),
        changes.MarkPropertySecretUsed(first, AT + 3, "192.0.2.7"),
        changes.MarkPropertySecretUsed(first + 1, AT + 2),
    )
    held = (Secret(first, bytes(range(32)), AT + 5), Secret(first + 1, b"d" * 32, AT + 2))
    (record,) = await store.properties()
    found = await store.property_with_key(API_KEY)
    expect(found, Property(record.number, API_KEY, world.organization, True, held, "{}"), "the property")
    expect((record.name, record.enabled, record.limits), ("web shop", True, "{}"), "the record")
    expect(record.last_used_at, AT + 3, "its last use")
    expect(
        await store.property_secrets(API_KEY),
        [
            CredentialRecord(first, "first", "keyed", "wxyz", AT, AT + 5, AT + 3, "192.0.2.7", None),
            CredentialRecord(first + 1, "second", "keyed", "abcd", AT + 1, AT + 2, AT + 2, None, None),
        ],
        "the secrets",
    )


@TOPIC
async def a_property_without_secrets_is_there(stores: Stores) -> None:
    """A property that has no secret is found all the same."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(changes.AddProperty(world.organization, "bare", "bare", AT))
    found = await store.property_with_key("bare")
    expect(found and found.secrets, (), "its secrets")


@TOPIC
async def a_property_is_disabled_and_enabled(stores: Stores) -> None:
    """Each is refused when it is so already."""
    store = await stores()
    await material.furnish(store)
    for step, enabled in (
        (changes.DisableProperty(API_KEY), False),
        (changes.EnableProperty(API_KEY), True),
        (changes.DisableProperty(API_KEY), False),
    ):
        await store.commit(step)
        await expect_conflict(store, step)
        found, (record,) = await store.property_with_key(API_KEY), await store.properties()
        expect((found and found.enabled, record.enabled), (enabled, enabled), "whether it is enabled")


@TOPIC
async def a_name_is_taken_in_its_organization_alone(stores: Stores) -> None:
    """A property may get its own name, and one of another organization's, but not one of its neighbour's."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.AddProperty(world.organization, "app", "app", AT),
        changes.AddProperty(world.other_organization, "theirs", "theirs", AT),
        changes.RenameProperty(API_KEY, "shop"),
        changes.RenameProperty(API_KEY, "theirs"),
    )
    await expect_conflict(store, changes.RenameProperty(API_KEY, "app"))


@TOPIC
async def a_deleted_property_is_gone_for_good(stores: Stores) -> None:
    """A property goes with its secrets, and the numbers of neither are used again."""
    store = await stores()
    world = await material.furnish(store)
    (before,) = await store.properties()
    await store.commit(changes.DeleteProperty(API_KEY))
    expect(await store.property_with_key(API_KEY), None, "the property")
    expect([await store.properties(), await store.property_secrets(API_KEY)], [[], []], "the lists")
    await store.commit(
        changes.AddProperty(world.organization, "shop", API_KEY, AT), material.property_secret(API_KEY, "first")
    )
    (after,), (secret,) = await store.properties(), await store.property_secrets(API_KEY)
    expect(after.number > before.number, True, "that the number is a new one")
    expect(secret.number > world.property_secret, True, "that the secret's number is new")
    await store.commit(changes.MarkPropertySecretUsed(world.property_secret, AT))
    expect((await store.property_secrets(API_KEY))[0].last_used_at, None, "the use of the deleted one")


@TOPIC
async def a_newer_secret_stands_in_the_way(stores: Stores) -> None:
    """A secret that is not the newest any more cannot be kept as the newest, whatever its end."""
    store = await stores()
    world = await material.furnish(store)
    keep = changes.KeepPropertySecret(API_KEY, world.property_secret, None)
    await store.commit(keep, material.property_secret(API_KEY, "next"))
    await expect_conflict(store, keep)


@TOPIC
async def a_use_stands_in_the_way_of_finishing(stores: Stores) -> None:
    """A secret used at the bound or after it is not finished, one used before it is."""
    store = await stores()
    secret = (await material.furnish(store)).property_secret
    await store.commit(changes.MarkPropertySecretUsed(secret, AT, "192.0.2.7"))
    await expect_conflict(store, changes.FinishPropertySecret(API_KEY, secret, AT + 9, None, AT))
    await store.commit(changes.FinishPropertySecret(API_KEY, secret, AT + 9, None, AT + 1))
    expect((await store.property_secrets(API_KEY))[0].ends_at, AT + 9, "its end")


@TOPIC
async def secrets_about_to_end_come_in_pages(stores: Stores) -> None:
    """They come by their end, those with the same end too, with the end of the last and the use of the newer ones."""
    store = await stores()
    first = (await material.furnish(store)).property_secret
    await store.commit(
        *(material.property_secret(API_KEY, name, AT + after) for name, after in (("b", 20), ("c", 10), ("d", 10))),
        changes.EndPropertySecret(API_KEY, first, AT + 40, None),
        changes.MarkPropertySecretUsed(first, AT + 2, "192.0.2.1"),
        changes.MarkPropertySecretUsed(first + 1, AT + 1, None),
    )
    rows = [
        Ending(OWNER, first + 2, "c", "keyed", AT + 10, AT + 40, None, None, AT + 2),
        Ending(OWNER, first + 3, "d", "keyed", AT + 10, AT + 40, None, None, AT + 2),
        Ending(OWNER, first + 1, "b", "keyed", AT + 20, AT + 40, AT + 1, None, AT + 2),
    ]
    at, number, found = AT, FOREVER, []
    while page := await store.property_endings(at, number, AT + 30, 1):
        found += page
        at, number = page[-1].ends_at, page[-1].number
    expect(found, rows, "the secrets page by page")
    last = Ending(OWNER, first, "first", "keyed", AT + 40, AT + 40, AT + 2, "192.0.2.1", None)
    expect(await store.property_endings(AT, FOREVER, AT + 99, 10), [*rows, last], "all of them")
    await store.commit(changes.DisableProperty(API_KEY))
    expect(await store.property_endings(AT, FOREVER, AT + 99, 10), [], "those of a disabled property")
