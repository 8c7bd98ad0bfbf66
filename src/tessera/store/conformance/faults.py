"""Faults in two forms: what failed left nothing, and what took effect can be committed again without harm."""

import asyncio

from tessera.core import changes
from tessera.core.changes import Change
from tessera.ports import Conflict, StoreError, StoreUnavailable
from tessera.store.conformance import audit, material, nodes, outbox, properties, purges, rotation
from tessera.store.conformance.case import Stores, Topic, expect
from tessera.store.conformance.conditions import conditions
from tessera.store.conformance.material import ANY_WORLD, AT, CLIENT, World

TOPIC = Topic("faults")

ANSWERED_SECONDS = 10
"""By when every commit must have been answered."""

COUNTED = (changes.CountTokens, changes.CountHour, changes.AddEvent)
"""Changes that add up when committed twice. Whoever commits them must not do so again after an unknown outcome.

An event goes with the change that it tells of, in whose fact it is safe.
"""

CUT_OFF = (changes.RevokeApplicationTokens, changes.RevokeOrganizationTokens)
"""Changes that revoke what was issued in between as well when they are committed again, by one more generation."""


def _repeatable(world: World) -> list[Change]:
    """Every change that can be committed in the world, one of each class and way."""
    facts = [change for each in conditions(world).values() for change in each.holds if not isinstance(change, CUT_OFF)]
    return [
        *facts,
        changes.RevokeToken(9, AT),
        *purges.repeatable(world),
        changes.MarkCredentialUsed(world.secret, AT),
        changes.ReleaseLease("singleton task", "me"),
        changes.ParkTierLevels(world.organization, "system-1"),
        *outbox.repeatable(world),
        *audit.repeatable(),
        *rotation.repeatable(world),
        *properties.repeatable(world),
        *nodes.repeatable(),
        changes.RemovePhone(world.customer, world.organization, "39555"),
        changes.ReleaseIdentifier(world.customer, world.organization, "card-1"),
        changes.ReleaseReferrerCode(world.customer),
    ]


def _committed_again(place: int, kind: type[Change]) -> None:
    async def run(stores: Stores) -> None:
        store = await stores()
        change = _repeatable(await material.furnish(store))[place]
        await store.commit(change)
        after = await material.snapshot(store, feed=False)
        for _ in range(2):
            try:
                await store.commit(change)
            except Conflict as conflict:
                expect(conflict.change, change, "the change in conflict")
            expect(await material.snapshot(store, feed=False), after, "the store after committing again")

    TOPIC.add(f"{kind.__name__}-again-{place}", run)


for _place, _change in enumerate(_repeatable(ANY_WORLD)):
    _committed_again(_place, type(_change))


@TOPIC
async def a_defect_in_one_commit_harms_no_other(stores: Stores) -> None:
    """A value that no database can hold fails its own commit alone, also when others are committed with it."""
    store = await stores()
    world = await material.furnish(store)
    defects: list[Change] = [
        changes.AddOrganization("half a character \ud800", "r", AT),
        changes.AddOrganization("too large a number", "r", 2**63),
        changes.AddOrganization("no number", "r", "soon"),  # type: ignore[arg-type]
        changes.AddOrganization("no text", object(), AT),  # type: ignore[arg-type]
        changes.AddProperty(world.organization + 1000, "nobody's", "k", AT),
    ]

    async def commit(number: int) -> bool:
        broken = [defects[number // 4 % len(defects)]] if number % 4 == 0 else []
        try:
            await store.commit(material.organization(f"org {number}"), *broken, material.organization(f"too {number}"))
        except StoreUnavailable as error:
            raise AssertionError("a defect was taken for a store that does not answer") from error
        except Exception:  # noqa: BLE001  # a defect may show in any way but that
            return False
        return True

    done = await asyncio.gather(*(commit(number) for number in range(60)))
    expect(list(done), [number % 4 > 0 for number in range(60)], "which commits were done")
    names = {each.name for each in await store.organizations()} - {"Org", "Other"}
    expect(names, {f"{word} {n}" for word in ("org", "too") for n in range(60) if n % 4}, "what is there")


@TOPIC
async def nothing_to_commit_is_no_fault(stores: Stores) -> None:
    """A commit of no changes does nothing and answers nothing."""
    store = await stores()
    expect(list(await store.commit()), [], "the notices")


@TOPIC
async def a_caller_that_goes_away_harms_no_other(stores: Stores) -> None:
    """A commit whose caller is cancelled is whole or not there, and the others are acknowledged."""
    store = await stores()
    await material.furnish(store)
    tasks = [
        asyncio.create_task(store.commit(material.organization(f"{n}/a"), material.organization(f"{n}/b")))
        for n in range(40)
    ]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    _, waiting = await asyncio.wait(tasks, timeout=ANSWERED_SECONDS)
    expect(len(waiting), 0, "the commits that were never answered")
    names = {each.name for each in await store.organizations()}
    for number, task in enumerate(tasks):
        halves = names & {f"{number}/a", f"{number}/b"}
        expect(len(halves) in (0, 2), True, f"that commit {number} is whole or not there")
        if not task.cancelled():
            expect(len(halves), 2, "what was acknowledged")


@TOPIC
async def closing_finishes_what_was_accepted(stores: Stores) -> None:
    """Closing waits for commits under way; later ones are refused; closing twice is no fault."""
    store, other = await stores(), await stores()
    await material.furnish(store)
    tasks = [asyncio.create_task(store.commit(material.organization(f"late {n}"))) for n in range(200)]
    await asyncio.sleep(0)
    await store.close()
    expect(len(await other.organizations()), 202, "the organizations once closing is done")
    done = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [error for error in done if isinstance(error, BaseException)]
    expect([type(error) for error in refused], [StoreUnavailable] * len(refused), "the refusals")
    names = {each.name for each in await other.organizations()}
    kept = {f"late {n}" for n, outcome in enumerate(done) if not isinstance(outcome, BaseException)}
    expect(names - {"Org", "Other"}, kept, "what is there")
    try:
        await store.commit(changes.SetQueryCredentials(CLIENT, 1))
    except StoreError as error:
        expect(type(error), StoreUnavailable, "the refusal after closing")
    else:
        raise AssertionError("a closed store took a commit")
    await store.close()
