"""Erasing what a SQLite database still holds of deleted rows, while servers go on: in free pages, in pages, in its log.

No transaction is long, and memory does not grow with the database. Interrupted, it can be run again.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tessera.ports import StoreUnavailable
from tessera.store.erasure.connections import Connections, Patience
from tessera.store.erasure.images import Images
from tessera.store.erasure.scrub import PAUSE_SECONDS, Scrub

WAIT_SECONDS = 60.0
"""How long other processes may stand in the way without anything being done."""

VACUUM_PAGES = 32
"""Free pages that one transaction gives back to the file system."""

INCREMENTAL = 2
"""The value of `pragma auto_vacuum` in databases whose free pages can be given back a few at a time."""


class Step(StrEnum):
    """A part of the work."""

    LOG = "emptying the log"
    FREE = "giving back free pages"
    PAGES = "zeroing unused bytes"
    TABLES = "vacuuming tables"


class Purged(NamedTuple):
    """Bytes of the database before and after, and the tables in whose files deleted rows may still be read."""

    bytes_before: int
    bytes_after: int
    not_rewritten: list[str]


Report = Callable[[Step, int, int], None]
"""Called with the step, how much of it is done, and how much there is; 0 where that is not known."""


def purge(path: Path, report: Report, wait_seconds: float = WAIT_SECONDS) -> Purged:
    """Erase from the files of a database all that was deleted before this was called.

    Raises StoreUnavailable when another process stood in the way.
    """
    before = _size(path)
    patience = Patience(wait_seconds)
    try:
        # The files are closed after the connections: `Images` says why.
        with ExitStack() as files, closing(Connections(path, patience)) as connections:
            report(Step.LOG, 0, 0)
            connections.empty_log()
            _give_back_free_pages(connections, report)
            connections.empty_log()
            images = files.enter_context(closing(Images(path.resolve())))
            Scrub(images, connections, patience).run(lambda done, total: report(Step.PAGES, done, total))
            images.synchronize()
            report(Step.LOG, 0, 0)
            connections.empty_log()
    except (sqlite3.OperationalError, OSError) as error:
        raise StoreUnavailable(str(error)) from error
    return Purged(before, _size(path), [])


def _size(path: Path) -> int:
    """Bytes of a database and its log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _give_back_free_pages(connections: Connections, report: Report) -> None:
    """Make the file shorter by its free pages, a few at a time, if the database was made for that."""
    if connections.number("auto_vacuum") != INCREMENTAL:
        return
    free = connections.number("freelist_count")
    for done in range(0, free, VACUUM_PAGES):
        report(Step.FREE, done, free)
        with connections.write_lock() as writer:
            for _ in range(VACUUM_PAGES):  # given a number, sqlite3 would stop after the first page all the same
                writer.execute("pragma incremental_vacuum(1)")
            writer.execute("commit")
        connections.checkpoint()
        time.sleep(PAUSE_SECONDS)
