"""A connection to the primary: of the servers that a connection string names, the one that takes writes.

    connect -> Hosts.conninfos -> _open (each, at once) -> _newest -> _keep

All are tried at once, so that a server that is gone without a word costs no time. After a failover two servers may take
writes: the promoted standby, and the old primary when it comes back and does not know. A promotion begins a new
timeline, so of several the server of the newest timeline is used. Once a process has seen a timeline it refuses servers
of an older one and ends its connections to them: the old primary is neither read nor written.
"""

import asyncio
from collections.abc import Sequence
from weakref import WeakSet

import psycopg

from tessera.ports import StoreUnavailable
from tessera.store.postgres import failures
from tessera.store.postgres.hosts import Hosts
from tessera.store.postgres.pipeline import ConnectionLostError, OnLost, PipelinedConnection
from tessera.store.postgres.resolver import LookUp, look_up
from tessera.store.postgres.statements import BoundStatement, only_value, prepared

GRACE_SECONDS = 0.25
"""How long the others are waited for once one server has answered: it may be one that a failover left behind."""

CONNECT_ERRORS = (psycopg.Error, ConnectionLostError, OSError, StoreUnavailable, failures.DefectError)
"""The exceptions of an attempt to connect, besides TimeoutError."""

_BACKEND_PID = prepared("select pg_backend_pid()")
_TIMELINE = prepared("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")


class Servers:
    """The servers of one connection string, shared by the connections of one process.

    `timeline` is the newest that was seen.
    """

    def __init__(self, conninfo: str, timeout_seconds: float, resolve: LookUp = look_up) -> None:
        self._timeout = timeout_seconds
        self._hosts = Hosts(conninfo, resolve)
        self._connections: WeakSet[PipelinedConnection] = WeakSet()
        self._connected: asyncio.Future[None] | None = None
        self.timeline = 0

    async def wait_for_another(self, seconds: float) -> None:
        """Wait until another connection of the process has reached a server again, or for so long."""
        if self._connected is None:
            self._connected = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._connected,), timeout=seconds)

    async def connect(self, on_lost: OnLost, setup: Sequence[BoundStatement] = ()) -> PipelinedConnection:
        """A new connection on which `setup` was run. Raises one of CONNECT_ERRORS, or TimeoutError.

        Behind a pooler `setup` is left out: the session that it would change is handed on to other clients.
        """
        async with asyncio.timeout(self._timeout):
            conninfos = await self._hosts.conninfos()
            return await self._best([asyncio.create_task(self._open(each, on_lost, setup)) for each in conninfos])

    async def _best(self, attempts: "list[asyncio.Task[PipelinedConnection]]") -> PipelinedConnection:
        """The connection to the newest timeline; the others are closed. Raises the error of the last attempt."""
        best: PipelinedConnection | None = None
        try:
            best = await _newest(attempts)
        finally:
            for attempt in attempts:
                attempt.cancel()
            try:
                await asyncio.gather(*attempts, return_exceptions=True)
            except BaseException:
                best = None  # cancelled meanwhile: nobody will use or close it
                raise
            finally:
                for connection in _successes(attempts):
                    if connection is not best:
                        connection.close("not used")
        self._keep(best)
        return best

    def _keep(self, connection: PipelinedConnection) -> None:
        """Note a new connection; on a newer timeline, end those to servers that were left behind."""
        if connection.timeline > self.timeline:
            self.timeline = connection.timeline
            for other in [other for other in self._connections if 0 < other.timeline < connection.timeline]:
                other.close("the server was left behind by a failover")
        self._connections.add(connection)
        if self._connected is not None:
            self._connected.set_result(None)
            self._connected = None

    async def _open(self, conninfo: str, on_lost: OnLost, setup: Sequence[BoundStatement]) -> PipelinedConnection:
        """Connect to one address and find out what is there: its timeline, and whether it is a pooler."""
        psycopg_connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        pid_at_connect = psycopg_connection.pgconn.backend_pid
        connection = PipelinedConnection(psycopg_connection, self._timeout, on_lost)
        try:
            connection.pooled = True  # until it is known: nothing is prepared, so that no pooler keeps it
            (pid,), (timeline,) = await asyncio.gather(
                connection.exchange([(_BACKEND_PID, [])]), connection.exchange([(_TIMELINE, [])])
            )
            connection.timeline = 0 if failures.failed(timeline) else int(only_value(timeline), 16)
            if 0 < connection.timeline < self.timeline:
                raise StoreUnavailable(
                    f"the server is of timeline {connection.timeline} and was left behind:"
                    f" one of {self.timeline} was seen"
                )
            # A pooler invents the process id that it gives at connect.
            connection.pooled = only_value(failures.require_success([pid])[0]) != pid_at_connect
            if setup and not connection.pooled:
                failures.require_success(await connection.exchange(setup))
        except BaseException:
            connection.close("not used")
            raise
        return connection


async def _newest(attempts: "list[asyncio.Task[PipelinedConnection]]") -> PipelinedConnection:
    """Of the attempts that succeed in time, the one with the newest timeline. Raises the error of the last attempt.

    StoreUnavailable goes before other errors: it says that a server was reached, and why it is not used.
    """
    running: set[asyncio.Task[PipelinedConnection]] = set(attempts)
    error: BaseException = OSError("no host is named")
    while running:
        grace = GRACE_SECONDS if _successes(attempts) else None
        ended, running = await asyncio.wait(running, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        for attempt in ended:
            if (failure := attempt.exception()) is not None and not isinstance(error, StoreUnavailable):
                error = failure
        if not ended:
            break
    connections = _successes(attempts)
    if not connections:
        raise error
    return max(connections, key=lambda connection: connection.timeline)


def _successes(attempts: "list[asyncio.Task[PipelinedConnection]]") -> list[PipelinedConnection]:
    """The connections of the attempts that have succeeded so far."""
    return [each.result() for each in attempts if each.done() and not each.cancelled() and each.exception() is None]
