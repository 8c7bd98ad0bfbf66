"""Applications in memory: read through once, bounded, and never filled with what a change has overtaken."""

import asyncio
from collections.abc import Awaitable

import msgspec
import pytest

from tessera.core import generations
from tessera.core.clients.applications import Application, Credential, CredentialKind, held
from tessera.core.times import DAY
from tessera.directory import applications as directory
from tessera.directory.applications import Applications
from tests.directory.rows import SlowReader, application
from tests.support.clock import StepClock


def made(count: int = 3, entries_max: int = 10) -> tuple[SlowReader, Applications]:
    """A reader with applications `a1`, `a2` and so on, and a memory over it."""
    reader = SlowReader()
    reader.rows = {f"a{n}": application(f"a{n}", n) for n in range(1, count + 1)}
    return reader, Applications(reader, StepClock(), entries_max)


async def held_up(reader: SlowReader, look_up: Awaitable[Application | None], change: object) -> Application | None:
    """What a look-up answers while `change` (called in the middle of its read) overtakes it."""
    reader.held = asyncio.Event()
    task = asyncio.ensure_future(look_up)
    await asyncio.sleep(0)
    assert reader.reads
    assert callable(change)
    change()
    reader.held.set()
    reader.held = None
    return await task


def test_an_application_is_read_once_under_both_names() -> None:
    """The first look-up reads; then both names answer from memory, and the maps hold the same entry."""

    async def scenario() -> None:
        reader, memory = made()
        found = await memory.with_client_id("a1")
        assert found == application("a1", 1)
        assert await memory.with_client_id("a1") is found
        assert await memory.with_number(1) is found
        assert memory.known["a1"] is memory.numbered[1]
        assert await memory.with_number(2) is await memory.with_client_id("a2")
        assert reader.reads == ["application a1", "application 2"]

    asyncio.run(scenario())


def test_absence_of_a_number_is_remembered() -> None:
    """A number that does not exist costs one read, until something changes."""

    async def scenario() -> None:
        reader, memory = made()
        for _ in range(3):
            assert await memory.with_number(99) is None
        assert reader.reads == ["application 99"]
        reader.rows["nobody"] = application("nobody", 99)
        memory.drop("nobody")
        assert await memory.with_number(99) == application("nobody", 99)

    asyncio.run(scenario())


