"""The walk over all pages: unused bytes that are not zero are zeroed, in short steps under the write lock.

A step changes bytes of the file itself that mean nothing to SQLite, and only of pages whose newest content is not in
the log. Then it commits a write that changes nothing, so that every other process reads its pages anew.

Between two steps servers write, and may move rows, and leftovers with them, from one page to another. So a page is done
with only until it is written again: its frame is in the log, from which nothing is lost meanwhile
(`Connections.hold_log`).
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

CATCH_UP = 4
"""How many times as much a step does after one that did not look at all that had been written before it."""

ROUND_STEPS = 16
"""Steps between two checkpoints, during which the log grows by what servers write."""

READERS_SECONDS = 0.01
"""How long readers that began before are waited for under the write lock."""

PAUSE_SECONDS = 0.001
"""Between two steps, at least; after a longer step as long as it took."""

SCHEMA_PAGE = 1
"""Holds the names of tables and nothing of a customer. Every step writes it, so it is always in the log."""

FIRST_TRUNK_AT = 32
"""Where the first page names the first page of the list of free pages."""

Progress = Callable[[int, int], None]
"""Called with how many pages were looked at, and how many there are."""


class Limit(NamedTuple):
    """How much one step does at most: pages that it looks at, and how long it goes on."""

    pages: int = 1000
    seconds: float = 0.01

    def times(self, factor: int) -> "Limit":
        """A limit so many times as high."""
        return Limit(self.pages * factor, self.seconds * factor)


class Step:
    """What is done while the write lock is held once."""

    def __init__(self, images: Images, limit: Limit) -> None:
        self._images = images
        self._pages = limit.pages
        self._until = time.monotonic() + limit.seconds
        self.looked = 0
        self.zeroed = 0
        self.postponed = 0

    def is_over(self) -> bool:
        """Whether others have waited long enough."""
        return self.looked >= self._pages or time.monotonic() > self._until

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
            began = time.monotonic()
            if step():
                return True
            if number == 0 and self._again:
                continue  # the log has begun anew: be there before somebody writes to the same pages
            if self._next > self._last and number:
                break  # what is left is in the log again
            time.sleep(max(PAUSE_SECONDS, time.monotonic() - began))
        return False

    @contextmanager
    def _step(self) -> Iterator[Step]:
        """Hold the write lock for a step, and have what it zeroed read anew by everybody."""
        with self._connections.write_lock() as writer:
            self._follow_log()
            step = Step(self._images, self._limit.times(CATCH_UP) if self._is_behind else self._limit)
            yield step
            if step.zeroed or step.postponed:
                writer.execute(f"pragma user_version = {self._version}")
                writer.execute("commit")

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
        """Zero the unused bytes of the next pages; whether there are no more."""
        with self._step() as step:
            waiting = len(self._again)
            for page, image in self._wanted():
                if step.is_over():
                    break
                if page == self._next:
                    self._next += 1
                    self._patience.renew()
                if step.clean(page, self._images.format.residue(page, image)):
                    self._again.discard(page)
                else:
                    self._again.add(page)
            self._is_behind = step.looked < waiting
            return self._next > self._last and not self._again

    def _wanted(self) -> Iterator[tuple[int, bytes]]:
        """Pages to look at, those first that were written since."""
        for page in sorted(self._again):
            yield page, self._images.read(page)
        while (first := self._next) <= self._last:
            count = min(CHUNK_PAGES, self._last - first + 1)
            yield from enumerate(self._images.read_many(first, count), first)
