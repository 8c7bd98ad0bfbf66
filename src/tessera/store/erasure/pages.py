"""Unused bytes of SQLite pages, by the documented file format (https://www.sqlite.org/fileformat2.html).

SQLite overwrites a deleted row with zeros (`secure_delete`). It does not overwrite the copies that it leaves behind
when it moves rows from a full page to another: they stay in the unused bytes between the cell pointers and the cells.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF = 2, 5, 10, 13
"""The type of a b-tree page, in its first byte."""

HEADER_SIZES = {INDEX_INTERIOR: 12, TABLE_INTERIOR: 12, INDEX_LEAF: 8, TABLE_LEAF: 8}
CHILD = 4
"""Bytes of a page's number, with which the cells of interior pages begin, and those with overflow pages end."""

CELL_SIZE_MIN = 4
FREEBLOCK_HEADER = 4
FREELIST_HEADER = 8
LOCK_BYTE = 1 << 30
"""The page with this byte of the file is never used."""

_HEADER = Struct(">HHHB")
_PAIR = Struct(">HH")
_TRUNK = Struct(">II")
_ZEROS = bytes(65536)


class Span(NamedTuple):
    """Bytes of a page, from `start` up to but without `end`."""

    start: int
    end: int


class _Malformed(Exception):
    """A page is not what its first byte says."""


def zeros(length: int) -> bytes:
    """As many zero bytes."""
    return _ZEROS[:length]


def is_zero(page: bytes, start: int, end: int) -> bool:
    """Whether all of these bytes are zero."""
    return page.startswith(_ZEROS[: end - start], start)


class Format:
    """The format of a database's pages: their size, and whether some of them are a map of pointers (auto-vacuum)."""

    def __init__(self, page_size: int, usable: int, *, has_pointer_map: bool) -> None:
        self.page_size = page_size
        self.usable = usable
        self._mapped = usable // 5 if has_pointer_map else 0
        self._lock_page = LOCK_BYTE // page_size + 1

    def residue(self, number: int, page: bytes) -> Sequence[Span]:
        """The unused bytes of a b-tree page that hold more than zeros and old cell pointers.

        Nothing for a page of another kind. Before anything is said to be unused, every cell of the page is found
        elsewhere in it. Fragments of up to three bytes between two cells are not looked at.
        """
        header_size = HEADER_SIZES.get(page[0])
        if header_size is None or self._is_special(number):
            return ()
        freeblock, cells, content, fragments = _HEADER.unpack_from(page, 1)
        content = content or 65536
        gap = Span(header_size + 2 * cells, content)
        if gap.start > content or content > self.usable:
            return ()
        try:
            blocks = self._freeblocks(page, freeblock, content)
            found = [] if is_zero(page, *gap) or _is_pointers(page, gap) else [gap]
            for start, end in blocks:
                if not is_zero(page, start + FREEBLOCK_HEADER, end):
                    found.append(Span(start + FREEBLOCK_HEADER, end))
            if found:
                taken = [*blocks, *self._cells(page, header_size, cells)]
                _check(taken, content, self.usable, fragments)
        except _Malformed:
            return ()
        return found

    def _is_special(self, number: int) -> bool:
        """Whether a page is never one of a b-tree: a map of pointers, or the one that is never used."""
        if number == self._lock_page or not self._mapped:
            return number == self._lock_page
        group = self._mapped + 1
        of_group = (number - 2) // group * group + 2
        return number == of_group + (of_group == self._lock_page)

    def _freeblocks(self, page: bytes, first: int, content: int) -> list[Span]:
        blocks = []
        start, after = first, content
        while start:
            if not after <= start <= self.usable - FREEBLOCK_HEADER:
                raise _Malformed
            following, size = _PAIR.unpack_from(page, start)
            if size < FREEBLOCK_HEADER or start + size > self.usable:
                raise _Malformed
            after = start + size
            blocks.append(Span(start, after))
            start = following
        return blocks

    def _cells(self, page: bytes, header_size: int, count: int) -> list[Span]:
        pointers: tuple[int, ...] = Struct(f">{count}H").unpack_from(page, header_size)
        return [Span(start, start + self._cell_size(page, start)) for start in pointers]

    def _cell_size(self, page: bytes, start: int) -> int:
        kind, at = page[0], start
        if kind in (INDEX_INTERIOR, TABLE_INTERIOR):
            at += CHILD
        number, at = _varint(page, at)
        if kind == TABLE_LEAF:
            _, at = _varint(page, at)  # its row id
        if kind != TABLE_INTERIOR:
            at += self._local(number, kind)
        return max(at - start, CELL_SIZE_MIN)

    def _local(self, payload: int, kind: int) -> int:
        """Bytes of a payload that are in the cell itself, with the number of an overflow page if there is one."""
        usable = self.usable
        most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        if payload <= most:
            return payload
        least = (usable - 12) * 32 // 255 - 23
        kept = least + (payload - least) % (usable - 4)
        return (kept if kept <= most else least) + CHILD


def _is_pointers(page: bytes, gap: Span) -> bool:
    """Whether bytes can be no text: pointers to cells stay behind the last one in use when there are fewer cells.

    The first byte of each pointer is less than every byte of a text, so no two bytes of one are there in a row.
    """
    return max(page[gap.start : gap.end].rstrip(b"\0")[::2], default=0) < ord(" ")


def _check(taken: list[Span], content: int, usable: int, fragments: int) -> None:
    """Raises _Malformed unless cells and free blocks fill the content area of a page, but for its fragments."""
    at = content
    for start, end in sorted(taken):
        if start < at or end > usable:
            raise _Malformed
        fragments -= start - at
        at = end
    if fragments != usable - at:
        raise _Malformed


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """An integer of variable length, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        if place >= len(page):
            raise _Malformed
        value = value << 7 | page[place] & 0x7F
        if page[place] < 0x80:
            return value, place + 1
    if at + 8 >= len(page):
        raise _Malformed
    return value << 8 | page[at + 8], at + 9


class Trunk(NamedTuple):
    """A page of the list of free pages: the next such page, the free pages it names, and its own unused bytes."""

    following: int
    leaves: tuple[int, ...]
    unused: Span


def trunk(page: bytes, usable: int) -> Trunk | None:
    """Read a page of the list of free pages; None when it is none."""
    following, count = _TRUNK.unpack_from(page)
    end = FREELIST_HEADER + 4 * count
    if end > usable:
        return None
    leaves = Struct(f">{count}I").unpack_from(page, FREELIST_HEADER)
    return Trunk(following, leaves, Span(end, usable))
