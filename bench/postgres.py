"""The same on PostgreSQL, on this machine: what does not touch the database, a read, and durable writes.

Its server keeps its data where temporary files are, so that a commit waits for a real disk.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median

from tests.support.postgres import Cluster

from bench import revocations, writes
from bench.kinds import PROFILE, TOKEN_QUERY, TOKEN_TARGET, Kind
from bench.measure import Record, Subject, Turn, turn
from bench.results import Line
from bench.revocations import INTROSPECT

PROFILE_RATE_TARGET = 5000
DEPOSIT_RATE_TARGET = 2500

TITLE = "on PostgreSQL"
NAMED = {
    kind.name: Kind(f"postgres_{kind.name}", f"{kind.title}, {TITLE}", target)
    for kind, target in (
        (TOKEN_QUERY, TOKEN_TARGET),
        (INTROSPECT, revocations.INTROSPECT.target),
        (PROFILE, 0.0),
        (writes.DEPOSIT, 0.0),
        (writes.SPENDING, 0.0),
    )
}


@contextmanager
def database() -> Iterator[str]:
    """A PostgreSQL server for the length of a block; the URL of an empty database of it."""
    cluster = Cluster(Path(tempfile.gettempdir()))
    try:
        cluster.start()
        cluster.execute("create role tessera login")
        yield cluster.url(cluster.create_database())
    finally:
        cluster.remove()


class OnPostgres:
    """The rounds of a server on PostgreSQL, each load between two turns of the bare handler."""

    def __init__(self, bare: Subject, subject: Subject, length: Turn) -> None:
        self._bare = bare
        self._subject = subject
        self._length = length
        self._records = {name: Record() for name in NAMED}

    def run(self, number: int) -> None:
        """One round."""
        before = turn(self._bare, TOKEN_QUERY, self._length, number).rate
        for name, kind in NAMED.items():
            measured = turn(self._subject, Kind(name, kind.title, 0), self._length, number)
            after = turn(self._bare, TOKEN_QUERY, self._length, number).rate
            self._records[name].add(measured, mean((before, after)))
            before = after

    def lines(self) -> list[Line]:
        """Shares of the bare handler, and the rates that have a target of their own."""
        found = []
        for name, kind in NAMED.items():
            told = self._records[name].line(kind.name, kind.title, "of bare", kind.target or None)
            found.append(told)
            target = {PROFILE.name: PROFILE_RATE_TARGET, writes.DEPOSIT.name: DEPOSIT_RATE_TARGET}.get(name)
            if target is not None:
                rate = median(each.requests_per_second for each in self._records[name].samples)
                found.append(Line(f"{kind.name}_rate", f"  {name}s a second", rate, "a second", target))
        return found
