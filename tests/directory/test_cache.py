"""The bounded map: read through once, absent keys too, and never filled with what a change has overtaken."""

import asyncio

import pytest

from tessera.directory.cache import Cache


class Source:
    """Values that are read slowly when `held` is set."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.reads: list[str] = []
        self.held: asyncio.Event | None = None

    async def read(self, key: str) -> int | None:
        """The value as it was when the read began."""
        value = self.values.get(key)
        self.reads.append(key)
        if self.held is not None:
            await self.held.wait()
        return value


def test_values_and_absences_are_read_once() -> None:
    """A key costs one read, whether it has a value or not, until it is dropped."""

    async def scenario() -> None:
        source = Source()
        source.values = {"a": 1}
        cache = Cache(source.read, 10)
        assert [await cache.get(key) for key in ("a", "a", "b", "b")] == [1, 1, None, None]
        assert source.reads == ["a", "b"]
        source.values = {"a": 2, "b": 3}
        cache.drop("a")
        cache.drop("b")
        assert [await cache.get(key) for key in ("a", "b")] == [2, 3]

    asyncio.run(scenario())


def test_both_sides_are_bounded() -> None:
    """Beyond its bound the first that came goes, for values and for absent keys alike."""

    async def scenario() -> None:
        source = Source()
        source.values = {f"v{n}": n for n in range(20)}
        cache = Cache(source.read, 5, absent_max=3)
        for number in range(20):
            await cache.get(f"v{number}")
            await cache.get(f"absent {number}")
        assert list(cache.known) == ["v15", "v16", "v17", "v18", "v19"]
        assert list(cache._absent) == ["absent 17", "absent 18", "absent 19"]

    asyncio.run(scenario())


@pytest.mark.parametrize("begun_with", [{}, {"a": 1}])
@pytest.mark.parametrize("clear", [False, True])
def test_a_read_that_a_change_overtook_is_not_remembered(begun_with: dict[str, int], clear: bool) -> None:
    """A value, or an absence, that was being read when its key changed is not remembered."""

    async def scenario() -> None:
        source = Source()
        source.values = dict(begun_with)
        cache = Cache(source.read, 10)
        source.held = asyncio.Event()
        task = asyncio.ensure_future(cache.get("a"))
        await asyncio.sleep(0)
        source.values["a"] = 2
        if clear:
            cache.clear()
        else:
            cache.drop("a")
        source.held.set()
        source.held = None
        assert await task == begun_with.get("a")
        assert await cache.get("a") == 2

    asyncio.run(scenario())
