"""What a database engine does for the store, and the short list of what differs between engines.

| | SQLite | PostgreSQL |
|---|---|---|
| reads | on the event loop, about 5 microseconds | over pipelined connections, about 100, of which the loop pays 14 |
| writes | many callers' changes to a transaction; a thread commits | likewise; nodes take turns by an advisory lock |
| the audit's `chained` | Python, in the writer | a function in SQL, in the schema |
| its own clock | none: it is the machine's | `clock_timestamp()` |
| "has anything changed?" | `pragma data_version` | `listen` and a slow poll |
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from tessera.core.changes import Change, Notice
from tessera.store.sql.statement import Select

R = TypeVar("R")
Row = tuple[Any, ...]


class Driver(Protocol):
    """One engine. Raises the errors of `ports` and no other."""

    async def rows(self, select: Select[R], parameters: Mapping[str, object]) -> list[R]:
        """All rows of one read, of one moment."""

    async def first(self, select: Select[R], parameters: Mapping[str, object]) -> R | None:
        """The first row of one read; None when there is none."""

    async def values(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        """All values of a statement of one column, of one moment."""

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        """All of the changes or none; durable when it returns."""

    async def time(self) -> int | None:
        """The engine's own clock, in microseconds since the epoch; None where it is this machine's."""

    async def changed(self) -> bool:
        """Whether anything may have been committed since the last call."""

    async def close(self) -> None:
        """Finish what was accepted, then let go."""


class Fetching:
    """Something that reads through a driver."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = driver.rows
        self._first = driver.first
        self._values = driver.values

    async def _value(self, statement: str, parameters: Mapping[str, object]) -> Any:
        """The first value of a statement of one column; None when there is no row."""
        return next(iter(await self._values(statement, parameters)), None)
