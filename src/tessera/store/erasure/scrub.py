"""The walk over all pages: unused bytes that are not zero are zeroed, in short steps under the write lock.

A step changes bytes of the file itself that mean nothing to SQLite, and only of pages whose newest content is not in
the log. Then it commits a write that changes nothing, so that every other process reads its pages anew.

While the log is held (`Connections.hold_log`), nobody copies from it into the file and nothing in it is overwritten. So
pages can be looked at without the lock, and a page that is written afterwards is found in the log. It is looked at
again: when SQLite moves rows between pages, leftovers can move with them to where the walk has been.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from tessera.store.erasure import pages
from tessera.store.erasure.connections import Connections, Patience
from tessera.store.erasure.images import Images
from tessera.store.erasure.pages import Span, Trunk

CHUNK_PAGES = 100
"""Pages that are read at once."""

ROUND_STEPS = 16
ROUND_FRAMES = 500
"""After so many steps, or so many frames of others in the log, it is copied into the file and begins anew."""

READERS_SECONDS = 0.01
"""How long readers that began before are waited for under the write lock."""

PAUSE_SECONDS = 0.001
"""Between two steps, at least; after a longer hold of the lock as long as that was."""

SCHEMA_PAGE = 1
"""Holds the names of tables and nothing of a customer. Every step writes it, so it is always in the log."""

FIRST_TRUNK_AT = 32
"""Where the first page names the first page of the list of free pages."""

Progress = Callable[[int, int], None]
"""Called with how many pages were looked at, and how many there are."""


class Limit(NamedTuple):
    """What one step does at most: pages looked at beforehand, pages changed or looked at under the lock, its time."""

    pages: int = 2000
    locked_pages: int = 200
    seconds: float = 0.01

    def times(self, factor: int) -> "Limit":
        """A limit so many times as high, under the lock."""
        return self._replace(locked_pages=self.locked_pages * factor, seconds=self.seconds * factor)


CATCH_UP = 4
"""How many times as much is done under the lock after a step that did not look at all that had been written."""


class Leftover(NamedTuple):
    """A page with something in unused bytes, as it was read from the file."""

    page: int
    image: bytes
    spans: Sequence[Span]


class Step:
    """What is done while the write lock is held once."""

    def __init__(self, images: Images, limit: Limit) -> None:
        self._images = images
        self._limit = limit
        self.began = time.monotonic()
        self.looked = 0
        self.zeroed = 0
        self.postponed = 0

    def is_over(self) -> bool:
        """Whether others have waited long enough."""
        return self.looked >= self._limit.locked_pages or time.monotonic() > self.began + self._limit.seconds

    def clean(self, page: int, spans: Sequence[Span]) -> bool:
        """Zero these bytes of a page; False when that has to wait, because its newest content is in the log."""
        self.looked += 1
        if not spans:
            return True
        if self._images.in_log(page):
            self.postponed += 1
            return False
        for span in spans:
            self._images.zero(page, span)
        self.zeroed += 1
        return True


_LIMIT = Limit()


class Scrub:
    """One walk over the pages that a database has when it begins."""

    def __init__(self, images: Images, connections: Connections, patience: Patience, limit: Limit = _LIMIT) -> None:
        self._limit = limit
        self._images = images
        self._connections = connections
        self._patience = patience
        self._version = connections.number("user_version")
        self._last = connections.number("page_count")
        self._next = SCHEMA_PAGE + 1
        self._again: set[int] = set()
        self._is_behind = False
        self._held_seconds = 0.0
        self._clean_trunks: set[int] = set()

    def run(self, progress: Progress) -> None:
        """Walk until nothing is left. Raises Busy."""
        for step in (self._free_pages, self._pages):
            progress(self._next - 1, self._last)
            while not self._round(step):
                progress(self._next - 1, self._last)
                self._patience.wait(PAUSE_SECONDS)
        self._connections.let_go_of_log()

    def _round(self, step: Callable[[], bool]) -> bool:
        """Have the log begin anew with the next write, then make some steps; whether one of them was the last."""
        with self._connections.write_lock():
            self._follow_log()
            self._connections.let_go_of_log()
            whole = self._connections.checkpoint_whole(READERS_SECONDS)
            if whole and self._again:
                time.sleep(READERS_SECONDS)  # whoever still reads in the log keeps it from beginning anew
            self._connections.hold_log()
        for number in range(ROUND_STEPS):
            if step():
                return True
            if number == 0 and self._again:
                continue  # the log has begun anew: be there before somebody writes to the same pages
            if number and (self._next > self._last or self._images.frames > ROUND_FRAMES):
                break
            time.sleep(max(PAUSE_SECONDS, self._held_seconds))
        return False

    @contextmanager
    def _step(self) -> Iterator[Step]:
        """Hold the write lock for a step, and have what it zeroed read anew by everybody."""
        with self._connections.write_lock() as writer:
            step = Step(self._images, self._limit.times(CATCH_UP) if self._is_behind else self._limit)
            self._follow_log()
            yield step
            if step.zeroed or step.postponed:
                writer.execute(f"pragma user_version = {self._version}")
                writer.execute("commit")
        self._held_seconds = time.monotonic() - step.began
        if step.zeroed:
            self._patience.renew()

    def _follow_log(self) -> None:
        """Look again at pages that were written, as long as anything in them can come from a page not yet clean."""
        frames, _ = self._connections.checkpoint()  # it copies nothing while the log is held
        written = self._images.follow_log(frames) - {SCHEMA_PAGE}
        if self._next <= self._last:
            self._again.update(page for page in written if page < self._next or page > self._last)
        elif written & self._again:
            self._again |= written

    def _free_pages(self) -> bool:
        """Zero what free pages hold from a time before deleted rows were overwritten; whether all are clean."""
        with self._step() as step:
            for number, trunk in self._trunks():
                if number in self._clean_trunks:
                    continue
                if step.is_over():
                    return False
                free = [step.clean(leaf, self._filled(leaf, Span(0, self._images.page_size))) for leaf in trunk.leaves]
                if step.clean(number, self._filled(number, trunk.unused)) and all(free):
                    self._clean_trunks.add(number)
                    self._patience.renew()
            return not step.postponed

    def _trunks(self) -> Iterator[tuple[int, Trunk]]:
        """The pages of the list of free pages."""
        number = int.from_bytes(self._images.read(SCHEMA_PAGE)[FIRST_TRUNK_AT : FIRST_TRUNK_AT + 4])
        while number:
            trunk = pages.trunk(self._images.read(number), self._images.format.usable)
            if trunk is None:
                return
            yield number, trunk
            number = trunk.following

    def _filled(self, page: int, span: Span) -> Sequence[Span]:
        return () if pages.is_zero(self._images.read(page), *span) else (span,)

    def _pages(self) -> bool:
        """Zero the unused bytes of the next pages, and of those that were written since; whether there are no more."""
        leftovers = [] if self._is_behind else self._look_ahead()
        with self._step() as step:
            for page, image, spans in leftovers:
                is_as_it_was = self._images.in_log(page) or self._images.read(page) == image
                if not is_as_it_was or not step.clean(page, spans):
                    self._again.add(page)
            for page in sorted(self._again):
                self._is_behind = step.is_over()
                if self._is_behind:
                    break
                if step.clean(page, self._images.format.residue(page, self._images.read(page))):
                    self._again.discard(page)
            return self._next > self._last and not self._again

    def _look_ahead(self) -> list[Leftover]:
        """Look at the next pages of the file, without the lock."""
        found: list[Leftover] = []
        until = min(self._next + self._limit.pages, self._last + 1)
        while self._next < until and len(found) < self._limit.locked_pages:
            for page, image in self._images.of_file(self._next, min(CHUNK_PAGES, until - self._next)):
                self._next = page + 1
                if self._images.in_log(page):
                    self._again.add(page)
                elif spans := self._images.format.residue(page, image):
                    found.append(Leftover(page, image, spans))
            self._patience.renew()
        return found
