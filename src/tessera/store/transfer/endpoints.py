"""The two ends of a copy: what is asked of a database that is read, and of one that is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from tessera.store.migrate import SchemaState
from tessera.store.sql.statement import Select
from tessera.store.transfer.tables import Table

BATCH_ROWS = 5000
"""Rows that are read at once, and written in one transaction."""

R = TypeVar("R")
Row = tuple[Any, ...]


class Moment(Protocol):
    """A database as it is at one moment, to be read; what others write meanwhile is not seen."""

    @property
    def tables(self) -> list[Table]:
        """The tables that are copied, each after those it refers to."""

    def batches(self, table: Table, after: Sequence[Any] | None = None) -> Iterator[list[Row]]:
        """The rows of a table in the order of its key, after that one; each batch but the last is full."""

    def last_number(self, table: Table) -> int:
        """The highest number that was ever given to a row of the table; 0 when there was none."""

    def rows(self, select: Select[R], parameters: Mapping[str, object] | None = None) -> list[R]:
        """The rows of a statement."""

    def values(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """The values of a statement of one column."""


class Written(Moment, Protocol):
    """A database that is written."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing of what is done in the block."""

    def do(self, sql: str, parameters: Mapping[str, object] | None = None) -> int:
        """Run a statement; how many rows it touched."""

    def insert(self, table: Table, rows: list[Row]) -> None:
        """Add rows, of which none is there."""

    def clear(self) -> None:
        """Remove all rows of the tables that are copied."""

    def go_on_after(self, table: Table, number: int) -> None:
        """Have the next row of the table get a higher number."""

    def finish(self) -> None:
        """Make everything durable and ready to be served."""


class End(Protocol):
    """A database that can be either end. Whatever it cannot do is `Unusable`, with a sentence."""

    @property
    def text(self) -> str:
        """Its name, as it may be shown."""

    def state(self) -> SchemaState:
        """How it stands to this version. Raises Unusable, of which Unfinished for a copy that is not at its end."""

    def make(self) -> None:
        """Make an empty database of the current schema."""

    def older(self) -> Exception:
        """The refusal of an older schema, with what to do."""

    def moment(self, *, alone: bool) -> AbstractContextManager[Moment]:
        """The database as it is now; when `alone`, nobody can write to it until the end of the block."""

    def written(self) -> AbstractContextManager[Written]:
        """The database, to be written."""
