"""Questions about live tokens, and what a million live revocations change about them: in speed, and in memory."""

import base64
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import mean, median

from bench import wrk
from bench.folders import Folder
from bench.kinds import TOKEN_QUERY, Kind, request, token_requests, write
from bench.measure import Record, Subject, Turn, turn
from bench.processes import Server
from bench.results import Line
from tessera.app.clients.applications import DEFAULT_LIFETIME_SECONDS
from tessera.core.times import SECOND
from tessera.store.folder import DATABASE

INTROSPECT = Kind("introspect", "introspect", 0.55)
KEPT_TARGET = 0.95
BYTES_TARGET = 150


def revoke(folder: Folder, count: int) -> None:
    """Put revocations of tokens into a folder that end evenly over the life of a token."""
    with closing(sqlite3.connect(folder.path / DATABASE)) as connection:
        connection.executemany("insert into revocation (token_id, expires_at) values (?, ?)", _rows(count))
        connection.commit()


def _rows(count: int) -> Iterator[tuple[int, int]]:
    chance = Random(5)
    begin = int(time.time()) + 3600
    step = 2**63 // count
    for number in range(count):
        expires_at = (begin + chance.randrange(DEFAULT_LIFETIME_SECONDS)) * SECOND
        yield number * step + chance.randrange(step), expires_at


def requests(server: Server, folder: Folder, work: Path) -> dict[str, wrk.Requests]:
    """Questions of the folder's first application about a token of its own, by HTTP Basic."""
    asked = token_requests(folder, TOKEN_QUERY, work / f"{folder.path.name}.asked")
    token = wrk.collect(server, asked, work / f"{folder.path.name}.told")[0]
    caller = folder.callers[0]
    pair = base64.b64encode(f"{caller.client_id}:{caller.client_secret}".encode()).decode()
    question = request(
        "POST /oauth/introspect",
        f"token={token}",
        Authorization=f"Basic {pair}",
        Content_Type="application/x-www-form-urlencoded",
    )
    return {INTROSPECT.name: write(work / f"{folder.path.name}.introspect", [question])}


class Revoked:
    """The rounds of a server without revocations and one with many, between two turns of the bare handler."""

    def __init__(self, bare: Subject, without: Subject, revoked: Subject, count: int, length: Turn) -> None:
        self._bare = bare
        self._without = without
        self._revoked = revoked
        self._count = count
        self._length = length
        self._record = Record()
        self._kept = Record()
        self._more: list[float] = []

    def run(self, number: int) -> None:
        """One round."""
        before = turn(self._bare, TOKEN_QUERY, self._length, number)
        without = turn(self._without, INTROSPECT, self._length, number)
        revoked = turn(self._revoked, INTROSPECT, self._length, number)
        after = turn(self._bare, TOKEN_QUERY, self._length, number)
        self._record.add(without, mean((before.rate, after.rate)))
        self._kept.add(revoked, without.rate)
        self._more.append((revoked.memory_mib - without.memory_mib) * 2**20 / self._count)

    def lines(self) -> list[Line]:
        """What is reached of the bare handler, what is kept of that, and what a revocation takes."""
        title = f"introspect, {self._count:,} revocations"
        return [
            self._record.line(INTROSPECT.name, INTROSPECT.title, "of bare", INTROSPECT.target),
            self._kept.line("introspect_revoked", title, "of none", KEPT_TARGET),
            Line(
                "bytes_per_revocation", "  memory for each", median(self._more), "bytes", BYTES_TARGET, at_least=False
            ),
        ]
