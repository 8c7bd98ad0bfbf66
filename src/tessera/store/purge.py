"""Rewriting a SQLite file so that nothing is left of what was deleted: neither in free pages nor in the log."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tessera.ports import StoreUnavailable
from tessera.store import sqlite

WAIT_MILLISECONDS = 60_000
"""How long others may keep the database busy before it is given up."""


class Step(StrEnum):
    """What is being done."""

    LOG = "moving the log into the database"
    REWRITE = "rewriting the database"


class Purged(NamedTuple):
    """The size of the database file before and after."""

    bytes_before: int
    bytes_after: int


def purge(path: Path, report: Callable[[Step], None], wait_milliseconds: int = WAIT_MILLISECONDS) -> Purged:
    """Leave nothing of deleted rows in the files of a database. Needs as much free space again as the database has.

    Raises StoreUnavailable when another process kept it busy: then it can be done again, and nothing is harmed.
    """
    before = path.stat().st_size
    try:
        with closing(sqlite.connect(path)) as connection:
            connection.execute(f"pragma busy_timeout = {wait_milliseconds}")
            report(Step.LOG)
            _empty_log(connection)
            report(Step.REWRITE)
            connection.execute("vacuum")
            report(Step.LOG)
            _empty_log(connection)
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(str(error)) from error
    return Purged(before, path.stat().st_size)


def _empty_log(connection: sqlite3.Connection) -> None:
    busy, _, _ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise StoreUnavailable("another process kept it busy; run it again when less is going on")
