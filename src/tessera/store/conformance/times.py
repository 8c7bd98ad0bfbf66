"""Numbers survive whole: microseconds, numbers that a float would round, and the largest there are."""

from tessera.core import changes
from tessera.core.keys.wrapping import KeyPurpose
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT

TOPIC = Topic("times")

NUMBERS = (0, 1, 999_999, 2**31, 2**32 + 1, AT, AT + 1, 2**53, 2**53 + 1, 2**62 + 1, 2**63 - 1)


@TOPIC
async def times_survive_to_the_microsecond(stores: Stores) -> None:
    """Every time comes back as it went in, in columns with and without an end."""
    store = await stores()
    await material.furnish(store)
    for at in NUMBERS:
        await store.commit(
            changes.AddOrganization(f"org {at}", f"retailer {at}", at),
            changes.AddCredential(CLIENT, f"secret {at}", 0, b"", "", at, at),
        )
    expect([each.created_at for each in (await store.organizations())[2:]], list(NUMBERS), "created at")
    expect([each.ends_at for each in (await store.secrets(CLIENT))[1:]], list(NUMBERS), "ends at")


@TOPIC
async def token_ids_survive(stores: Stores) -> None:
    """Token ids of 63 bits and their ends come back as they were, and in the feed's text."""
    store = await stores()
    await store.commit(*(changes.RevokeToken(number, 2**63 - 1) for number in NUMBERS))
    expect(await store.revocations(), [(number, 2**63 - 1) for number in NUMBERS], "the revocations")
    expect([notice.key for notice in await store.notices_after(0)], [f"{n}:{2**63 - 1}" for n in NUMBERS])


@TOPIC
async def amounts_survive(stores: Stores) -> None:
    """Ledger amounts come back exactly, negative ones too."""
    store = await stores()
    world = await material.furnish(store)
    amounts = [sign * number for number in NUMBERS for sign in (1, -1)]
    await store.commit(
        *(
            material.entry(place + 2, f"once {n}", amount=n, customer=world.customer, account=world.point_account)
            for place, n in enumerate(dict.fromkeys(amounts))
        )
    )
    found = [await store.entry(world.customer, f"once {amount}") for amount in amounts]
    expect([each and each.amount for each in found], amounts, "the amounts")


@TOPIC
async def an_end_compares_exactly(stores: Stores) -> None:
    """A secret's end is compared to the microsecond, beyond what a float holds, and none is not 0."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(changes.EndCredential(CLIENT, world.secret, 2**53 + 1, None))
    for was in (None, 0, 2**53, 2**53 + 2):
        await expect_conflict(store, changes.EndCredential(CLIENT, world.secret, 5, was))
    await store.commit(changes.EndCredential(CLIENT, world.secret, 5, 2**53 + 1))


@TOPIC
async def key_times_survive(stores: Stores) -> None:
    """A key's beginning comes back as it was."""
    store = await stores()
    for number, at in enumerate(NUMBERS, start=1):
        await store.commit(changes.AddKey(KeyPurpose.SEALING, number, b"", at, at))
    expect([key.signs_from for key in await store.keys()], list(NUMBERS), "signs from")
