"""The walk over all pages beside a writer: nothing is left of what was deleted before, and nothing else is changed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from sqlite3 import Connection

import pytest

from tessera.ports import StoreUnavailable
from tessera.store import sqlite
from tessera.store.erasure.connections import Connections, Patience
from tessera.store.erasure.images import Images
from tessera.store.erasure.scrub import CATCH_UP, Limit, Scrub, Step
from tests.store.erasure.workload import Workload

LIMIT = Limit(seconds=60)
"""Steps that do not depend on how quick the machine is."""

SMALL = Limit(pages=20, locked_pages=20, seconds=60)


class Interrupted(Connections):
    """Connections beside a writer that gets in after every hold of the write lock."""

    def __init__(self, path: Path, between: Callable[[], None], seconds: float = 60) -> None:
        super().__init__(path, Patience(seconds))
        self._between = between
        self.holds = 0

    @contextmanager
    def write_lock(self) -> Iterator[Connection]:
        with super().write_lock() as writer:
            yield writer
        self.holds += 1
        self._between()


class Watched(Scrub):
    """A walk of which every step is kept."""

    steps: list[Step]

    @contextmanager
    def _step(self) -> Iterator[Step]:
        with super()._step() as step:
            yield step
        self.steps.append(step)


def scrub(path: Path, between: Callable[[], None] = lambda: None, seconds: float = 60, limit: Limit = LIMIT) -> Watched:
    """Walk over a file; the walk as it was at its end."""
    with ExitStack() as files, closing(Interrupted(path, between, seconds)) as connections:
        connections.empty_log()
        images = files.enter_context(closing(Images(path)))
        walk = Watched(images, connections, Patience(seconds), limit)
        walk.steps = []
        walk.run(lambda _done, _total: None)
        connections.empty_log()
        return walk


@pytest.mark.parametrize("auto_vacuum", ["none", "incremental"])
@pytest.mark.parametrize("secure_delete", ["on", "off"])
def test_nothing_of_what_was_deleted_is_left(tmp_path: Path, secure_delete: str, auto_vacuum: str) -> None:
    """Whether SQLite overwrote it or not: in no page, in no free page, in no log; every row is as it was."""
    with closing(Workload(tmp_path / "x.db", 7, auto_vacuum=auto_vacuum)) as work:
        work.connection.execute(f"pragma secure_delete = {secure_delete}")
        for _ in range(10):
            work.insert(400)
            work.delete(300)
        before = work.rows()
        assert work.left() != set(), "SQLite leaves nothing any more"
        scrub(work.path)
        assert work.left() == set()
        assert work.leftover_pages() == 0
        assert work.rows() == before
        assert work.is_intact()


@pytest.mark.parametrize("seed", range(8))
def test_a_writer_gets_in_after_every_step(tmp_path: Path, seed: int) -> None:
    """However often it writes to the same pages, the walk ends, no step is long, and nothing of before is left."""
    with closing(Workload(tmp_path / "x.db", seed)) as work:
        for _ in range(6):
            work.insert(1000)
            work.delete(500)
        deleted, work.deleted = work.deleted, set()

        def between() -> None:
            work.insert(5)
            work.delete(4)

        walk = scrub(work.path, between)
        assert len(walk.steps) > 3
        assert (
            max(step.looked for step in walk.steps) <= LIMIT.locked_pages * CATCH_UP + 1024
        )  # all that one page of the free list names
        work.deleted = deleted
        assert work.left() == set()
        assert work.is_intact()


def test_what_a_writer_moves_behind_the_walk_is_found(tmp_path: Path) -> None:
    """SQLite swaps the numbers of pages when it balances them, so a leftover can come to where the walk has been.

    In this play of inserting and deleting it does: without looking again at pages that were written, a name stays.
    """
    with closing(Workload(tmp_path / "x.db", 23)) as work:
        work.connection.execute("pragma synchronous = off")
        work.connection.execute("pragma secure_delete = off")
        for _ in range(6):
            work.insert(500)
            work.delete(300)
        work.connection.execute("pragma secure_delete = on")
        deleted, work.deleted = work.deleted, set()

        holds = 0

        def between() -> None:
            nonlocal holds
            holds += 1
            if holds < 150:  # it writes to more pages than a step looks at: the walk ends after the writer
                work.insert(1)
                work.delete(12)

        scrub(work.path, between, limit=SMALL)
        work.deleted = deleted
        assert work.left() == set()
        assert work.is_intact()


def test_a_page_is_looked_at_as_it_is_in_the_log(tmp_path: Path) -> None:
    """One that was written before the walk comes to it has its newest content there, and an older one in the file."""
    with closing(Workload(tmp_path / "x.db", 5)) as work:
        work.insert(1500, lengths=(0, 1, 5))
        holds = 0

        def between() -> None:
            nonlocal holds
            holds += 1
            if holds == 4:  # in the middle of a round, after the first step on pages
                work.connection.execute("pragma secure_delete = off")
                work.delete(30)

        scrub(work.path, between, limit=SMALL)
        assert len(work.deleted) == 30
        assert work.left() == set()
        assert work.is_intact()


def test_a_leftover_whose_page_is_in_the_log_waits(tmp_path: Path) -> None:
    """As long as a reader keeps the log from beginning anew; then the walk gives up, and can be made again."""
    with closing(Workload(tmp_path / "x.db", 7)) as work, closing(sqlite.connect(work.path)) as reader:
        work.insert(3000)
        work.delete(2000)
        before = work.rows()

        def between() -> None:
            if not reader.in_transaction:
                work.connection.execute("update person set notes = notes || 'x' where number % 50 = 1")
                reader.execute("begin")
                reader.execute("select count(*) from person").fetchone()

        with pytest.raises(StoreUnavailable, match="a backup, a copy, an import"):
            scrub(work.path, between, seconds=0.3)
        reader.execute("rollback")
        work.connection.execute("update person set notes = substr(notes, 1, length(notes) - 1) where number % 50 = 1")
        scrub(work.path)
        assert work.left() == set()
        assert work.leftover_pages() == 0
        assert work.rows() == before


def test_interrupted_anywhere_it_harms_nothing(tmp_path: Path) -> None:
    """After any hold of the write lock, the rows are as they were, and the walk can be made again."""
    with closing(Workload(tmp_path / "x.db", 7)) as work:
        work.insert(1500)
        work.delete(1000)
        before = work.rows()
        for last in range(8):
            holds = 0

            def between(last: int = last) -> None:
                nonlocal holds
                holds += 1
                if holds > last:
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                scrub(work.path, between, limit=SMALL)
            assert work.is_intact()
        assert work.rows() == before
        scrub(work.path)
        assert work.left() == set()
        assert work.rows() == before
