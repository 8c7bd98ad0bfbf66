"""PostgreSQL as an engine of the store: the five connections of a process, and which of them a call goes to.

| connection | for | in |
|---|---|---|
| `read-1`, `read-2` | reads, in turn | `reads.py` |
| `write` | commits under the write lock, one transaction at a time over all nodes | `commit_queue.py` |
| `write-beside` | commits that need no write lock | `commit_queue.py` |
| `feed` | notifications of other nodes' notices; leads to the server itself, past any pooler | `feed.py` |

Reads do not share a connection with commits: they would wait behind a transaction that waits for the write lock. The
two kinds of commits do not share one either, since the second kind need not wait for it.

A command that reads once needs one connection, so each is made when it is first used. A process that serves follows the
feed: from then on all five are kept.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tessera.core.changes import Change, Notice
from tessera.store.postgres import write_lock
from tessera.store.postgres.commit_queue import CommitQueue
from tessera.store.postgres.feed import POLL_SECONDS, Feed
from tessera.store.postgres.reads import Reads
from tessera.store.postgres.reconnecting import OnOutage, ReconnectingConnection
from tessera.store.postgres.servers import Servers

LIMIT_SHARE = 0.8
"""Share of the caller's timeout after which the server cancels a statement, before the caller drops the connection."""

_TIME = "select (extract(epoch from clock_timestamp()) * 1000000)::bigint"


class ConnectionOptions(NamedTuple):
    """`conninfo` is a connection string of libpq; `direct` leads to the server itself where that leads to a pooler.

    `timeout_seconds` is how long a read or a commit may take.
    """

    conninfo: str
    direct: str
    timeout_seconds: float


class PostgresDriver:
    """One PostgreSQL database, for one event loop. As `store.driver.Driver`.

    `on_outage` is called when a connection cannot be made, and when it can again.
    """

    def __init__(self, options: ConnectionOptions, on_outage: OnOutage, poll_seconds: float = POLL_SECONDS) -> None:
        seconds = options.timeout_seconds
        limit_milliseconds = int(seconds * LIMIT_SHARE * 1000)
        servers = Servers(options.conninfo, seconds)
        direct = servers if options.direct == options.conninfo else Servers(options.direct, seconds)
        serialized, independent = write_lock.serialized(limit_milliseconds), write_lock.independent(limit_milliseconds)
        self._reads = Reads(servers, seconds, limit_milliseconds, on_outage)
        self._serialized = CommitQueue("write", servers, serialized, seconds, on_outage)
        self._independent = CommitQueue("write-beside", servers, independent, seconds, on_outage)
        self._feed = Feed(direct, seconds, on_outage, poll_seconds)
        self._follows_feed = False
        # Not wrapped in methods: reads are the hot path, and each call costs.
        self.rows, self.first, self.values = self._reads.rows, self._reads.first, self._reads.values

    @property
    def connections(self) -> list[ReconnectingConnection]:
        """All connections of the driver."""
        queues = (self._serialized.connection, self._independent.connection)
        return [*self._reads.connections, *queues, self._feed.connection]

    async def time(self) -> int:
        (now,) = await self.values(_TIME, {})
        return int(now)

    async def commit(self, changes: Sequence[Change]) -> list[Notice]:
        if not changes:
            return []
        queue = self._independent if write_lock.is_independent(changes) else self._serialized
        notices = await queue.commit(changes)
        if notices:
            self._feed.note_change()
        return notices

    async def changed(self) -> bool:
        if not self._follows_feed:
            self._follows_feed = True
            for connection in self.connections:
                connection.connect_in_background()
            await self._feed.listen()
        return self._feed.due()

    async def close(self) -> None:
        await self._serialized.close()
        await self._independent.close()
        for connection in (*self._reads.connections, self._feed.connection):
            await connection.close()
