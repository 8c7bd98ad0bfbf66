"""The newest committed content of each page of a SQLite database, read from its file and its write-ahead log.

Followed while holding the write lock: then nobody adds to the log. A process that closes a file loses all its locks on
it, SQLite's too (POSIX), so close these files after the connections.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from struct import Struct

from tessera.store.erasure.pages import Format, Span, zeros

FILE_HEADER = 100
PAGE_SIZE_AT = 16
RESERVED_AT = 20
"""Of the file's header: how many bytes at the end of each page are not used."""

LARGEST_ROOT = slice(52, 56)
"""Of the file's header: not zero in databases that can be vacuumed a few pages at a time."""

LOG_HEADER = 32
FRAME_HEADER = 24

_SALTS = slice(12, 24)
"""Of the log's header: which time it began anew. A frame of an earlier time has other salts."""

_PAGE_NUMBER = Struct(">I")
_PAGE_SIZE = Struct(">H")


class Images:
    """Pages of a database, numbered from 1."""

    def __init__(self, path: Path) -> None:
        with ExitStack() as opened:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            opened.callback(os.close, self._file)
            self._log = os.open(path.with_name(f"{path.name}-wal"), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            opened.callback(os.close, self._log)
            self._opened = opened.pop_all()
        header = os.pread(self._file, FILE_HEADER, 0)
        (size,) = _PAGE_SIZE.unpack_from(header, PAGE_SIZE_AT)
        self.page_size = 65536 if size == 1 else size
        usable = self.page_size - header[RESERVED_AT]
        self.format = Format(self.page_size, usable, has_pointer_map=any(header[LARGEST_ROOT]))
        self._salts = b""
        self.frames = 0
        self._in_log: dict[int, int] = {}

    def close(self) -> None:
        """Close the files."""
        self._opened.close()

    def synchronize(self) -> None:
        """Have what was zeroed on the disk."""
        os.fsync(self._file)

    def follow_log(self, frames: int) -> set[int]:
        """Take in the log, which has this many frames; the pages that were written since this was last called.

        Complete only while the log began anew at most once since then.
        """
        salts = os.pread(self._log, LOG_HEADER, 0)[_SALTS] if frames else b""
        if salts != self._salts or frames < self.frames:
            self._salts, self.frames = salts, 0
            self._in_log.clear()
        written = set()
        for frame in range(self.frames, frames):
            (page,) = _PAGE_NUMBER.unpack(os.pread(self._log, 4, self._frame_at(frame)))
            self._in_log[page] = frame
            written.add(page)
        self.frames = frames
        return written

    def in_log(self, page: int) -> bool:
        """Whether the newest content of a page is in the log: then it cannot be changed in the file."""
        return page in self._in_log

    def read(self, page: int) -> bytes:
        """The newest content of a page; zeros for one behind the end."""
        frame = self._in_log.get(page)
        if frame is None:
            return self._whole(os.pread(self._file, self.page_size, (page - 1) * self.page_size), 1)
        return self._whole(os.pread(self._log, self.page_size, self._frame_at(frame) + FRAME_HEADER), 1)

    def of_file(self, first: int, count: int) -> Iterator[tuple[int, bytes]]:
        """Successive pages as they are in the file, with their numbers."""
        size = self.page_size
        raw = self._whole(os.pread(self._file, size * count, (first - 1) * size), count)
        for place in range(count):
            yield first + place, raw[place * size : (place + 1) * size]

    def zero(self, page: int, span: Span) -> None:
        """Overwrite bytes of a page of the file."""
        os.pwrite(self._file, zeros(span.end - span.start), (page - 1) * self.page_size + span.start)

    def _frame_at(self, frame: int) -> int:
        return LOG_HEADER + frame * (FRAME_HEADER + self.page_size)

    def _whole(self, raw: bytes, count: int) -> bytes:
        return raw.ljust(self.page_size * count, b"\0")
