"""Purges: never more than a batch, nothing above the mark, nobody let in by them, and a chain that stays whole."""

from tessera.core import changes
from tessera.core.administration.audit_chain import Entry
from tessera.core.changes import Change
from tessera.core.keys.wrapping import KeyPurpose
from tessera.core.times import PurgeTime
from tessera.ports import Store
from tessera.store.conformance import material
from tessera.store.conformance.audit import operation
from tessera.store.conformance.case import Condition, Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, World

TOPIC = Topic("purges")

REFUSED = "client.refused"


def run(first: int, last: int, until: int = AT) -> changes.PurgeAuditEntries:
    """A purge of a run of refusals, with a checkpoint over just these."""
    return changes.PurgeAuditEntries(PurgeTime(until), first, last, first, last, "before", "last", "seal")


def listed() -> list[Condition]:
    """For every purge that restates a fact: where it holds, and every way in which it does not."""
    return [Condition((run(1, 1),), (run(1, 1, AT - 1), run(1, 2), run(2, 2), run(3, 3)))]


def repeatable(world: World) -> list[Change]:
    """Purges that restate no fact, and may be committed again all the same."""
    until = PurgeTime(AT + 1)
    return [
        changes.NoteTime(AT),
        changes.RaiseRevocationMark(PurgeTime(AT + 1_000_000)),
        changes.RaiseProofMark(until),
        changes.PurgeRevocations(until, 9),
        changes.PurgeConsumedProofs(until, 9),
        changes.PurgeNotices(3, 9),
        changes.PurgeRefusals(until, 0, 9),
        changes.PurgeEvents(until, 0, world.event + 10),
        changes.PurgeDeliveries(until, 9),
        changes.PurgeWarnings(until, 9),
        changes.PurgeHours(until, 9),
        changes.PurgeCounts(until, 9),
        changes.PurgeTags(until, world.customer),
        changes.PurgeKey(until, KeyPurpose.SEALING, 1),
    ]


@TOPIC
async def the_time_reads_back(stores: Stores) -> None:
    """The time that was noted last stands, also an earlier one; nobody has noted any at first."""
    store = await stores()
    expect(await store.noted_time(), None, "the time before")
    for at in (AT, AT + 1, AT - 1):
        await store.commit(changes.NoteTime(at))
        expect(await store.noted_time(), at, "the noted time")


@TOPIC
async def the_database_goes_on_or_has_no_clock(stores: Stores) -> None:
    """A database with a clock of its own tells a time that does not go back; another tells none."""
    store = await stores()
    first, second = await store.database_time(), await store.database_time()
    expect(first is None, second is None, "whether it has a clock")
    if first is not None and second is not None:
        expect(first <= second < first + 3600 * 1_000_000, True, "that its clock goes on")


@TOPIC
async def revocations_go_in_batches(stores: Stores) -> None:
    """Without the mark none goes; with it those that ended, so many at once; the mark is the latest of their ends."""
    store = await stores()
    until = PurgeTime(AT + 5)
    await store.commit(*(changes.RevokeToken(number, AT + 7 * (number % 2)) for number in range(10)))
    await store.commit(changes.PurgeRevocations(until, 99))
    expect([len(await store.revocations()), await store.revocations_purged_until()], [10, 0], "without the mark")
    expect(await store.purgeable(changes.PurgeRevocations, until), False, "whether any may go without the mark")
    await store.commit(changes.RaiseRevocationMark(until))
    expect(await store.revocations_purged_until(), AT, "the mark")
    for left, more in ((7, True), (5, False), (5, False)):
        await store.commit(changes.PurgeRevocations(until, 3))
        expect(len(await store.revocations()), left, "the revocations kept")
        expect(await store.purgeable(changes.PurgeRevocations, until), more, "whether there are more to go")
    await store.commit(changes.RaiseRevocationMark(PurgeTime(AT - 1)))
    expect(await store.revocations_purged_until(), AT, "the mark, which does not go back")


