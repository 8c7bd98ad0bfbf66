"""Unused bytes of pages: found where SQLite left something, and never where anything is in use."""

from contextlib import closing
from pathlib import Path
from struct import pack

import pytest

from tessera.store.erasure import pages
from tessera.store.erasure.images import Images
from tessera.store.erasure.pages import Format, Span
from tests.store.erasure.workload import Workload

FORMAT = Format(4096, 4096, has_pointer_map=False)
NAME = b"Zqx7-ada"


def leaf(cells: list[bytes], leftover: bytes = b"") -> bytes:
    """A leaf of a table with these cells, and a leftover in its unused bytes."""
    content, pointers = b"", b""
    for cell in cells:
        content = cell + content
        pointers += pack(">H", 4096 - len(content))
    head = pack(">BHHHB", pages.TABLE_LEAF, 0, len(cells), 4096 - len(content), 0) + pointers
    return head + (leftover + content).rjust(4096 - len(head), b"\0")


def cell(payload: bytes, row: int = 1) -> bytes:
    """A cell of a table's leaf."""
    return bytes([len(payload), row]) + payload


def test_a_leftover_is_found() -> None:
    """Between the pointers and the cells; the span is all that is unused there."""
    page = leaf([cell(b"one"), cell(b"two", 2)], NAME)
    assert FORMAT.residue(5, page) == [Span(8 + 2 * 2, 4096 - 2 * 5)]


def test_nothing_is_found_where_nothing_is_left() -> None:
    """Zeros are nothing, and so are pointers to cells that were there."""
    assert FORMAT.residue(5, leaf([cell(b"one")])) == []
    page = bytearray(leaf([cell(b"one")]))
    page[10:14] = pack(">HH", 4000, 3900)
    assert FORMAT.residue(5, bytes(page)) == []


def test_a_leftover_in_a_free_block_is_found() -> None:
    """All of the block but its header, in which the next block is named."""
    page = bytearray(leaf([cell(b"one"), cell(b"a" * 30, 2), cell(b"two", 3)]))
    start = 4096 - 5 - 32
    page[1:3] = pack(">H", start)  # the middle cell is free: its pointer goes, and its block begins the chain
    page[3:5] = pack(">H", 2)
    page[10:14] = page[12:14] + b"\0\0"
    page[start : start + 4] = pack(">HH", 0, 32)
    assert FORMAT.residue(5, bytes(page)) == [Span(start + 4, start + 32)]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(bytes(4096), id="a page of zeros"),
        pytest.param(pack(">I", 7) + NAME * 500, id="an overflow page"),
        pytest.param(pack(">I", 0x0D000007) + NAME * 500, id="an overflow page whose next one has a high number"),
        pytest.param(pack(">I", 0x0D000000) + b"\x00\x02\x00" + NAME * 500, id="one that looks like an empty leaf"),
        pytest.param(pack(">BHHHB", 13, 0, 1, 4091, 0) + pack(">H", 12) + NAME * 200, id="a cell among the unused"),
        pytest.param(pack(">BHHHB", 13, 0, 9000, 12, 0) + NAME * 500, id="more pointers than there is room for"),
        pytest.param(pack(">BHHHB", 13, 20, 0, 4096, 0) + NAME * 500, id="a free block before the cells"),
        pytest.param(leaf([b"\x7f\x01one"], NAME), id="a cell that ends behind the page"),
    ],
)
def test_what_is_no_whole_b_tree_page_is_left_alone(page: bytes) -> None:
    """Whatever its first byte says, a page whose cells do not fill what is in use has nothing that is unused."""
    assert FORMAT.residue(5, page[:4096].ljust(4096, b"\0")) == ()


def test_maps_of_pointers_are_left_alone() -> None:
    """Each begins with the kind of a page, which looks like a b-tree page's; they stand where they can be reckoned."""
    page = leaf([cell(b"one")], NAME)
    mapped = Format(4096, 4096, has_pointer_map=True)
    for number in (2, 2 + 820, 2 + 2 * 820):
        assert mapped.residue(number, page) == ()
        assert FORMAT.residue(number, page)
    for number in (3, 2 + 819, 3 + 820):
        assert mapped.residue(number, page)


def test_the_page_of_the_lock_byte_is_left_alone() -> None:
    """Where a map of pointers would be in its place, as in pages of 1024 bytes, the map is the next page."""
    page = leaf([cell(b"one")], NAME)
    locked = (1 << 30) // 4096 + 1
    assert FORMAT.residue(locked, page) == ()
    assert FORMAT.residue(locked + 1, page)
    small = Format(1024, 1024, has_pointer_map=True)
    locked = (1 << 30) // 1024 + 1
    page = pack(">BHHHB", pages.TABLE_LEAF, 0, 0, 1024, 0) + NAME * 127
    assert [bool(small.residue(locked + place, page)) for place in (-1, 0, 1, 2)] == [True, False, False, True]


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 8192, 65536])
@pytest.mark.parametrize("auto_vacuum", ["none", "incremental"])
def test_zeroing_what_is_unused_changes_no_row(tmp_path: Path, page_size: int, auto_vacuum: str) -> None:
    """After much was inserted and deleted, all that is found can be zeroed; rows and structure are as before."""
    path = tmp_path / "x.db"
    with closing(Workload(path, page_size, page_size=page_size, auto_vacuum=auto_vacuum)) as work:
        for _ in range(12):
            work.insert(60)
            work.delete(40)
        before = work.rows()
        work.connection.execute("pragma wal_checkpoint(truncate)")
        with closing(Images(path)) as images:
            for page in range(2, path.stat().st_size // page_size + 1):
                for span in images.format.residue(page, images.read(page)):
                    images.zero(page, span)
        assert work.leftover_pages() == 0
    with closing(Workload.reopened(path)) as work:
        assert work.rows() == before
        assert work.is_intact()


def test_free_pages_are_listed() -> None:
    """A page of the list names free pages and the next of its kind; what is behind the last one is unused."""
    page = pack(">IIII", 9, 2, 11, 12) + NAME * 10
    assert pages.trunk(page.ljust(4096, b"\0"), 4096) == (9, (11, 12), Span(16, 4096))
    assert pages.trunk(pack(">II", 9, 5000).ljust(4096, b"\0"), 4096) is None
