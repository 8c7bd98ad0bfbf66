"""Reads, over two connections in turn: a statement and its parameters go out, rows come back.

    rows -> _fetched -> encode_parameters -> _exchange -> PipelinedConnection.exchange -> decode_rows -> Select.rows

Each connection is one process of the server, which runs one statement after the other. With two, a slow read holds up
half of the reads that come behind it and not all, and reads go on while one connection is replaced.
"""

import asyncio
from collections.abc import Mapping
from itertools import cycle
from typing import Any

from psycopg.pq.abc import PGresult

from tessera.ports import StoreUnavailable
from tessera.store.driver import R, Row
from tessera.store.postgres import failures
from tessera.store.postgres.pipeline import ConnectionLostError
from tessera.store.postgres.reconnecting import OnOutage, ReconnectingConnection
from tessera.store.postgres.servers import Servers
from tessera.store.postgres.statements import (
    TEXT,
    BoundStatement,
    NulError,
    PreparedStatement,
    decode_rows,
    encode,
    encode_parameters,
    prepared,
)
from tessera.store.sql.statement import Select, only_column

CONNECTIONS = 2

_STATEMENT_TIMEOUT = prepared("select set_config('statement_timeout', :limit, false)", {"limit": TEXT})


class Reads:
    """The read side of a driver.

    A statement is translated once for all, and prepared once on each connection. No read waits longer than
    `timeout_seconds`; the server gives it up after `limit_milliseconds`.
    """

    def __init__(self, servers: Servers, timeout_seconds: float, limit_milliseconds: int, on_outage: OnOutage) -> None:
        setup = [(_STATEMENT_TIMEOUT, [encode(str(limit_milliseconds))])]
        self.connections = [
            ReconnectingConnection(f"read-{number + 1}", servers, timeout_seconds, on_outage, setup=setup)
            for number in range(CONNECTIONS)
        ]
        self._timeout = timeout_seconds
        self._next = cycle(self.connections).__next__
        self._statements: dict[str, PreparedStatement] = {}

    async def rows(self, select: Select[R], parameters: Mapping[str, object]) -> list[R]:
        """As `store.driver.Driver.rows`; so are `first` and `values`. Each raises what `_fetched` does."""
        return select.rows(await self._fetched(select.sql, parameters))

    async def first(self, select: Select[R], parameters: Mapping[str, object]) -> R | None:
        return select.first(await self._fetched(select.sql, parameters))

    async def values(self, statement: str, parameters: Mapping[str, object]) -> list[Any]:
        return only_column(await self._fetched(statement, parameters))

    async def _fetched(self, sql: str, parameters: Mapping[str, object]) -> list[Row]:
        """All rows of one read. Raises StoreUnavailable, and DefectError for a statement that no database takes."""
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = prepared(sql)
        try:
            bound = encode_parameters(parameters, statement.names)
        except NulError:
            return []  # PostgreSQL stores no text with a NUL in it, so no row can match
        (result,) = await self._exchange((statement, bound))
        if failures.failed(result):
            raise failures.error(result)
        return decode_rows(result)

    async def _exchange(self, statement: BoundStatement) -> list[PGresult]:
        """Run a statement that only reads; it is sent once more when the connection is lost before the answer.

        Raises StoreUnavailable. Both attempts and the wait for a connection share one deadline.
        """
        connection = self._next()
        if connection.current is None:
            connection = self._next()
        now = asyncio.get_running_loop().time
        deadline = now() + self._timeout
        if connection.current is not None:
            try:
                return await connection.current.exchange([statement])
            except ConnectionLostError as error:
                if error.timed_out:
                    raise StoreUnavailable(str(error)) from error
        replacement = await connection.connected(deadline - now())
        answer = replacement.exchange([statement])
        # Not asyncio.timeout, which cancels the task that it is used in: a read may run in none. When the caller gives
        # up, the connection still takes the late answer off the wire and drops it.
        done, _ = await asyncio.wait((answer,), timeout=deadline - now())
        if not done:
            answer.cancel()
            raise StoreUnavailable(f"no answer within {self._timeout:g} seconds")
        try:
            return answer.result()
        except ConnectionLostError as error:
            raise StoreUnavailable(str(error)) from error