def test_a_token_of_a_later_generation_has_the_application_read_again() -> None:
    """One read, after which memory has the later one; a token of an earlier generation has nothing read."""

    async def scenario() -> None:
        reader, memory = made()
        for generation in (5, generations.RANGE - 1, generations.RANGE // 2 + 1):
            assert await memory.for_token(1, generation) == application("a1", 1)
            reader.reads.clear()
            assert await memory.for_token(1, 0) is memory.numbered[1]
        assert reader.reads == []
        later = msgspec.structs.replace(application("a1", 1), generation=5)
        reader.rows["a1"] = later
        for _ in range(2):
            assert await memory.for_token(1, 5) == later
            assert memory.known["a1"] is memory.numbered[1]
        assert await memory.for_token(1, 4) == later
        assert reader.reads == ["application 1"]

    asyncio.run(scenario())


def test_what_is_read_for_a_token_and_overtaken_is_not_kept() -> None:
    """A change in the middle of the read wins; and where the application is gone meanwhile, the token has none."""

    async def scenario() -> None:
        reader, memory = made()
        await memory.with_number(1)
        reader.rows["a1"] = msgspec.structs.replace(application("a1", 1), generation=5)
        found = await held_up(reader, memory.for_token(1, 5), lambda: memory.drop("a1"))
        assert found == reader.rows["a1"]
        assert 1 not in memory.numbered
        await memory.with_number(2)
        del reader.rows["a2"]
        assert await memory.for_token(2, 5) is None

    asyncio.run(scenario())


def test_a_client_id_works_as_soon_as_it_exists() -> None:
    """One that was asked for before it existed is found without a word from the feed, and remembered then."""

    async def scenario() -> None:
        reader, memory = made()
        for _ in range(3):
            assert await memory.with_client_id("new") is None
        reader.rows["new"] = application("new", 99)
        for _ in range(3):
            assert await memory.with_client_id("new") == application("new", 99)
        assert reader.reads == ["application new"] * 4

    asyncio.run(scenario())


def test_absence_is_remembered_boundedly() -> None:
    """A flood of made-up numbers fills no more than its bound, and drives no known application out."""

    async def scenario() -> None:
        reader, memory = made()
        await memory.with_client_id("a1")
        for number in range(directory.ABSENT_MAX + 100):
            await memory.with_number(1000 + number)
        assert 0.8 * directory.ABSENT_MAX < len(memory._absent) <= directory.ABSENT_MAX
        assert list(memory.known) == ["a1"]
        reads = len(reader.reads)
        await memory.with_number(1000 + directory.ABSENT_MAX + 99)
        assert len(reader.reads) == reads
        await memory.with_number(1000)
        assert len(reader.reads) == reads + 1

    asyncio.run(scenario())


def test_memory_is_bounded_and_forgets_both_names() -> None:
    """Beyond the bound the first that came goes, by its client id and by its number."""

    async def scenario() -> None:
        _, memory = made(count=20, entries_max=5)
        for number in range(1, 21):
            found = await (memory.with_number(number) if number % 2 else memory.with_client_id(f"a{number}"))
            assert found == application(f"a{number}", number)
            assert len(memory.known) == len(memory.numbered) == min(number, 5)
        assert list(memory.known) == ["a16", "a17", "a18", "a19", "a20"]
        assert sorted(memory.numbered) == [16, 17, 18, 19, 20]

    asyncio.run(scenario())


@pytest.mark.parametrize("by_number", [False, True])
def test_a_read_that_a_change_overtook_is_not_remembered(by_number: bool) -> None:
    """A change that arrives while its application is being read leaves nothing old behind."""

    async def scenario() -> None:
        reader, memory = made()

        def change() -> None:
            reader.disable("a1")
            memory.drop("a1")

        look_up = memory.with_number(1) if by_number else memory.with_client_id("a1")
        await held_up(reader, look_up, change)
        for found in (await memory.with_client_id("a1"), await memory.with_number(1)):
            assert found is not None
            assert not found.enabled

    asyncio.run(scenario())


def test_an_absence_that_a_change_overtook_is_not_remembered() -> None:
    """An application that is created while its absence is being read is found by the next look-up."""

    async def scenario() -> None:
        reader, memory = made()

        def change() -> None:
            reader.rows["new"] = application("new", 50)
            memory.drop("new")

        await held_up(reader, memory.with_client_id("new"), change)
        assert await memory.with_client_id("new") == application("new", 50)

    asyncio.run(scenario())


def test_beginning_afresh_overtakes_reads_too() -> None:
    """What was being read when everything was forgotten is not remembered."""

    async def scenario() -> None:
        reader, memory = made()
        await held_up(reader, memory.with_client_id("a1"), memory.clear)
        assert not memory.known
        assert not memory.numbered

    asyncio.run(scenario())


def test_a_client_id_that_was_given_to_another_application_leaves_no_number_behind() -> None:
    """After delete and create under one client id, the former application is gone by its number too."""

    async def scenario() -> None:
        reader, memory = made()
        await memory.with_client_id("a1")
        reader.rows["a1"] = application("a1", 77)
        assert await memory.with_number(77) == application("a1", 77)
        memory.drop("a1")
        memory.drop("a1")
        assert await memory.with_number(1) is None
        assert await memory.with_client_id("a1") == application("a1", 77)

    asyncio.run(scenario())


def test_a_credential_that_has_ended_is_dropped_a_day_later() -> None:
    """An ended credential only slows down checking; it stays for a day, in which a wrong clock may go back."""

    async def scenario() -> None:
        reader, memory = made(1)
        now = StepClock().now()
        digests = [Credential(number, CredentialKind.KEYED, b"", ends_at)
                   for number, ends_at in enumerate((now - DAY, now - DAY + 1, now, None))]  # fmt: skip
        packed, until = held(digests)
        reader.rows["a1"] = msgspec.structs.replace(reader.rows["a1"], packed_credentials=packed, serves_until=until)
        found = await memory.with_client_id("a1")
        assert found is not None
        assert [each.number for each in found.credentials] == [1, 2, 3]

    asyncio.run(scenario())
