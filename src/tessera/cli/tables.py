"""Tables that fit the terminal: which columns are shown, and how wide each of them is.

A cell stands on one line. It is whole, or cut short with an ellipsis, and never folded: half an id on a line of its own
can be neither read nor copied.
"""

from collections.abc import Sequence
from typing import NamedTuple

GAP = 2
"""Blanks between two columns."""

ELLIPSIS = "\u2026"

BEFORE_HALVES = 3
"""From this `drop` on, a column goes before texts are cut to half of their limit."""


class Column(NamedTuple):
    """A column of a table, and what becomes of it when the terminal is too narrow for all of them.

    Texts are cut to `short` cells, and when that is not enough, to half of that. An `id` is whole, or cut to `short`
    cells of its beginning and its end. Then columns go, the one with the greatest `drop` first; those from
    `BEFORE_HALVES` on go before texts are cut to half. With 0 neither happens.
    """

    title: str
    drop: int = 0
    short: int = 0
    id: bool = False


class Fitted(NamedTuple):
    """What is shown of a table: its columns and cells, each cell no wider than its column's width."""

    columns: list[Column]
    cells: list[list[str]]
    widths: list[int]


def fitted(columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int) -> Fitted:
    """As much of a table as fits into this many cells; all of it where it fits whole."""
    whole = _natural(columns, cells)
    if total(whole) <= room:
        return Fitted(list(columns), [list(row) for row in cells], whole)
    most = [_most(column, width) for column, width in zip(columns, whole, strict=True)]
    least = [_least(column, width) for column, width in zip(columns, whole, strict=True)]
    shown = _without(columns, range(len(columns)), most, room, BEFORE_HALVES)
    shown = _without(columns, shown, least, room, 1)
    with_ids = [width if column.id else half for column, width, half in zip(columns, whole, least, strict=True)]
    if total([with_ids[place] for place in shown]) <= room:
        most = [width if column.id else limit for column, width, limit in zip(columns, whole, most, strict=True)]
        least = with_ids
    widths = _narrowed([most[place] for place in shown], [least[place] for place in shown], room)
    kept = [columns[place] for place in shown]
    cut = [
        [shortened(row[place], width, id=columns[place].id) for place, width in zip(shown, widths, strict=True)]
        for row in cells
    ]
    return Fitted(kept, cut, widths)


def shortened(text: str, width: int, *, id: bool = False) -> str:
    """A text in this many cells: whole, or its beginning (and its end, of an `id`) with an ellipsis."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    room = max(0, width - 1)
    tail = room // 2 if id else 0
    head = set_cell_size(text, room - tail).rstrip()
    return f"{head}{ELLIPSIS}{text[len(text) - tail :]}"


def _natural(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[int]:
    """How wide each column is when nothing in it is cut."""
    from rich.cells import cell_len

    return [
        max([cell_len(column.title), *(cell_len(row[place]) for row in cells)]) for place, column in enumerate(columns)
    ]


def _most(column: Column, width: int) -> int:
    """How wide a column is at most, when not all of them fit whole."""
    return min(width, max(column.short, len(column.title))) if column.short else width


def _least(column: Column, width: int) -> int:
    """How wide a column is at least, unless the terminal is tiny."""
    if not column.short:
        return width
    return min(width, max(column.short if column.id else column.short // 2, len(column.title)))


def _without(columns: Sequence[Column], shown: Sequence[int], widths: list[int], room: int, drop: int) -> list[int]:
    """The places of the columns that are left, once those of at least this `drop` have gone as far as is needed."""
    left = list(shown)
    while total([widths[place] for place in left]) > room:
        going = [place for place in left if columns[place].drop >= drop]
        if not going:
            break
        left.remove(max(going, key=lambda place: columns[place].drop))
    return left


def total(widths: Sequence[int]) -> int:
    """How wide a table with columns of these widths is."""
    return sum(widths) + GAP * (len(widths) - 1)


def _narrowed(widths: list[int], least: list[int], room: int) -> list[int]:
    """Widths that fit: the widest that may be cut is cut first; on a tiny terminal every one may be."""
    for floors in (least, [1] * len(widths)):
        while total(widths) > room:
            place = max(range(len(widths)), key=lambda number: (widths[number] > floors[number], widths[number]))
            if widths[place] <= floors[place]:
                break
            widths = [width - (number == place) for number, width in enumerate(widths)]
    return widths
