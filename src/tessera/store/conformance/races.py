"""Many at once: one fact has one winner, and every commit is whole or not at all."""

import asyncio
from collections.abc import Sequence

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.keys.wrapping import KeyPurpose
from tessera.ports import Conflict, Store
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect
from tessera.store.conformance.material import ANY_WORLD, AT, CLIENT, CUSTOMER, World

TOPIC = Topic("races")

WRITERS = 16


async def _race(stores: Sequence[Store], *contenders: Change) -> int:
    """Commit all at once, over the stores in turn; the place of the one that won."""

    async def write(place: int) -> bool:
        try:
            await stores[place % len(stores)].commit(contenders[place], material.organization(f"winner {place}"))
        except Conflict as conflict:
            expect(conflict.change, contenders[place], "the change in conflict")
            return False
        return True

    won = await asyncio.gather(*(write(place) for place in range(len(contenders))))
    expect(sum(won), 1, "the number of winners")
    winner = won.index(True)
    names = [each.name for each in await stores[0].organizations()]
    expect([name for name in names if name.startswith("winner")], [f"winner {winner}"], "what the winners wrote")
    return winner


def _contenders(world: World) -> dict[str, list[Change]]:
    """For each kind of fact, changes of which only one can be written."""
    every = range(WRITERS)
    owner = world.organization
    return {
        "a-standing": [changes.SetStanding(world.customer, f"[{n}]", AT, 0) for n in every],
        "an-idempotency-id": [
            material.entry(n + 2, "race", customer=world.customer, account=world.point_account) for n in every
        ],
        "an-entry's-number": [
            material.entry(2, None, amount=n, customer=world.customer, account=world.point_account) for n in every
        ],
        "a-singleton task": [changes.TakeLease("singleton task", f"process {n}", AT, AT + 1) for n in every],
        "an-email-address": [material.customer(owner, f"race {n}", "race@x") for n in every],
        "an-external-id": [changes.ClaimIdentifier(CUSTOMER, owner, "race") for _ in every],
        "a-client-id": [material.application(owner, "race", name=f"race {n}") for n in every],
        "a-secret's-name": [material.secret(CLIENT, "race") for _ in every],
        "a-secret's-end": [changes.EndCredential(CLIENT, world.secret, AT + n, None) for n in every],
        "disabling": [changes.DisableApplication(CLIENT, AT + n) for n in every],
        "deleting": [changes.DeleteApplication(CLIENT) for _ in every],
        "a-program": [changes.RaiseProgramVersion(owner, 0) for _ in every],
        "a-level-that-goes": [changes.RetireTierLevel(owner, "level-1", AT + n) for n in every],
        "a-membership": [
            changes.JoinTier("customer-other", f"race {n}", world.tier_system, world.low_level, AT, "joined")
            for n in every
        ],
        "the-external-ids": [changes.SetIdentifiers(world.customer, f"[{n}]", "[]") for n in every],
        "a-custom-profile": [changes.SetCustomProfile(world.customer, f"{n}", None) for n in every],
        "a-new-tag": [changes.SetTag(world.customer, "race", 1 + n, None, 0, None) for n in every],
        "a-tag": [changes.SetTag(world.customer, "vip", 3 + n, None, 2, None) for n in every],
        "a-new-count": [changes.SetActivityCounter(world.customer, "race", 1 + n, AT, 0) for n in every],
        "a-count": [changes.SetActivityCounter(world.customer, "visit", 4 + n, AT, 3) for n in every],
        "forgetting": [changes.EraseCustomer(world.customer, CUSTOMER, f"t{n}", AT, 2**62, 0) for n in every],
        "leaving": [changes.LeaveTier(world.customer, "membership-1", AT + n) for n in every],
        "a-webhook's-name": [material.webhook(owner, "race") for _ in every],
        "a-webhook's-position": [
            changes.MoveWebhook(world.webhook, world.event + n + 1, world.event, 0, 0, AT, None) for n in every
        ],
        "a-webhook's-secret": [changes.RotateWebhook(world.webhook, bytes([n]), b"secret", AT) for n in every],
        "a-key's-number": [changes.AddKey(KeyPurpose.SEALING, 9, bytes([n]), AT, 0) for n in every],
    }


def _one_winner(name: str) -> None:
    async def run(stores: Stores) -> None:
        both = [await stores(), await stores()]
        world = await material.furnish(both[0])
        await _race(both, *_contenders(world)[name])

    TOPIC.add(f"one-winner-for-{name}", run)


for _name in _contenders(ANY_WORLD):
    _one_winner(_name)


@TOPIC
async def the_winner_s_value_stays(stores: Stores) -> None:
    """What is read after a race is what the winner wrote."""
    both = [await stores(), await stores()]
    world = await material.furnish(both[0])
    winner = await _race(both, *_contenders(world)["a-standing"])
    for store in both:
        known = await store.customer(world.organization, CUSTOMER)
        expect(known and known.standing, f"[{winner}]", "the standing")


@TOPIC
async def every_commit_is_whole_or_not_at_all(stores: Stores) -> None:
    """Of many commits of three changes at once, those with a broken one leave nothing, and the others all three."""
    both = [await stores(), await stores()]
    await material.furnish(both[0])

    async def write(number: int) -> None:
        parts: list[Change] = [material.organization(f"{number}/{part}") for part in range(3)]
        if number % 3 == 0:
            parts.insert(number % 4, changes.DeleteApplication("unknown"))
        try:
            await both[number % 2].commit(*parts)
        except Conflict:
            expect(number % 3, 0, "the commits that conflict")
        else:
            expect(number % 3 > 0, True, "that a broken commit conflicts")

    await asyncio.gather(*(write(number) for number in range(120)))
    names = {each.name for each in await both[0].organizations()} - {"Org", "Other"}
    expect(names, {f"{number}/{part}" for number in range(120) for part in range(3) if number % 3}, "what is there")


@TOPIC
async def no_update_is_lost(stores: Stores) -> None:
    """Writers that decide anew after each conflict count up exactly, through two stores at once."""
    both = [await stores(), await stores()]
    world = await material.furnish(both[0])
    await both[0].commit(changes.SetStanding(world.customer, "0", AT, 0))

    async def add(store: Store) -> None:
        while True:
            known = await store.customer(world.organization, CUSTOMER)
            was, version = (known.standing, known.version) if known else ("", 0)
            try:
                await store.commit(changes.SetStanding(world.customer, str(int(was) + 1), AT, version))
            except Conflict:
                continue
            return

    await asyncio.gather(*(add(both[number % 2]) for number in range(40)))
    known = await both[1].customer(world.organization, CUSTOMER)
    expect(known and known.standing, "40", "the count")


@TOPIC
async def what_is_acknowledged_is_seen(stores: Stores) -> None:
    """What a commit acknowledged is read at once, through this store and through any other."""
    both = [await stores(), await stores()]
    for number in range(20):
        await both[number % 2].commit(material.organization(f"org {number}"))
        for store in both:
            expect(len(await store.organizations()), number + 1, "the organizations seen")
