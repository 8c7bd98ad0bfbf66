"""Token requests while a purge deletes rows by the hundred thousand, beside those while there is nothing to delete."""

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from statistics import median

import msgspec
import psycopg

from bench import processes
from bench.folders import Folder
from bench.kinds import TOKEN_QUERY
from bench.measure import Subject, Turn, turn
from bench.processes import START_SECONDS, BenchError
from bench.results import Line
from bench.wrk import CONNECTIONS, Requests
from tessera.core.administration.audit_chain import chained
from tessera.store.folder import DATABASE

P99_TARGET = 2.0
LOADS = {"": CONNECTIONS, "_alone": 1}
"""Connections of a load, by what its lines are named after: all that the server can take, and one caller alone."""

Row = tuple[object, ...]
Rows = Callable[[int, str], Iterator[Row]]


class Kind(msgspec.Struct, frozen=True):
    """Rows that a purge deletes: their name, table and columns, and how rows are made that ended long ago.

    What makes them is given their number and the newest hash of the audit.
    """

    name: str
    title: str
    table: str
    columns: str
    rows: Rows


def _proofs(count: int, _hash: str) -> Iterator[Row]:
    for number in range(count):
        yield hashlib.sha256(str(number).encode()).hexdigest(), number


def _revocations(count: int, _hash: str) -> Iterator[Row]:
    for number in range(count):
        yield int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:7]), number


def _events(count: int, _hash: str) -> Iterator[Row]:
    for number in range(count):
        yield f"event {number}", 1, "points.earned", '{"amount":1}' * 20, number


def _refusals(count: int, hash: str) -> Iterator[Row]:
    for number in range(1_000_000, 1_000_000 + count):
        entry = (number, f"id {number}", number, "server", "192.0.2.7", "client.refused", "c" * 64, '{"count":1}')
        hash = chained(hash, *entry)
        yield *entry, hash


KINDS = (
    Kind("proofs", "used proofs", "spent_proof", "proof, expires_at", _proofs),
    Kind("revocations", "revocations", "revocation", "token_id, expires_at", _revocations),
    Kind("events", "events", "event", "id, organization, kind, data, occurred_at", _events),
    Kind(
        "audit",
        "refusals in the audit",
        "audit_entry",
        "number, id, at, actor, source, action, target, detail, hash",
        _refusals,
    ),
)


ON_POSTGRESQL = tuple(
    msgspec.structs.replace(kind, name=f"postgres_{kind.name}", title=f"{kind.title} on PostgreSQL")
    for kind in KINDS
    if kind.name in {"proofs", "audit"}
)


def fill(folder: Folder, kind: Kind, count: int) -> None:
    """Put rows of a kind into a folder. The numbers of the audit's entries go on from a million."""
    last = "select hash from audit_entry order by number desc limit 1"
    if folder.database is None:
        with closing(sqlite3.connect(folder.path / DATABASE)) as file, file:
            hash = file.execute(last).fetchone()[0]
            places = ", ".join("?" * len(kind.columns.split(",")))
            statement = f"insert into {kind.table} ({kind.columns}) values ({places})"
            file.execute("update audit_entry set number = 999999 where number = (select max(number) from audit_entry)")
            file.executemany(statement, kind.rows(count, hash))
        return
    with psycopg.connect(folder.database) as connection, connection.cursor() as cursor:
        row = cursor.execute(last).fetchone()
        cursor.execute("update audit_entry set number = 999999 where number = (select max(number) from audit_entry)")
        with cursor.copy(f"copy {kind.table} ({kind.columns}) from stdin".encode()) as copy:
            for each in kind.rows(count, "" if row is None else row[0]):
                copy.write_row(each)


def left(folder: Folder, kind: Kind) -> int:
    """How many rows of a kind there are still."""
    statement = f"select count(*) from {kind.table}"
    if folder.database is None:
        with closing(sqlite3.connect(f"file:{folder.path / DATABASE}?mode=ro", uri=True)) as file:
            return int(file.execute(statement).fetchone()[0])
    with psycopg.connect(folder.database) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return int(row[0]) if row else 0


class Purged:
    """The rounds: for each kind a server that purges, and one that has nothing to purge."""

    def __init__(
        self, quiet: Subject, folders: dict[Kind, Folder], requests: Callable[[Folder], Requests], length: Turn
    ) -> None:
        self._quiet = quiet
        self._folders = folders
        self._requests = requests
        self._length = length
        self._p99: dict[str, list[tuple[float, float]]] = {}
        self._rates: dict[str, list[float]] = {}

    def run(self, number: int) -> None:
        """One round."""
        quiet = {name: self._turn(self._quiet, number, connections) for name, connections in LOADS.items()}
        for kind, folder in self._folders.items():
            with processes.tessera(f"purging {kind.title}", folder.path, folder.database) as server:
                subject = Subject(server, {TOKEN_QUERY.name: self._requests(folder)})
                began, before = time.monotonic(), _begun(folder, kind)
                for name, connections in LOADS.items():
                    p99 = self._turn(subject, number, connections)
                    self._p99.setdefault(kind.name + name, []).append((p99, quiet[name]))
                after = left(folder, kind)
                self._rates.setdefault(kind.name, []).append((before - after) / (time.monotonic() - began))
            if after < before // 10:
                raise BenchError(f"The purge of {kind.title} was over before the load was. Measure with more rows.")

    def _turn(self, subject: Subject, number: int, connections: int) -> float:
        return turn(subject, TOKEN_QUERY, self._length, number, connections).p99_ms

    def lines(self) -> list[Line]:
        """The 99th percentiles as a multiple of those without a purge, and how fast rows went meanwhile."""
        found = []
        for kind in self._folders:
            for name, connections in LOADS.items():
                told = f"{connections} connections" if connections > 1 else "one connection"
                figures = self._p99[kind.name + name]
                found.append(
                    Line(
                        f"purge_{kind.name}{name}",
                        f"token p99, {kind.title} purged, {told}",
                        median(purging / quiet for purging, quiet in figures),
                        "of none",
                        P99_TARGET,
                        at_least=False,
                        p99_ms=median(purging for purging, _ in figures),
                    )
                )
            rate = median(self._rates[kind.name])
            found.append(Line(f"purge_{kind.name}_rate", f"  {kind.title} deleted meanwhile", rate, "a second"))
        return found


def _begun(folder: Folder, kind: Kind) -> int:
    """Wait until the purge has begun to delete rows; how many there were then."""
    before = left(folder, kind)
    deadline = time.monotonic() + START_SECONDS
    while left(folder, kind) == before:
        if time.monotonic() > deadline:
            raise BenchError(f"The purge of {kind.title} did not begin.")
        time.sleep(0.05)
    return left(folder, kind)
