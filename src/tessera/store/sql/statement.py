"""A statement that writes, and one that reads rows of more than one column."""

from collections.abc import Callable, Iterable
from itertools import starmap
from typing import Any, Generic, NamedTuple, TypeVar

R = TypeVar("R")


class Statement(NamedTuple):
    """A write. When `fact` is given, exactly one row must be touched; otherwise that fact did not hold."""

    sql: str
    fact: str = ""


class Select(NamedTuple, Generic[R]):
    """A read of more than one column. `row` is a type whose fields are the columns, by name and in their order.

    Rows are made by position, here alone, because that costs least. `tests/store/test_columns.py` compares the fields
    with the columns that each engine returns, so that a column in the wrong place is never read as another. A
    statement of one column is a plain text.
    """

    sql: str
    row: Callable[..., R]

    def rows(self, fetched: Iterable[tuple[Any, ...]]) -> list[R]:
        """The rows of a result."""
        return list(starmap(self.row, fetched))

    def first(self, fetched: list[tuple[Any, ...]]) -> R | None:
        """The first row of a result; None when there is none."""
        return self.row(*fetched[0]) if fetched else None


def only_column(fetched: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The values of a statement of one column. Raises ValueError for more."""
    return [value for (value,) in fetched]
