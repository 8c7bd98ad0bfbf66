"""Resource servers and what applications may do there: facts, and what is read back."""

from collections.abc import Iterable

from tessera.core import changes
from tessera.core.clients.applications import TokenFormat
from tessera.core.tokens.resource_servers import AccessRecord, Resource, ResourceRecord
from tessera.ports import Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT, STOCK, World

TOPIC = Topic("resources")

TILLS = "urn:tills"


def listed(world: World) -> Iterable[Condition]:
    """Where the facts of resources hold, and where they do not."""
    yield Condition(
        (changes.AddResource(TILLS, "Tills", "open", None, None, AT),),
        (
            changes.AddResource(STOCK, "Tills", "open", None, None, AT),
            changes.AddResource(TILLS, "Stock", "open", None, None, AT),
        ),
    )
    yield Condition(
        (
            changes.SetResource(STOCK, "Stock", "read", 1, world.application),
            changes.SetResource(STOCK, "Stores", "read", None, None),
        ),
        (changes.SetResource(TILLS, "Tills", "read", None, None),),
    )
    yield Condition((changes.DeleteResource(STOCK),), (changes.DeleteResource(TILLS),))
    yield Condition(
        (changes.SetAccess(CLIENT, STOCK, "write"), changes.SetAccess(CLIENT, STOCK, "")),
        (changes.SetAccess("unknown", STOCK, "read"), changes.SetAccess(CLIENT, TILLS, "read")),
    )
    yield Condition((changes.RevokeApplicationTokens(CLIENT, AT),), (changes.RevokeApplicationTokens("unknown", AT),))
    yield Condition(
        (changes.RevokeOrganizationTokens(world.organization, AT),),
        (changes.RevokeOrganizationTokens(world.other_organization + 100, AT),),
    )


async def _access(store: Store) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """What the world's application may do at resources, as it is checked."""
    found = await store.application(CLIENT)
    if found is None:
        raise AssertionError("the application is absent")
    return found.options.access


@TOPIC
async def a_resource_reads_back(stores: Stores) -> None:
    """A resource has what it was given, and what it was set to; its record names its server."""
    store = await stores()
    world = await material.furnish(store)
    stock = (await store.resources())[0]
    expect(stock, Resource(stock.number, STOCK, ("read", "write"), None, None), "the resource")
    await store.commit(changes.SetResource(STOCK, "Stores", "read", int(TokenFormat.EDDSA), world.application))
    expect(await store.resources(), [Resource(stock.number, STOCK, ("read",), TokenFormat.EDDSA, world.application)])
    record = ResourceRecord(stock.number, STOCK, "Stores", "read", "eddsa", f"name of {CLIENT}", AT)
    expect(await store.resource_records(), [record], "the record")


@TOPIC
async def a_name_is_one_resource_s(stores: Stores) -> None:
    """A resource cannot take the name of another, and keeps its own."""
    store = await stores()
    await material.furnish(store)
    await store.commit(changes.AddResource(TILLS, "Tills", "open", None, None, AT))
    await expect_conflict(store, changes.SetResource(TILLS, "Stock", "open", None, None))
    await store.commit(changes.SetResource(TILLS, "Tills", "open close", None, None))


@TOPIC
async def access_is_set_whole(stores: Stores) -> None:
    """What is set takes the place of what was; nothing takes it away, at this resource alone."""
    store = await stores()
    await material.furnish(store)
    await store.commit(
        changes.AddResource(TILLS, "Tills", "open", None, None, AT), changes.SetAccess(CLIENT, TILLS, "open")
    )
    stock, tills = (each.number for each in await store.resources())
    expect(await _access(store), ((stock, ("read",)), (tills, ("open",))), "the access")
    await store.commit(changes.SetAccess(CLIENT, STOCK, "write"), changes.SetAccess(CLIENT, TILLS, ""))
    expect(await _access(store), ((stock, ("write",)),), "the access once it was set")
    record = AccessRecord(f"name of {CLIENT}", CLIENT, "Org", STOCK, "write")
    expect([await store.access(CLIENT), await store.access(None)], [[record], [record]], "the records")
    expect(await store.access("unknown"), [], "the records of nobody")


@TOPIC
async def a_deleted_resource_takes_its_access_along(stores: Stores) -> None:
    """A resource goes with what was granted there, and its number is never used again."""
    store = await stores()
    await material.furnish(store)
    number = (await store.resources())[0].number
    await store.commit(changes.DeleteResource(STOCK))
    expect((await store.resources(), await _access(store)), ([], ()), "what is left")
    await store.commit(changes.AddResource(STOCK, "Stock", "read", None, None, AT))
    expect((await store.resources())[0].number > number, True, "that the number is a new one")


@TOPIC
async def a_deleted_application_serves_no_resource(stores: Stores) -> None:
    """A resource outlives the application by which it asked."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(changes.SetResource(STOCK, "Stock", "read", None, world.application))
    await store.commit(changes.DeleteApplication(CLIENT))
    expect([each.application for each in await store.resources()], [None], "its server")


@TOPIC
async def cut_offs_never_move_back(stores: Stores) -> None:
    """The later of the two cut-offs counts, that of the application or of its organization, and none moves back."""
    store = await stores()
    world = await material.furnish(store)
    steps: list[tuple[changes.Change, int]] = [
        (changes.RevokeApplicationTokens(CLIENT, AT + 10), AT + 10),
        (changes.RevokeApplicationTokens(CLIENT, AT + 5), AT + 10),
        (changes.RevokeOrganizationTokens(world.organization, AT + 7), AT + 10),
        (changes.RevokeOrganizationTokens(world.organization, AT + 20), AT + 20),
        (changes.RevokeOrganizationTokens(world.organization, AT + 1), AT + 20),
        (changes.RevokeOrganizationTokens(world.other_organization, AT + 90), AT + 20),
        (changes.RevokeApplicationTokens(CLIENT, AT + 30), AT + 30),
    ]
    for step, valid_from in steps:
        await store.commit(step)
        found = await store.application(CLIENT)
        state = found is not None and (found.enabled, found.tokens_valid_from)
        expect(state, (True, valid_from), f"enabled and cut-off after {step!r}")


@TOPIC
async def revocations_are_read_in_pages(stores: Stores) -> None:
    """Pages follow each other by id, with what has expired."""
    store = await stores()
    await store.commit(*(changes.RevokeToken(number, AT + number % 2) for number in range(10)))
    found: list[tuple[int, int]] = []
    while page := await store.revocations(found[-1][0] if found else -1, 2):
        found += page
    expect(found, [(number, AT + number % 2) for number in range(10)], "the pages")
