"""What nodes tell each other of their counts: each node's last word stands, and others hear the sum."""

from tessera.core import changes
from tessera.core.changes import Change, PublishCounts
from tessera.core.times import DAY, HOUR, PurgeTime
from tessera.ports import NodeCount
from tessera.store.conformance.case import Stores, Topic, expect
from tessera.store.conformance.material import AT

TOPIC = Topic("nodes")

THIS_HOUR, THIS_DAY = AT // HOUR, AT // DAY


def told(node: int, tokens: int, *, application: int = 1, at: int = AT, asked: int = 7, hours_ago: int = 0) -> Change:
    """What a node tells: so many tokens, all of them in one hour, twice as many in the day, and one that is watched."""
    return PublishCounts(application, node, at, THIS_HOUR - hours_ago, tokens, THIS_DAY, 2 * tokens, 1, asked)


def repeatable() -> list[Change]:
    """Changes that restate no fact, and may be committed again all the same."""
    return [told(1, 5)]


@TOPIC
async def others_are_added_up(stores: Stores) -> None:
    """Of an application all nodes but the one that asks are added up, and of no other application."""
    store = await stores()
    expect(await store.counts_of_others(1, 1, AT, 0), NodeCount(), "what nobody told")
    await store.commit(told(1, 10), told(2, 20), told(2**62, 30), told(2, 100, application=2))
    expect(await store.counts_of_others(1, 1, AT, 0), NodeCount(50, 100, 2, 14))
    expect(await store.counts_of_others(1, 2**62, AT, 0), NodeCount(30, 60, 2, 14))
    expect(await store.counts_of_others(1, 0, AT, 0), NodeCount(60, 120, 3, 21), "what all have told")
    expect(await store.counts_of_others(3, 1, AT, 0), NodeCount(), "of an application that nobody counted")


@TOPIC
async def the_last_word_of_a_node_stands(stores: Stores) -> None:
    """A count grows and never goes back in its window; a new window begins anew; a pace is as it was last."""
    store = await stores()
    await store.commit(told(1, 10))
    await store.commit(told(1, 12, asked=3))
    expect(await store.counts_of_others(1, 2, AT, 0), NodeCount(12, 24, 1, 3))
    await store.commit(told(1, 11, asked=5))
    expect(await store.counts_of_others(1, 2, AT, 0), NodeCount(12, 24, 1, 5), "after one that came too late")
    await store.commit(told(1, 2, hours_ago=-1))
    expect(await store.counts_of_others(1, 2, AT, 0), NodeCount(0, 24, 1, 7), "of the hour before")
    expect(await store.counts_of_others(1, 2, AT + HOUR, 0), NodeCount(2, 24, 1, 7), "of the hour that began")
    expect(await store.counts_of_others(1, 2, AT + DAY, 0), NodeCount(0, 0, 0, 7), "of the next day")


@TOPIC
async def a_pace_told_long_ago_is_none(stores: Stores) -> None:
    """What a node that is gone was asked in a second is not added up, what it has issued is."""
    store = await stores()
    await store.commit(told(1, 10, at=AT - 1), told(2, 10, at=AT))
    expect(await store.counts_of_others(1, 3, AT, AT), NodeCount(20, 40, 2, 7))


@TOPIC
async def counts_are_purged(stores: Stores) -> None:
    """Counts that were told up to a moment go, the oldest first and no more at once than asked for."""
    store = await stores()
    await store.commit(*(told(node, node, at=AT + node) for node in (3, 1, 2, 4)))
    await store.commit(changes.PurgeCounts(PurgeTime(AT + 3), 2))
    expect([await store.purgeable(changes.PurgeCounts, AT + at) for at in (2, 3)], [False, True], "what may still go")
    await store.commit(changes.PurgeCounts(PurgeTime(AT + 3), 2))
    expect((await store.counts_of_others(1, 0, AT, 0)).hour_tokens, 4, "what is left")
