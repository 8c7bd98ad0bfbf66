"""What is measured beside the loads: the start, the memory, and whether the database grows with the tokens."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from bench import processes, wrk
from bench.kinds import TOKEN_QUERY
from bench.measure import Subject
from bench.processes import BenchError
from bench.results import Line
from tessera.store.folder import DATABASE

START_SECONDS_TARGET = 1.5
MEMORY_MIB_TARGET = 120
FLUSHED_SECONDS_MAX = 20.0


def start(folder: Path, starts: int, name: str, title: str) -> Line:
    """From the start of the process to its first answer, on a folder that exists; the median of several."""
    took = []
    for _ in range(starts):
        began = time.monotonic()
        with processes.tessera("the start", folder):
            took.append(time.monotonic() - began)
    return Line(name, title, median(took), "s", START_SECONDS_TARGET, at_least=False)


def memory(lines: list[Line], name: str, title: str) -> Line:
    """The most memory that the worker had after any of these loads."""
    most = max(line.memory_mib or 0.0 for line in lines)
    return Line(name, title, most, "MiB", MEMORY_MIB_TARGET, at_least=False)


def growth(subject: Subject, folder: Path, seconds: float) -> list[Line]:
    """How the database file grows while tokens are issued to an application that had some before.

    Counts are written every few seconds, through a write-ahead log that SQLite empties when it is 4 MB long. So the
    log is emptied before and after; what it held meanwhile is told as well.
    """
    database = folder / DATABASE
    requests = subject.requests[TOKEN_QUERY.name]
    wrk.load(subject.server, requests, 0.2)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        before_tokens = _settled(connection)
        before = _emptied(connection, database)
        answered = wrk.load(subject.server, requests, seconds).requests
        tokens = _settled(connection, before_tokens + answered) - before_tokens
        meanwhile = _bytes(database)
        after = _emptied(connection, database)
    return [
        Line("growth_bytes", "database growth", after - before, "bytes", 0, at_least=False),
        Line("growth_tokens", "  tokens issued meanwhile", tokens, "tokens"),
        Line("growth_log_bytes", "  write-ahead log before it is emptied", meanwhile - before, "bytes"),
    ]


def _settled(connection: sqlite3.Connection, at_least: int = 0) -> int:
    """The count of tokens, once it has stopped growing. Raises BenchError when it stays below what was answered."""
    deadline = time.monotonic() + FLUSHED_SECONDS_MAX
    seen, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        (count,) = connection.execute("select coalesce(sum(tokens_issued), 0) from application_usage").fetchone()
        if count != seen:
            seen, since = count, time.monotonic()
        elif seen >= at_least and time.monotonic() - since > 3:  # the server writes counts every 2 s
            return seen
        time.sleep(0.1)
    raise BenchError(f"{at_least} tokens were issued, and {seen} were counted.")


def _emptied(connection: sqlite3.Connection, database: Path) -> int:
    busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    if busy:
        raise BenchError("The write-ahead log could not be emptied: the server is still busy.")
    return _bytes(database)


def _bytes(database: Path) -> int:
    log = database.with_name(database.name + "-wal")
    return database.stat().st_size + (log.stat().st_size if log.exists() else 0)
