"""Tables as the database itself tells of them: nobody has to remember to list one."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tessera.ports import Unusable

LEFT_OUT = frozenset({"alembic_version", "backup", "copying", "lease"})
"""Tables that are not copied: the schema's version, the marks of a copy, and leases, which running processes hold."""

INTEGER, TEXT, BYTES = "integer", "text", "bytes"


class Column(NamedTuple):
    """A column and the kind of its values, whatever the engine calls that."""

    name: str
    kind: str


class Table(NamedTuple):
    """A table: its columns, those of the key first and the others by name; whether the database numbers its rows."""

    name: str
    key: tuple[Column, ...]
    others: tuple[Column, ...]
    number: str | None
    refers: frozenset[str]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in an order that does not depend on the engine."""
        return self.key + self.others

    @property
    def names(self) -> str:
        """The columns as they stand in a statement."""
        return listed(self.columns)

    def key_of(self, row: Sequence[Any]) -> list[Any]:
        """The values of the key in a row of all `columns`."""
        values = dict(zip(self.columns, row, strict=True))
        return [values[column] for column in self.key]


def listed(columns: Iterable[Column]) -> str:
    """Columns as they stand in a statement."""
    return ", ".join(quoted(column.name) for column in columns)


def quoted(name: str) -> str:
    """A name as both engines read it, whatever words they reserve."""
    return f'"{name}"'


def in_order(tables: Iterable[Table]) -> list[Table]:
    """The tables, each after those it refers to; of those that may come next the first by name."""
    left = {table.name: table for table in tables}
    found: list[Table] = []
    while left:
        ready = [table for table in left.values() if not (table.refers - {table.name}) & left.keys()]
        if not ready:
            raise Unusable(f"The tables {', '.join(sorted(left))} refer to each other in a circle.")
        found.append(min(ready))
        del left[found[-1].name]
    return found


def shaped_alike(ours: list[Table], theirs: list[Table], place: str) -> None:
    """Raises Unusable unless both databases have the same tables and columns."""
    if ours != theirs:
        apart = sorted({table.name for table in set(ours) ^ set(theirs)})
        raise Unusable(f"The tables of {place} are not those of this version ({', '.join(apart)} differ).")