@TOPIC
async def a_purged_proof_cannot_be_used_again(stores: Stores) -> None:
    """Proofs that ended go in batches once the mark is raised; none that ends by the mark is ever accepted again."""
    store = await stores()
    ends = {"a": AT, "b": AT + 1, "c": AT + 2, "young": AT + 9}
    await store.commit(*(changes.ConsumeProof(*each) for each in ends.items()))
    await store.commit(changes.PurgeConsumedProofs(PurgeTime(AT + 5), 9))
    expect(await store.consumed_proof("a"), AT, "the oldest, without the mark")
    await store.commit(changes.RaiseProofMark(PurgeTime(AT + 5)))
    await store.commit(changes.PurgeConsumedProofs(PurgeTime(AT + 5), 2))
    expect([name for name in ends if await store.consumed_proof(name)], ["c", "young"], "what a batch leaves")
    expect(await store.purgeable(changes.PurgeConsumedProofs, AT + 5), True, "whether there is more")
    await store.commit(changes.PurgeConsumedProofs(PurgeTime(AT + 5), 2))
    expect(await store.purgeable(changes.PurgeConsumedProofs, AT + 5), False, "whether there is more")
    for name, at in ends.items():
        await expect_conflict(store, changes.ConsumeProof(name, at))
    await expect_conflict(store, changes.ConsumeProof("unheard of", AT + 2))
    await store.commit(changes.ConsumeProof("new", AT + 3))


@TOPIC
async def no_purge_takes_more_than_a_batch(stores: Stores) -> None:
    """Deliveries and warnings go so many at once as well, and only those whose time is over."""
    store = await stores()
    world = await material.furnish(store)
    until = PurgeTime(AT + 5)
    await store.commit(*(changes.AddWarning(f"w{number}", AT + 4 + number) for number in range(4)))
    await store.commit(changes.PurgeWarnings(until, 2))
    expect([await store.warning_sent(name) for name in ("told", "w0", "w1", "w2")], [False, False, True, True])
    hook = world.webhook
    for number in range(3):
        await store.commit(
            changes.AddDelivery(hook, number, 0, AT, None),
            changes.PostponeDelivery(hook, number, 1, 0, AT, "x", AT + 4 + number),
        )
    counts = (await store.delivery_counts(hook)).deliveries
    for gone in (1, 2, 2):
        await store.commit(changes.PurgeDeliveries(until, 1))
        expect((await store.delivery_counts(hook)).deliveries, counts - gone, "the deliveries")
    expect(await store.purgeable(changes.PurgeDeliveries, until), False, "whether there is more")


async def _numbers(store: Store) -> list[int]:
    return [entry.number for entry in await store.audit_entries(0, 100)]


async def _refusals(store: Store) -> list[Entry]:
    return await store.audit_refusals(0, 100)


@TOPIC
async def refusals_of_the_audit_go_and_numbers_go_on(stores: Stores) -> None:
    """A run goes with a checkpoint in its place, which takes in those beside it; the newest entry stays."""
    store = await stores()
    actions = (REFUSED, REFUSED, "operation", REFUSED, REFUSED, REFUSED)
    await store.commit(*(operation(f"{place}", action=action) for place, action in enumerate(actions, start=1)))
    expect([each.number for each in await _refusals(store)], [1, 2, 4, 5, 6], "the refusals")
    await store.commit(run(1, 1))
    await store.commit(run(5, 5))
    await expect_conflict(store, run(4, 5))
    await expect_conflict(store, run(6, 6))
    wide = changes.PurgeAuditEntries(PurgeTime(AT), 4, 4, 4, 5, "left", "right", "seal")
    await store.commit(wide)
    expect(await _numbers(store), [2, 3, 6], "what is left")
    checkpoints = await store.audit_checkpoints()
    expect([(each.first_number, each.last_number) for each in checkpoints], [(1, 1), (4, 5)], "the checkpoints")
    expect([await store.audit_checkpoint(number) for number in (0, 1, 2, 4, 5, 6)],
           [None, checkpoints[0], None, checkpoints[1], checkpoints[1], None], "what covers each")  # fmt: skip
    await store.commit(operation("next"))
    expect(await _numbers(store), [2, 3, 6, 7], "the next number")
