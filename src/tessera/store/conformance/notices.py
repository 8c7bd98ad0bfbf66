"""The change feed: without gaps, in the order of the commits, and the same for everybody."""

import asyncio

from tessera.core import changes
from tessera.core.changes import Notice, NoticeKind
from tessera.core.keys.wrapping import KeyPurpose
from tessera.ports import Conflict
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CLIENT

TOPIC = Topic("notices")

RECEIVED_SECONDS = 10
"""By when a store must know what another one committed."""


@TOPIC
async def a_commit_answers_its_notices(stores: Stores) -> None:
    """A commit answers a notice for each change that others must hear of, in their order, and the feed has the same."""
    store = await stores()
    await store.commit(material.organization("Org"))
    owner = (await store.organizations())[0].number
    told = await store.commit(
        changes.AddProperty(owner, "shop", "key", AT),
        material.application(owner, CLIENT),
        material.customer(owner, "c"),
        changes.AddPointAccount(owner, "p", "Beans", "Spend"),
        changes.RevokeToken(7, AT),
        changes.AddKey(KeyPurpose.SEALING, 1, b"", AT, 0),
    )
    expected = [
        Notice(1, NoticeKind.PROPERTY, "key"),
        Notice(2, NoticeKind.APPLICATION, CLIENT),
        Notice(3, NoticeKind.PROGRAM, str(owner)),
        Notice(4, NoticeKind.TOKEN, f"7:{AT}"),
        Notice(5, NoticeKind.KEYS, ""),
    ]
    expect(list(told), expected, "what the commit answers")
    expect(await store.notices_after(0), expected, "the feed")
    expect(await store.notices_after(3), expected[3:], "the feed after the third")
    expect(await store.notices_after(5), [], "the feed after the last")
    expect(await store.last_sequence(), 5, "the last sequence")


@TOPIC
async def a_refused_commit_leaves_no_gap(stores: Stores) -> None:
    """A commit that was refused after some of its notices were made uses up no number."""
    store = await stores()
    await material.furnish(store)
    last = await store.last_sequence()
    broken = changes.DeleteApplication("unknown")
    for _ in range(3):
        await expect_conflict(store, broken, changes.SetQueryCredentials(CLIENT, 1), broken)
    told = await store.commit(changes.SetQueryCredentials(CLIENT, 1))
    expect([notice.sequence for notice in told], [last + 1], "the next number")


@TOPIC
async def numbers_go_on_when_old_notices_are_dropped(stores: Stores) -> None:
    """Dropping old notices keeps the later ones, and always the newest, after which numbers go on."""
    store = await stores()
    await material.furnish(store)
    last = await store.last_sequence()
    await store.commit(changes.PurgeNotices(last, 3))
    expect((await store.notices_after(0))[0].sequence, 4, "the oldest notice after a batch")
    await store.commit(changes.PurgeNotices(last, 1000))
    expect([notice.sequence for notice in await store.notices_after(0)], [last], "the notices kept")
    await store.commit(changes.PurgeNotices(last + 1, 1000))
    expect([notice.sequence for notice in await store.notices_after(0)], [last], "the notices kept in any case")
    expect(await store.purgeable(changes.PurgeNotices, last + 1), False, "whether any is left to be purged")
    told = await store.commit(changes.SetQueryCredentials(CLIENT, 1))
    expect(told[0].sequence, last + 1, "the next number")


@TOPIC
async def a_reader_never_misses_one(stores: Stores) -> None:
    """While many commit at once through two stores, a third one reading the feed sees 1, 2, 3 and so on, no gap."""
    one, two, reader = await stores(), await stores(), await stores()
    await material.furnish(one)
    begin = seen = await one.last_sequence()

    async def write(number: int) -> None:
        try:
            await (one, two)[number % 2].commit(
                changes.RevokeToken(100 + number, AT),
                *([changes.DeleteApplication("unknown")] if number % 5 == 0 else []),
                changes.SetQueryCredentials(CLIENT, number % 3),
            )
        except Conflict:
            expect(number % 5, 0, "the writers that conflict")

    writers = [asyncio.create_task(write(number)) for number in range(100)]
    done = False
    while not done:
        done = all(writer.done() for writer in writers)
        for notice in await reader.notices_after(seen):
            expect(notice.sequence, seen + 1, "the next number seen")
            seen = notice.sequence
        await asyncio.sleep(0)
    await asyncio.gather(*writers)
    expect(seen - begin, 160, "the notices seen")


@TOPIC
async def changed_says_so_after_a_commit(stores: Stores) -> None:
    """After a commit through this store `changed` says so at the next asking; through another, soon."""
    store, other = await stores(), await stores()
    await material.furnish(store)
    for writer in (store, other, other, store):
        await store.changed()
        await other.changed()
        await writer.commit(changes.SetQueryCredentials(CLIENT, 1))
        expect(await writer.changed(), True, "that the store knows at once that wrote")
        async with asyncio.timeout(RECEIVED_SECONDS):
            while not await (other if writer is store else store).changed():  # noqa: ASYNC110  # asking is the point
                await asyncio.sleep(0.01)
