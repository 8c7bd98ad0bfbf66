"""Everything that a database holds in a few words: how many rows each table has, and a hash of them all.

The hash is of the rows in the order of their keys, and the same on every engine.
"""

import hashlib
from collections.abc import Callable
from itertools import zip_longest

import msgspec

from tessera.ports import Unusable
from tessera.store.transfer.endpoints import BATCH_ROWS, Moment, Row
from tessera.store.transfer.tables import Table, quoted

Told = Callable[[int], None]
"""Told how many rows are done."""

_encode = msgspec.msgpack.Encoder().encode


class Digest(msgspec.Struct, frozen=True):
    """Rows by table, and the SHA-256 of all of them."""

    tables: dict[str, int]
    hash: str

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.tables.values())


class _Sum:
    """A digest while it is made."""

    def __init__(self) -> None:
        self.rows = 0
        self._tables: dict[str, int] = {}
        self._whole = hashlib.sha256()

    def add(self, name: str, rows: int, hashed: str) -> None:
        self._tables[name] = rows
        self._whole.update(f"{name} {rows} {hashed}\n".encode())

    def digest(self) -> Digest:
        return Digest(self._tables, self._whole.hexdigest())


def counts(moment: Moment) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: rows
        for table in moment.tables
        for rows in moment.values(f"select count(*) from {quoted(table.name)}")
    }


def total(moment: Moment) -> int:
    """How many rows there are in all."""
    return sum(counts(moment).values())


def digest(moment: Moment, told: Told = lambda _rows: None) -> Digest:
    """Read everything."""
    whole = _Sum()
    for table in moment.tables:
        hashed, rows = hashlib.sha256(), 0
        for batch in moment.batches(table):
            _add(hashed, batch)
            rows += len(batch)
            whole.rows += len(batch)
            told(whole.rows)
        whole.add(table.name, rows, hashed.hexdigest())
    return whole.digest()


def compared(ours: Moment, theirs: Moment, place: str, told: Told) -> Digest:
    """Read everything on both sides, row by row. Raises Unusable where they differ; `place` is the second's name."""
    whole = _Sum()
    for table in ours.tables:
        hashed, rows = hashlib.sha256(), 0
        nothing: list[Row] = []
        for one, other in zip_longest(ours.batches(table), theirs.batches(table), fillvalue=nothing):
            if one != other:
                raise _different(table, rows, one, other, place)
            _add(hashed, one)
            rows += len(one)
            whole.rows += len(one)
            told(whole.rows)
        whole.add(table.name, rows, hashed.hexdigest())
    return whole.digest()


def _add(hashed: "hashlib._Hash", batch: list[Row]) -> None:
    hashed.update(b"".join([_encode(row) for row in batch]))


def _different(table: Table, before: int, one: list[Row], other: list[Row], place: str) -> Unusable:
    """Which row it is, by its place alone: the values may be somebody's."""
    same = next((n for n in range(BATCH_ROWS) if one[n : n + 1] != other[n : n + 1]), 0)
    return Unusable(
        f"{place} differs from what it is a copy of: row {before + same + 1} of the table {table.name}. It is not to be"
        " served. Begin again with --restart, and see that nobody else writes there."
    )
