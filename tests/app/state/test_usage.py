"""Counts: held in memory, written in batches, kept when they could not be written, and never counted twice."""

from pathlib import Path

import msgspec
import pytest

from tessera.app import callers
from tessera.app.clients import applications
from tessera.app.clients.applications import Issued
from tessera.app.management.housekeeping import write_usage
from tessera.app.state.usage import SOURCES_MAX, Usage
from tessera.core.changes import CountHour, CountTokens, MarkCredentialUsed, MarkPropertySecretUsed, PurgeHours
from tessera.core.clients.applications import NOBODY
from tessera.core.clients.credentials import Authenticated, Place
from tessera.core.clients.expiry_warnings import HOUR
from tessera.core.errors import InvalidClient
from tessera.core.presented import NOTHING
from tessera.ports import HourCount
from tests.support.faulty_store import Fault, FaultyStore
from tests.support.scene import Scene, play


async def counted(scene: Scene) -> tuple[int, int, int | None]:
    """What the operator sees: tokens issued, how many by the URL, the last one."""
    record = await applications.find(scene.context, scene.partner.client_id)
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
            await write_usage(scene.context)
            assert await counted(scene) == (2 * turn, turn, scene.clock.now())
            assert len(scene.context.state.usage) == 0
            scene.clock.step(5)
        last = await scene.context.store.last_sequence()
        await write_usage(scene.context)
        assert await scene.context.store.last_sequence() == last

    play(tmp_path, scenario)


def test_every_secret_s_last_use_is_written(tmp_path: Path) -> None:
    """Of two secrets used between flushes each has its own last use, so that nobody ends one that is in use."""

    async def scenario(scene: Scene) -> None:
        second = await applications.add_secret(scene.context, scene.partner.client_id, "second")
        third = await applications.add_secret(scene.context, scene.partner.client_id, "third")
        await scene.token()
        scene.clock.step(1)
        await scene.token(second)
        await write_usage(scene.context)
        now = scene.clock.now()
        used = [each.last_used_at for each in await scene.context.store.secrets(scene.partner.client_id)]
        assert used == [now - 1_000_000, now, None]
        assert third.secret_name == "third"

    play(tmp_path, scenario)


def test_counts_that_were_not_written_are_kept(tmp_path: Path) -> None:
    """After a failed flush the counts are added to those since, and written once."""

    async def scenario(scene: Scene) -> None:
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        await scene.token(in_query=True)
        scene.clock.step(1)
        for _ in range(2):
            store.faults = [Fault.BEFORE]
            await write_usage(scene.context)
            assert await counted(scene) == (0, 0, None)
        await scene.token()
        await write_usage(scene.context)
        assert await counted(scene) == (2, 1, scene.clock.now())

    play(tmp_path, scenario)


def test_counts_of_an_unknown_outcome_are_not_counted_twice(tmp_path: Path) -> None:
    """A flush whose answer was lost took effect, and is not written again."""

    async def scenario(scene: Scene) -> None:
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        await scene.token()
        store.faults = [Fault.AFTER]
        await write_usage(scene.context)
        await write_usage(scene.context)
        assert (await counted(scene))[0] == 1

    play(tmp_path, scenario)


def test_counts_of_a_deleted_application_are_dropped(tmp_path: Path) -> None:
    """Counts of an application that was deleted meanwhile go with it, and those of others are written."""

    async def scenario(scene: Scene) -> None:
        other = await applications.create(scene.context, "other", 1)
        await scene.token(other)
        await scene.token()
        await applications.delete(scene.context, other.client_id)
        await write_usage(scene.context)
        assert (await counted(scene))[0] == 1
        assert len(scene.context.state.usage) == 0

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


def test_uses_of_properties_are_taken_in_batches_and_put_back() -> None:
    """Of each secret of a property the last use is written, a bounded batch at a time; what comes back is not lost."""
    usage = Usage()
    for number in (3, 1, 2, 1):
        usage.use_property_secret(number, 10 + number, "192.0.2.1" if number == 1 else "")
    assert len(usage) == 3
    first = usage.take(0, 2)
    assert first == [MarkPropertySecretUsed(1, 11, "192.0.2.1"), MarkPropertySecretUsed(2, 12)]
    usage.use_property_secret(2, 20, "")
    usage.put_back(first)
    rest = [MarkPropertySecretUsed(1, 11, "192.0.2.1"), MarkPropertySecretUsed(2, 20), MarkPropertySecretUsed(3, 13)]
    assert usage.take(0) == rest
    assert len(usage) == 0


