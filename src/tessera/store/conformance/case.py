"""A case, how a topic collects its cases, and how they say what they expect."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from tessera.core.changes import Change
from tessera.ports import Conflict, Store

Stores = Callable[[], Awaitable[Store]]
"""Opens a store on the case's database, which is empty the first time; the caller closes them all afterwards."""

Run = Callable[[Stores], Awaitable[None]]


class Case(NamedTuple):
    """One demand on a store: `name` says topic and demand, `run` raises AssertionError when it is not met."""

    name: str
    run: Run


class Condition(msgspec.Struct, frozen=True):
    """Changes of one class whose fact holds in the world (each alone), and others whose fact does not.

    Where the world has nothing that the fact could fail on, a case of its own below does it.
    """

    holds: tuple[Change, ...]
    broken: tuple[Change, ...]


class Topic:
    """The cases of one topic, collected by decorating them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.cases: list[Case] = []

    def __call__(self, run: Run) -> Run:
        self.add(getattr(run, "__name__", "case"), run)
        return run

    def add(self, name: str, run: Run) -> None:
        """A case under a name of its own."""
        self.cases.append(Case(f"{self.name}-{name}", run))


def expect(actual: object, expected: object, what: str = "") -> None:
    """Raises AssertionError unless both are equal."""
    if actual != expected:
        raise AssertionError(f"{what or 'the value'} is\n  {actual!r}\nand should be\n  {expected!r}")


async def expect_conflict(store: Store, broken: Change, *changes: Change) -> None:
    """Commit `changes` (only `broken` when there are none); raises AssertionError unless that names `broken`."""
    try:
        await store.commit(*(changes or (broken,)))
    except Conflict as conflict:
        expect(conflict.change, broken, "the change that the conflict names")
        expect(bool(conflict.fact), True, "that the conflict names a fact")
    else:
        raise AssertionError(f"{broken!r} was written although its fact does not hold")
