"""Counts: held in memory, written in batches, kept when they could not be written, and never counted twice."""

from pathlib import Path

from tessera.app import applications
from tessera.app.upkeep import write_usage
from tessera.app.usage import Usage
from tessera.core.changes import CountHour, CountTokens, MarkCredentialUsed
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play


async def counted(scene: Scene) -> tuple[int, int, int | None]:
    """What the operator sees: tokens issued, how many by the URL, the last one."""
    record = await applications.find(scene.house, scene.partner.client_id)
    return record.tokens_issued, record.query_credentials_used, record.last_token_at


def test_counts_add_up_over_flushes(tmp_path: Path) -> None:
    """Tokens are counted when a batch is written, those by the URL apart, and batches add up."""

    async def scenario(scene: Scene) -> None:
        for turn in (1, 2):
            await scene.token()
            await scene.token(in_query=True)
            assert await counted(scene) == (
                2 * turn - 2,
                turn - 1,
                None if turn == 1 else scene.clock.now() - 5_000_000,
            )
            await write_usage(scene.house)
            assert await counted(scene) == (2 * turn, turn, scene.clock.now())
            assert len(scene.house.usage) == 0
            scene.clock.step(5)
        last = await scene.house.store.last_sequence()
        await write_usage(scene.house)
        assert await scene.house.store.last_sequence() == last

    play(tmp_path, scenario)


def test_every_secret_s_last_use_is_written(tmp_path: Path) -> None:
    """Of two secrets used between flushes each has its own last use, so that nobody ends one that is in use."""

    async def scenario(scene: Scene) -> None:
        second = await applications.add_secret(scene.house, scene.partner.client_id, "second")
        third = await applications.add_secret(scene.house, scene.partner.client_id, "third")
        await scene.token()
        scene.clock.step(1)
        await scene.token(second)
        await write_usage(scene.house)
        now = scene.clock.now()
        used = [each.last_used_at for each in await scene.house.store.secrets(scene.partner.client_id)]
        assert used == [now - 1_000_000, now, None]
        assert third.secret_name == "third"

    play(tmp_path, scenario)


def test_counts_that_were_not_written_are_kept(tmp_path: Path) -> None:
    """After a failed flush the counts are added to those since, and written once."""

    async def scenario(scene: Scene) -> None:
        store = FaultyStore(scene.house.store)
        scene.house.store = store.as_store()
        await scene.token(in_query=True)
        scene.clock.step(1)
        for _ in range(2):
            store.faults = [Fault.BEFORE]
            await write_usage(scene.house)
            assert await counted(scene) == (0, 0, None)
        await scene.token()
        await write_usage(scene.house)
        assert await counted(scene) == (2, 1, scene.clock.now())

    play(tmp_path, scenario)


def test_counts_of_an_unknown_outcome_are_not_counted_twice(tmp_path: Path) -> None:
    """A flush whose answer was lost took effect, and is not written again."""

    async def scenario(scene: Scene) -> None:
        store = FaultyStore(scene.house.store)
        scene.house.store = store.as_store()
        await scene.token()
        store.faults = [Fault.AFTER]
        await write_usage(scene.house)
        await write_usage(scene.house)
        assert (await counted(scene))[0] == 1

    play(tmp_path, scenario)


def test_counts_of_a_deleted_application_are_dropped(tmp_path: Path) -> None:
    """Counts of an application that was deleted meanwhile go with it, and those of others are written."""

    async def scenario(scene: Scene) -> None:
        other = await applications.create(scene.house, "other", 1)
        await scene.token(other)
        await scene.token()
        await applications.delete(scene.house, other.client_id)
        await write_usage(scene.house)
        assert (await counted(scene))[0] == 1
        assert len(scene.house.usage) == 0

    play(tmp_path, scenario)


def test_a_flush_takes_a_bounded_batch() -> None:
    """A flush takes as many applications as its limit, the rest the next time, and what is put back is not lost."""
    usage = Usage()
    usage.put_back([CountTokens(n, n, 1, 10) for n in range(1, 11)])
    usage.put_back([MarkCredentialUsed(n, 10) for n in range(1, 16)])

    assert len(usage) == 15
    first = usage.take(0, 4)
    assert len(first) == 12
    usage.put_back(first)
    taken = [change for _ in range(4) for change in usage.take(0, 4)]
    assert sorted(each.issued for each in taken if isinstance(each, CountTokens)) == list(range(1, 11))
    assert sorted(each.number for each in taken if isinstance(each, MarkCredentialUsed)) == list(range(1, 16))
    assert len(usage) == 0


def test_putting_back_keeps_what_is_newer() -> None:
    """Counts that come back are added to newer ones, whose last times stay."""
    usage = Usage()
    usage.put_back([CountTokens(1, 5, 2, 20), MarkCredentialUsed(3, 20)])
    usage.put_back([CountTokens(1, 4, 1, 10), MarkCredentialUsed(3, 10)])

    assert usage.take(0) == [CountTokens(1, 9, 3, 20), CountHour(1, 0, 9, 0, 0), MarkCredentialUsed(3, 20)]