def test_calls_and_refusals_are_counted_by_the_hour(tmp_path: Path) -> None:
    """Tokens, calls with them and refused secrets stand in the hour in which they are written; hours stand apart."""

    async def scenario(scene: Scene) -> None:
        scene.clock.at -= scene.clock.at % HOUR
        first = scene.clock.now() // HOUR
        reply = await scene.token()
        request_credentials = msgspec.structs.replace(NOTHING, authorization=f"Bearer {reply.access_token}".encode())
        for _ in range(3):
            await callers.identify(scene.context, request_credentials)
        with pytest.raises(InvalidClient):
            await scene.token(secret="f" * 64)
        await write_usage(scene.context)
        scene.clock.step(3600)
        await callers.identify(scene.context, request_credentials)
        await write_usage(scene.context)
        assert await scene.context.store.usage_hours(1, 0) == [HourCount(first, 1, 3, 1), HourCount(first + 1, 0, 1, 0)]
        assert (await counted(scene))[0] == 1

    play(tmp_path, scenario)


def test_an_unknown_client_is_counted_nowhere(tmp_path: Path) -> None:
    """A refusal of an id that nobody has is counted for nobody, and leaves nothing to write."""

    async def scenario(scene: Scene) -> None:
        stranger = Issued("f" * 64, "f" * 64, "first")
        with pytest.raises(InvalidClient):
            await scene.token(stranger)
        await write_usage(scene.context)
        assert not await scene.context.store.purgeable(PurgeHours, 2**62)
        assert len(scene.context.state.usage) == 0

    play(tmp_path, scenario)


def test_the_address_of_the_last_use_is_written(tmp_path: Path) -> None:
    """Of several uses between flushes the address of the last one is kept; an unknown one is none."""

    async def scenario(scene: Scene) -> None:
        for source in ("192.0.2.1", "2001:db8::1"):
            await scene.token(source=source)
        await write_usage(scene.context)
        (used,) = await scene.context.store.secrets(scene.partner.client_id)
        assert used.last_used_from == "2001:db8::1"
        await scene.token()
        await write_usage(scene.context)
        (used,) = await scene.context.store.secrets(scene.partner.client_id)
        assert used.last_used_from is None

    play(tmp_path, scenario)


def test_addresses_held_are_bounded() -> None:
    """Beyond the bound the time of a use is kept without its address; what was written makes room."""
    usage = Usage()
    callers_of = [_caller(number) for number in range(1, SOURCES_MAX + 3)]
    for caller in callers_of:
        usage.count(caller, 5, "192.0.2.1")
    usage.count(callers_of[0], 6, "192.0.2.2")
    marked = [each for each in usage.take(7, len(usage)) if isinstance(each, MarkCredentialUsed)]
    assert [each.source for each in marked] == ["192.0.2.2", *["192.0.2.1"] * (SOURCES_MAX - 1), None, None]
    usage.count(callers_of[-1], 8, "192.0.2.3")
    assert MarkCredentialUsed(SOURCES_MAX + 2, 8, "192.0.2.3") in usage.take(9)


def _caller(number: int) -> Authenticated:
    application = msgspec.structs.replace(NOBODY, number=number)
    return Authenticated(application, number, Place.BASIC)


def test_a_flush_that_failed_loses_no_call(tmp_path: Path) -> None:
    """Calls, refusals and addresses that were not written are written with the next ones, once."""

    async def scenario(scene: Scene) -> None:
        store = FaultyStore(scene.context.store)
        scene.context.store = store.as_store()
        await scene.token(source="192.0.2.1")
        scene.context.state.usage.call(1)
        scene.context.state.usage.refuse(1)
        store.faults = [Fault.BEFORE]
        await write_usage(scene.context)
        assert await scene.context.store.usage_hours(1, 0) == []
        scene.context.state.usage.call(1)
        await write_usage(scene.context)
        await write_usage(scene.context)
        ((_, tokens, calls, refused, _),) = await scene.context.store.usage_hours(1, 0)
        assert (tokens, calls, refused) == (1, 2, 1)
        (used,) = await scene.context.store.secrets(scene.partner.client_id)
        assert used.last_used_from == "192.0.2.1"

    play(tmp_path, scenario)


def test_tokens_for_other_resource_servers_are_counted_apart() -> None:
    """A token for a resource server counts as issued, and as one whose calls are not seen; a reused one as neither."""
    usage = Usage()
    for resource in (0, 7, 7):
        usage.count(_caller(3), 5, "", resource)
    usage.count(_caller(3), 5, "", 7, 0)
    taken = usage.take(HOUR)
    assert CountHour(3, 1, 3, 0, 0, 2) in taken
    usage.put_back(taken)
    assert usage.take(HOUR) == taken
