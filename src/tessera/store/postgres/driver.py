"""PostgreSQL as an engine of the store: reads over lines that pipeline, writes in two lanes, the feed by `listen`.

| line | for |
|---|---|
| `read-1`, `read-2` | reads, in turn |
| `write` | changes, one transaction at a time over all nodes |
| `write-beside` | changes on which nothing relies |
| `feed` | to be told of notices; leads to the server itself, past any pooler |

Each is opened when it is first needed; all of them, and kept, once the feed is followed, as a process that serves does.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any, NamedTuple

from tessera.core.changes import Change, Notice
from tessera.ports import StoreUnavailable
from tessera.store.driver import R, Row
from tessera.store.postgres import failures
from tessera.store.postgres.pipeline import Link
from tessera.store.postgres.reconnecting import Line, Told
from tessera.store.postgres.servers import Servers
from tessera.store.postgres.statements import TEXT, NulError, Prepared, prepared, rows, values, written
from tessera.store.postgres.writer import CHANNEL, INDEPENDENT, Lane
from tessera.store.sql.statement import Select, only_column

READ_LINES = 2

POLL_SECONDS = 1.0
"""How often notices are looked for although nothing was heard: a word from the server can be lost."""

DEAF_POLL_SECONDS = 0.25
"""How often when there is no line on which anything could be heard."""

LIMIT_SHARE = 0.8
"""The server gives a statement up somewhat before its caller gives up the server."""

_LISTEN = prepared(f"listen {CHANNEL}")
_TIME = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"
_READ_LIMIT = prepared("select set_config('statement_timeout', :limit, false)", {"limit": TEXT})


class Where(NamedTuple):
    """Where the database is, as libpq takes it. `direct` leads to the server itself where `conninfo` leads to a pooler.

    `timeout_seconds` is how long a read or a write may take.
    """

    conninfo: str
    direct: str
    timeout_seconds: float


class PostgresDriver:
    """One PostgreSQL database, from one event loop."""

    def __init__(self, where: Where, told: Told, poll_seconds: float = POLL_SECONDS) -> None:
        self._poll_seconds = poll_seconds
        seconds = where.timeout_seconds
        limit = int(seconds * LIMIT_SHARE * 1000)
        limited = [(_READ_LIMIT, [written(str(limit))])]
        servers = Servers(where.conninfo, seconds)
        direct = servers if where.direct == where.conninfo else Servers(where.direct, seconds)
        reading = [Line(f"read-{place + 1}", servers, seconds, told, limited) for place in range(READ_LINES)]
        self._reading = reading
        self._next = cycle(reading).__next__
        self._statements: dict[str, Prepared] = {}
        self._in_turn = Lane(Line("write", servers, seconds, told), limit, seconds, turn=True)
        self._beside = Lane(Line("write-beside", servers, seconds, told), limit, seconds, turn=False)
        self._feed = Line(
            name="feed", servers=direct, timeout_seconds=seconds, told=told, opened=[(_LISTEN, [])], notified=self._hear
        )
        self._listening_on: Link | None = None
        self._heard = True
        self._follows = False
        self._looked_at = 0.0

    async def fetch(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = prepared(sql)
        try:
            given = values(parameters, statement.names)
        except NulError:
            return []  # nothing is like it
        (result,) = await self._reader().ask((statement, given))
        if failures.failed(result):
            raise failures.error(result)
        return rows(result)

    async def rows(self, select: Select[R], parameters: Mapping[str, object]) -> list[R]:
        return select.rows(await self.fetch(select.sql, parameters))

    async def first(self, select: Select[R], parameters: Mapping[str, object]) -> R | None:
        return select.first(await self.fetch(select.sql, parameters))

    async def values(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        return only_column(await self.fetch(statement, parameters))

    def _reader(self) -> Line:
        """The line whose turn it is; the other while that one has no link."""
        line = self._next()
        return line if line.link is not None else self._next()

    async def time(self) -> int:
        (now,) = await self.values(_TIME, {})
        return int(now)

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        if not changes:
            return []
        lane = self._beside if all(type(change) in INDEPENDENT for change in changes) else self._in_turn
        notices = await lane.commit(changes)
        if notices:
            self._heard = True
        return notices

    async def changed(self) -> bool:
        if not self._follows:
            self._follows = True
            for line in self._lines():
                line.reach()
            with suppress(StoreUnavailable):  # once: whoever begins to follow listens when this returns, if it can be
                await self._feed.linked()
        now = asyncio.get_running_loop().time()
        listening = self._listening()
        if not self._heard and now - self._looked_at < (self._poll_seconds if listening else DEAF_POLL_SECONDS):
            return False
        self._heard = False
        self._looked_at = now
        return True

    def _listening(self) -> bool:
        """Whether the server can tell us anything; on a new link, something may have been missed.

        Nobody waits for the link: as long as there is none, notices are looked for.
        """
        link = self._feed.reach()
        if link is not self._listening_on:
            self._heard = True
            self._listening_on = link
        return link is not None and not link.pooled

    def _lines(self) -> list[Line]:
        return [*self._reading, self._in_turn.line, self._beside.line, self._feed]

    def _hear(self) -> None:
        self._heard = True

    async def close(self) -> None:
        await self._in_turn.close()
        await self._beside.close()
        for line in (*self._reading, self._feed):
            await line.close()
