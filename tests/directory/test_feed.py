"""The feed: what other processes change is taken in by its notices, and a process that missed some begins afresh."""

import asyncio
from typing import cast

import pytest

from tessera.core.changes import Notice, NoticeKind
from tessera.core.clients.properties import Property
from tessera.core.keys.sealing import KEY_BYTES
from tessera.core.keys.wrapping import KeyPurpose, MasterKey
from tessera.core.loyalty.program import Program
from tessera.directory import Directory, feed
from tessera.ports import Unusable
from tests.directory.rows import MASTER, SlowReader, application, wrapped
from tests.support.clock import StepClock


async def loaded(reader: SlowReader) -> Directory:
    """A directory over a reader, with everything known looked up once."""
    directory = Directory(reader, MASTER, StepClock(), 100)
    await directory.load()
    await directory.applications.with_client_id("a")
    await directory.properties.get("key")
    await directory.programs.get(1)
    return directory


def reader_with_everything() -> SlowReader:
    """A reader with one of each, and three notices so far."""
    reader = SlowReader()
    reader.rows = {"a": application("a", 1)}
    reader.properties_held = {"key": Property(1, "key", 1, enabled=True, secrets=())}
    reader.programs_held = {1: Program(1, "retailer", (), ())}
    reader.feed = [Notice(n, NoticeKind.APPLICATION, "x") for n in (1, 2, 3)]
    return reader


def test_each_kind_of_notice_drops_what_it_names() -> None:
    """After its notice, each changed thing is read anew, and nothing else is."""

    async def scenario() -> None:
        reader = reader_with_everything()
        directory = await loaded(reader)
        for kind, key, read in (
            (NoticeKind.APPLICATION, "a", ["application a"]),
            (NoticeKind.PROPERTY, "key", ["property key"]),
            (NoticeKind.PROGRAM, "1", ["program 1"]),
            (NoticeKind.ORGANIZATION, "1", ["application a", "property key"]),
            (NoticeKind.ORGANIZATION, "2", []),
            (NoticeKind.RESOURCE, "urn:stock", ["resources"]),
            (NoticeKind.KEYS, "", ["keys"]),
            (cast("NoticeKind", "of a later version"), "a", ["keys"]),
        ):
            reader.feed.append(Notice(len(reader.feed) + 1, kind, key))
            reader.reads.clear()
            assert await feed.catch_up(directory, reader) == 1
            await directory.applications.with_client_id("a")
            await directory.properties.get("key")
            await directory.programs.get(1)
            assert reader.reads == read
        assert await feed.catch_up(directory, reader) == 0

    asyncio.run(scenario())


def test_a_token_s_notice_revokes_it() -> None:
    """The notice of a revocation carries all there is to know: no read, and twice does no harm."""

    async def scenario() -> None:
        reader = reader_with_everything()
        directory = await loaded(reader)
        reader.reads.clear()
        notice = Notice(4, NoticeKind.TOKEN, f"{2**63 - 1}:1900000000000001")
        reader.feed.append(notice)
        await feed.catch_up(directory, reader)
        await directory.apply(notice)

        assert directory.revocations.holds(2**63 - 1, 1_900_000_000_000_001)
        assert len(directory.revocations) == 1
        assert reader.reads == []

    asyncio.run(scenario())


def test_a_gap_makes_it_begin_afresh() -> None:
    """When the notices after its own are gone, the directory reads everything anew, and takes no revocation back."""

    async def scenario() -> None:
        reader = reader_with_everything()
        directory = await loaded(reader)
        directory.revocations.add(5, 2**62)
        reader.disable("a")
        reader.properties_held.clear()
        reader.revoked, reader.purged_until = [(6, 2**62), (7, 3)], 2
        reader.feed = [Notice(n, NoticeKind.PROGRAM, "9") for n in (5, 6)]
        assert await feed.catch_up(directory, reader) == 2

        found = await directory.applications.with_client_id("a")
        assert found is not None
        assert not found.enabled
        assert await directory.properties.get("key") is None
        held = [directory.revocations.holds(*each) for each in ((5, 2**62), (6, 2**62), (7, 3))]
        assert held == [True, True, True], "whatever the clock says"
        assert directory.revocations.purged_until == 2
        assert directory.sequence == 6
        reader.feed.append(Notice(7, NoticeKind.TOKEN, "8:1"))
        assert await feed.catch_up(directory, reader) == 1
        assert directory.revocations.holds(8, 1)

    asyncio.run(scenario())


def test_notices_are_taken_in_order_and_once() -> None:
    """Each notice moves the directory on by one; those taken in are not asked for again."""

    async def scenario() -> None:
        reader = reader_with_everything()
        directory = await loaded(reader)
        assert directory.sequence == 3
        reader.feed += [Notice(n, NoticeKind.TOKEN, f"{n}:9") for n in range(4, 50)]
        assert await feed.catch_up(directory, reader) == 46
        assert directory.sequence == 49
        assert len(directory.revocations) == 46

    asyncio.run(scenario())


def test_new_keys_are_in_force() -> None:
    """A key that is announced opens and seals from then on; those before stay."""

    async def scenario() -> None:
        reader = reader_with_everything()
        directory = await loaded(reader)
        old = directory.ring.seal(b"claims", [b"access"], 10)
        reader.wrapped.append(wrapped(KeyPurpose.SEALING, 2, KEY_BYTES))
        await directory.apply(Notice(4, NoticeKind.KEYS, ""))

        assert directory.ring.open(old, [b"access"], 10) == b"claims"
        assert directory.ring.seal(b"claims", [b"access"], 10).startswith("02")

    asyncio.run(scenario())


def test_a_wrong_master_key_is_refused() -> None:
    """Keys that the master key does not open, and no keys at all, are refused with what to do."""

    async def scenario() -> None:
        reader = reader_with_everything()
        with pytest.raises(Unusable, match=r"not the one this database was made with.*nothing was changed"):
            await Directory(reader, MasterKey("f0" * 32), StepClock(), 10).load()
        for kept in (reader.wrapped[:1], reader.wrapped[1:], []):
            reader.wrapped = kept
            with pytest.raises(Unusable, match="holds no keys"):
                await Directory(reader, MASTER, StepClock(), 10).load()

    asyncio.run(scenario())
