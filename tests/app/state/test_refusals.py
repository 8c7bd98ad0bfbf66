"""Refusals in memory: bounded, written in batches and once, purged by age and by number."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from tessera.app.state import refusals
from tessera.app.state.refusals import BATCH, COUNTED_MAX, RESERVED, WAITING_MAX, Refusals
from tessera.core.administration.explanations import Explanation
from tessera.core.changes import KeepRefusal, PurgeRefusals, RecordAuditEntry
from tessera.core.times import DAY, SECOND, PurgeTime
from tessera.ports import Search, Store
from tests.support.clock import StepClock
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play
from tests.support.stores import empty_database, with_store

AT = 1_900_000_000 * SECOND


class Desk:
    """Refusals with a stepped clock, and ids that are counted."""

    def __init__(self) -> None:
        self.clock = StepClock(AT)
        self.refusals = Refusals(lambda client: client.startswith("known"), self.clock)
        self.ids = 0

    def new_id(self) -> str:
        """The next id."""
        self.ids += 1
        return f"id {self.ids}"

    def refuse(self, number: int, *, known: bool = False) -> bool:
        """Refuse a request; whether there was room."""
        if not self.refusals.has_room(known=known):
            return False
        at = self.clock.now()
        self.refusals.add(Explanation(f"r{number}", at, "GET", "/", "", 404, "not_found", "address.unknown", "No."))
        return True

    async def write(self, store: Store) -> bool:
        """Write a batch."""
        return await refusals.write(self.refusals, store, self.new_id)


def played(folder: Path, scenario: Callable[[Store], Awaitable[None]]) -> None:
    """A scenario with a store of its own."""
    with_store(empty_database(folder / "tessera.db"), scenario)


def test_memory_is_bounded_and_known_clients_keep_their_place() -> None:
    """A flood of others leaves room for known clients; beyond the bounds refusals are only counted."""
    desk = Desk()
    assert sum(desk.refuse(number) for number in range(5000)) == WAITING_MAX - RESERVED
    assert sum(desk.refuse(number, known=True) for number in range(5000)) == RESERVED
    assert len(desk.refusals) == WAITING_MAX
    assert desk.refusals.dropped == 10_000 - WAITING_MAX
    for number in range(2 * COUNTED_MAX):
        desk.refusals.count(f"known {number}", "client.secret", "")
    counted = 0
    desk.clock.step(1)
    while batch := desk.refusals.take(desk.new_id):
        assert len(batch) <= 2 * BATCH
        counted += sum(isinstance(each, RecordAuditEntry) for each in batch)
        desk.refusals.written()
    assert counted == COUNTED_MAX


def test_what_was_not_written_is_written_later_and_once(tmp_path: Path) -> None:
    """After a fault in either form the same batch is tried again, with the same ids."""

    async def scenario(store: Store) -> None:
        desk = Desk()
        faulty = FaultyStore(store)
        faulty.faults = [Fault.BEFORE, Fault.AFTER]
        desk.refuse(1)
        desk.refusals.count("known", "client.secret", "192.0.2.7")
        assert not await desk.write(faulty.as_store())
        desk.refuse(2)
        assert not await desk.write(faulty.as_store())
        assert await desk.write(faulty.as_store())
        assert await store.refusal("r2") is None
        assert await desk.write(faulty.as_store())
        assert None not in [await store.refusal("r1"), await store.refusal("r2")]
        assert len(await store.audit_entries(0, 9)) == 1
        assert not await desk.write(store)

    played(tmp_path, scenario)


def test_a_client_is_recorded_at_most_once_a_minute_and_check(tmp_path: Path) -> None:
    """The first refusal at once, the others as a count when the minute is over; other checks and clients apart."""

    async def scenario(store: Store) -> None:
        desk = Desk()

        async def recorded() -> list[tuple[str, str, int]]:
            await desk.write(store)
            found = await store.audit_entries_before(2**62, 100, Search(action="client.refused"))
            return [(each.target, *json.loads(each.detail).values()) for each in reversed(found)]

        desk.refusals.count("known", "client.secret", "192.0.2.7")
        assert await recorded() == [("known", "client.secret", 1)]
        for _ in range(40):
            desk.refusals.count("known", "client.secret", "192.0.2.8")
        desk.refusals.count("known", "scope.granted", "")
        assert await recorded() == [("known", "client.secret", 1), ("known", "scope.granted", 1)]
        desk.clock.at += refusals.RECORDED_SECONDS * SECOND - 1
        assert len(await recorded()) == 2
        desk.clock.at += 1
        assert (await recorded())[2:] == [("known", "client.secret", 40)]
        newest = (await store.audit_entries_before(2**62, 1, Search()))[0]
        assert (newest.source, newest.actor) == ("192.0.2.8", "server")
        desk.clock.step(2 * refusals.RECORDED_SECONDS)
        assert len(await recorded()) == 3

    played(tmp_path, scenario)


def test_old_and_many_refusals_are_purged(tmp_path: Path) -> None:
    """Refusals older than their days go; younger ones go when there are more than are kept, the oldest first."""

    async def scenario(scene: Scene) -> None:
        store, first = scene.context.store, scene.clock.now()
        for begin in range(0, 1000, 100):
            await store.commit(*(KeepRefusal(f"r{n}", first + n, "{}") for n in range(begin, begin + 100)))
        await scene.purge()
        assert await store.refusal("r0") == "{}"
        beyond = await store.refusal_at(300) or 0
        assert beyond == first + 699
        await store.commit(PurgeRefusals(PurgeTime(0), beyond, 1000))
        assert [await store.refusal(f"r{n}") for n in (699, 700)] == [None, "{}"]
        scene.clock.at = first + 7 * DAY + 850
        await scene.purge()
        assert [await store.refusal(f"r{n}") for n in (850, 851)] == [None, "{}"]

    play(tmp_path, scenario)
