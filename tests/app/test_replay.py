"""Proofs that may be used once: in any process, after a restart, and only while the store can say so."""

import asyncio
from pathlib import Path

import pytest

from tessera import wiring
from tessera.app.management import purges
from tessera.core.changes import PurgeConsumedProofs
from tessera.ports import StoreUnavailable, Unknown
from tessera.settings import Settings
from tests.support import engines
from tests.support.clock import StepClock
from tests.support.consumed import consume_one
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play
from tests.support.settings import settings_for

SOON = 2_000_000_000_000_000


async def _spent(settings: Settings, *names: str) -> list[bool]:
    async with wiring.open_context(settings, clock=StepClock()) as context:
        return [await consume_one(context, "assertion", ("client", each), SOON) for each in names]


def test_a_proof_is_used_once_also_after_a_restart(tmp_path: Path) -> None:
    """A second use is refused by the same process and by a later one; another proof is not."""
    settings = settings_for(tmp_path / "data")

    assert asyncio.run(_spent(settings, "one", "one", "two")) == [True, False, True]
    assert asyncio.run(_spent(settings, "one", "three", "two")) == [False, True, False]


def test_of_two_processes_one_is_first(tmp_path: Path) -> None:
    """Many uses of one proof at one moment, in two processes on one folder: one of them counts."""
    settings = settings_for(tmp_path / "data")

    async def both() -> list[bool]:
        async with wiring.open_context(settings) as here, wiring.open_context(settings) as there:
            uses = [consume_one(context, "assertion", ("a", "b"), SOON) for context in (here, there) for _ in range(25)]
            return await asyncio.gather(*uses)

    assert sum(asyncio.run(both())) == 1


def test_a_proof_is_named_by_its_kind_and_all_its_parts(tmp_path: Path) -> None:
    """Two namings that look alike when they are run together are two proofs."""

    async def scenario(scene: Scene) -> None:
        names = [("kind", ("ab", "c")), ("kind", ("a", "bc")), ("kinda", ("b", "c")), ("kind", ("abc",))]
        used = [await consume_one(scene.context, kind, parts, SOON) for kind, parts in names * 2]
        assert used == [True] * 4 + [False] * 4

    play(tmp_path, scenario)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_proof_that_cannot_be_looked_up_is_not_taken(tmp_path: Path, fault: Fault) -> None:
    """A store that does not answer, or whose answer is lost, lets nothing in: the error goes up."""

    async def scenario(scene: Scene) -> None:
        faulty = FaultyStore(scene.context.store)
        scene.context.store = faulty.as_store()
        faulty.faults.append(fault)
        with pytest.raises(StoreUnavailable if fault is Fault.BEFORE else Unknown):
            await consume_one(scene.context, "assertion", ("a",), SOON)
        assert await consume_one(scene.context, "assertion", ("a",), SOON) is (fault is Fault.BEFORE)

    play(tmp_path, scenario)


def test_a_proof_is_remembered_for_longer_than_it_could_be_taken(tmp_path: Path) -> None:
    """A purge takes it an hour after its end, and not earlier; no proof of that age is taken then, used or not."""

    async def scenario(scene: Scene) -> None:
        now = scene.clock.now()
        ends_at = {"used": now + 1, "of the same end": now + 1, "later": now + 2}
        await consume_one(scene.context, "assertion", ("used",), ends_at["used"])
        for step, is_kept in ((purges.PROOFS_KEPT, True), (1, False)):
            scene.clock.at += step
            await scene.purge()
            assert await scene.context.store.purgeable(PurgeConsumedProofs, now + 1) is False
            assert (await _rows(scene) > 0) is is_kept
        taken = [await consume_one(scene.context, "assertion", (name,), at) for name, at in ends_at.items()]
        assert taken == [False, False, True]

    play(tmp_path, scenario)


async def _rows(scene: Scene) -> int:
    with engines.reading(scene.folder) as database:
        return int(database.one("select count(*) from spent_proof")[0])
