"""Generations: every cut-off raises one, and an application has the sum of its own and its organization's."""

import asyncio

from tessera.core import changes, generations
from tessera.core.changes import Change
from tessera.ports import Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT

TOPIC = Topic("generations")

WRITERS = 16


async def _generation(store: Store, client_id: str = CLIENT) -> int:
    found = await store.application(client_id)
    if found is None:
        raise AssertionError("the application is absent")
    numbered = await store.application_numbered(found.number)
    expect(numbered and numbered.generation, found.generation, "the generation by number")
    return found.generation


@TOPIC
async def every_cut_off_raises_the_generation(stores: Stores) -> None:
    """By its step, of the application or of its organization, whatever the clock says; another one's stays."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    await store.commit(material.application(world.other_organization, "other"))
    expect((await _generation(store), await _generation(store, "other")), (0, 0), "the first generations")
    steps: list[tuple[Change, int]] = [
        (changes.RevokeApplicationTokens(CLIENT, AT), 1),
        (changes.RevokeApplicationTokens(CLIENT, AT - 10, 1000), 1001),
        (changes.DisableApplication(CLIENT, AT, 10), 1011),
        (changes.EnableApplication(CLIENT, 0, 20), 1031),
        (changes.RevokeOrganizationTokens(owner, AT, 5000), 6031),
        (changes.DisableOrganization(owner, AT - 1, 7), 6038),
        (changes.EnableOrganization(owner, 0, 2), 6040),
        (changes.RevokeApplicationTokens(CLIENT, AT, generations.RANGE - 6041), generations.RANGE - 1),
        (changes.RevokeOrganizationTokens(owner, AT, 1), 0),
        (changes.RevokeOrganizationTokens(owner, AT, 3 * generations.RANGE + 4), 4),
    ]
    for step, generation in steps:
        await store.commit(step)
        expect(await _generation(store), generation, f"the generation after {step!r}")
    expect(await _generation(store, "other"), 0, "the generation of another organization's application")


@TOPIC
async def what_is_not_done_raises_nothing(stores: Stores) -> None:
    """A cut-off whose fact does not hold, and one in a commit that fails, leave the generation as it is."""
    store = await stores()
    world = await material.furnish(store)
    cut_off = changes.RevokeApplicationTokens(CLIENT, AT, 5)
    broken: list[Change] = [
        changes.EnableApplication(CLIENT, AT, 7),
        changes.EnableOrganization(world.organization, AT, 7),
        changes.RevokeApplicationTokens("unknown", AT, 7),
    ]
    for change in broken:
        await expect_conflict(store, change)
        await expect_conflict(store, change, cut_off, change)
    expect(await _generation(store), 0, "the generation")


@TOPIC
async def other_changes_leave_the_generation(stores: Stores) -> None:
    """Renaming, other scopes and lifetimes, and credentials end no tokens together."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(changes.RevokeApplicationTokens(CLIENT, AT, 5))
    await store.commit(
        changes.RenameApplication(CLIENT, "Renamed"),
        changes.RenameOrganization(world.organization, "Renamed"),
        changes.SetScope(CLIENT, "profiles:read"),
        changes.SetTokenLifetime(CLIENT, 9),
        changes.EndCredential(CLIENT, world.secret, AT + 5, None),
        material.secret(CLIENT, "second"),
    )
    expect(await _generation(store), 5, "the generation")


@TOPIC
async def cut_offs_at_once_are_all_counted(stores: Stores) -> None:
    """Many writers cut off the application and its organization: no step is lost."""
    both = [await stores(), await stores()]
    world = await material.furnish(both[0])
    contenders = [
        change
        for number in range(WRITERS)
        for change in (
            changes.RevokeApplicationTokens(CLIENT, AT + number, 1 << number),
            changes.RevokeOrganizationTokens(world.organization, AT - number, 1 << number),
        )
    ]
    await asyncio.gather(*(both[place % 2].commit(change) for place, change in enumerate(contenders)))
    for store in both:
        expect(await _generation(store), 2 * ((1 << WRITERS) - 1), "the generation")


@TOPIC
async def a_new_application_has_its_organization_s_generation(stores: Stores) -> None:
    """It begins with none of its own; so it is with one under the client id of another that was deleted."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.RevokeApplicationTokens(CLIENT, AT, 5),
        changes.RevokeOrganizationTokens(world.organization, AT, 3),
        changes.DeleteApplication(CLIENT),
    )
    await store.commit(material.application(world.organization, CLIENT))
    expect(await _generation(store), 3, "the generation")
