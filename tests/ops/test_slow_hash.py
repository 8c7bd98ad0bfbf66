"""The slow hash: one check at a time, in turns, with a bound, and behind everything else."""

import asyncio
import os
import threading

import pytest

from tessera.core.errors import Unavailable
from tessera.ops.slow_hash import NICENESS, WAITING_MAX, Argon2

RIGHT = "the right one"


def test_a_secret_is_told_from_a_wrong_one() -> None:
    """What was made of a secret matches that alone; what is no hash matches nothing."""

    async def checked() -> list[bool]:
        hasher = Argon2()
        encoded = hasher.make(RIGHT)
        tried = ((encoded, RIGHT), (encoded, "wrong"), (b"no hash", RIGHT), (bytes(32), RIGHT))
        return [await hasher.matches(*each) for each in tried]

    assert asyncio.run(checked()) == [True, False, False, False]


def test_sources_take_turns() -> None:
    """One that comes when another has many waiting waits for two of them, not for all."""

    async def scenario() -> list[str]:
        hasher, ended = Argon2(), []
        encoded = hasher.make(RIGHT)

        async def check(source: str) -> None:
            await hasher.matches(encoded, RIGHT, source)
            ended.append(source)

        many = [asyncio.create_task(check("many")) for _ in range(8)]
        await asyncio.sleep(0)
        await asyncio.gather(*many, check("one"))
        return ended

    ended = asyncio.run(scenario())
    assert ended.index("one") <= 2
    assert ended.count("many") == 8


def test_the_source_with_the_most_gives_way() -> None:
    """When the queue is full its last check is refused, and whoever has fewer gets in; the source itself does not."""

    async def scenario() -> None:
        hasher = Argon2()
        encoded = hasher.make(RIGHT)
        many = [asyncio.create_task(hasher.matches(encoded, RIGHT, "many")) for _ in range(WAITING_MAX + 1)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await hasher.matches(encoded, RIGHT, "many")
        assert await hasher.matches(encoded, RIGHT, "one")
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        assert [type(each) for each in outcomes] == [bool] * WAITING_MAX + [Unavailable]

    asyncio.run(scenario())


def test_a_check_that_nobody_waits_for_is_not_made() -> None:
    """Whoever goes away takes the check along, and the others go on."""

    async def scenario() -> None:
        hasher = Argon2()
        encoded = hasher.make(RIGHT)
        tasks = [asyncio.create_task(hasher.matches(encoded, RIGHT, "one")) for _ in range(4)]
        await asyncio.sleep(0)
        for each in tasks[:2]:
            each.cancel()
        assert await tasks[2]
        assert await tasks[3]
        assert await hasher.matches(encoded, RIGHT)

    asyncio.run(scenario())


def test_checks_stand_back() -> None:
    """The thread that checks has a lower priority than the process."""

    async def scenario() -> None:
        hasher = Argon2()
        await hasher.matches(hasher.make(RIGHT), RIGHT)

    before = {each.native_id for each in threading.enumerate()}
    asyncio.run(scenario())
    (thread,) = [each for each in threading.enumerate() if each.name.startswith("tessera-argon2") and
                 each.native_id not in before]  # fmt: skip
    assert thread.native_id is not None
    own = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id) == min(19, own + NICENESS)
