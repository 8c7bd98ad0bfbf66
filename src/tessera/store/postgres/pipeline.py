"""One connection to PostgreSQL, in pipeline mode, driven by the event loop.

Callers hand over a few statements that belong together (an exchange) and wait for the answer; the next exchange is sent
without waiting for the one before it. psycopg makes the connection and speaks the protocol (`psycopg.pq`); its own
cursors would cost ten times what a read costs here.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from tessera.ports import StoreUnavailable
from tessera.store.postgres.statements import Prepared, Value

Message = tuple[Prepared, list[Value]]

PENDING_MAX = 5_000
"""Exchanges under way on one connection; more are refused."""


class LinkLostError(Exception):
    """The connection is gone; what was under way may or may not have taken effect."""

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


class _Exchange(NamedTuple):
    """`preparing` has, for each message, the key under which it is prepared first, or None."""

    began_at: float
    preparing: list[bytes | None]
    results: list[PGresult]
    answer: "asyncio.Future[list[PGresult]]"


class Link:
    """An open connection.

    `lost` is called once when it ends, with why, and whether it was for want of an answer; `notified` whenever the
    server notifies. An exchange that takes longer than `timeout_seconds` ends the connection: a server that does not
    answer is not waited for. `pooled` says that a pooler is at the other end, `timeline` which of the histories the
    server is in (0 where it does not say), `warned` counts its warnings, of which `warning` is the last.
    """

    def __init__(
        self,
        connection: psycopg.AsyncConnection,
        timeout_seconds: float,
        lost: Callable[["Link", LinkLostError], None],
    ) -> None:
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout_seconds
        self._lost = lost
        self._pending: deque[_Exchange] = deque()
        self._prepared: set[bytes] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._writing = False
        self._socket = self._pgconn.socket
        self.pooled = False
        self.timeline = 0
        self.warned = 0
        self.warning = ""
        self.ended = False
        self.notified: Callable[[], None] | None = None
        self._pgconn.notice_handler = self._noticed
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._readable)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._pending

    def exchange(self, messages: Sequence[Message]) -> "asyncio.Future[list[PGresult]]":
        """Send statements that belong together; their results, in order, of which one may be an error.

        What follows an error was not done. The future raises LinkLostError when the connection ends before the answer,
        StoreUnavailable when so much is under way that nothing more is sent.
        """
        answer: asyncio.Future[list[PGresult]] = self._loop.create_future()
        if self.ended:
            answer.set_exception(LinkLostError("the connection is closed"))
            return answer
        if len(self._pending) >= PENDING_MAX:
            answer.set_exception(StoreUnavailable(f"{PENDING_MAX} statements wait for an answer"))
            return answer
        try:
            preparing = [self._send(*message) for message in messages]
            self._pgconn.pipeline_sync()
            self._flush()
        except psycopg.Error as error:
            self.end(str(error))
            answer.set_exception(LinkLostError(str(error)))
            return answer
        self._pending.append(_Exchange(self._loop.time(), preparing, [], answer))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._look_at_time)
        return answer

    def _send(self, statement: Prepared, values: list[Value]) -> bytes | None:
        """Send one statement; its key when it is prepared by this."""
        if self.pooled:
            self._pgconn.send_query_params(statement.sql, values, statement.oids)
            return None
        key = statement.key
        if key in self._prepared:
            self._pgconn.send_query_prepared(key, values)
            return None
        self._prepared.add(key)
        self._pgconn.send_prepare(key, statement.sql, statement.oids)
        self._pgconn.send_query_prepared(key, values)
        return key

    def _flush(self) -> None:
        waits = self._pgconn.flush() != 0
        if waits != self._writing:
            self._writing = waits
            if waits:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)

    def _writable(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self.end(str(error))

    def _readable(self) -> None:
        conn = self._pgconn
        try:
            conn.consume_input()
            while self._pending and not conn.is_busy():
                result = conn.get_result()
                if result is not None:
                    self._take(result)
            self._hear()
        except psycopg.Error as error:
            self.end(str(error))

    def _take(self, result: PGresult) -> None:
        exchange = self._pending[0]
        if result.status != pq.ExecStatus.PIPELINE_SYNC:
            exchange.results.append(result)
            return
        self._pending.popleft()
        results = exchange.results
        if any(exchange.preparing):
            results = self._without_preparations(exchange)
        if not exchange.answer.done():
            exchange.answer.set_result(results)

    def _without_preparations(self, exchange: _Exchange) -> list[PGresult]:
        """The results of the statements alone. One that could not be prepared has that failure for its result."""
        results: list[PGresult] = []
        came = iter(exchange.results)
        for key in exchange.preparing:
            result = next(came)
            if key is not None:
                done = next(came)
                if result.status == pq.ExecStatus.COMMAND_OK:
                    result = done
                else:
                    self._prepared.discard(key)
            results.append(result)
        return results

    def _noticed(self, notice: PGresult) -> None:
        if notice.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) == b"WARNING":
            self.warned += 1
            self.warning = (notice.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")

    def _hear(self) -> None:
        heard = False
        while self._pgconn.notifies() is not None:
            heard = True
        if heard and self.notified is not None:
            self.notified()

    def _look_at_time(self) -> None:
        self._timer = None
        if not self._pending:
            return
        left = self._pending[0].began_at + self._timeout - self._loop.time()
        if left <= 0:
            self.end(f"no answer within {self._timeout:g} seconds", timed_out=True)
        else:
            self._timer = self._loop.call_later(left, self._look_at_time)

    def end(self, reason: str, *, timed_out: bool = False) -> None:
        """Close the connection at once; whoever waits is told."""
        if self.ended:
            return
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        for exchange in self._pending:
            if not exchange.answer.done():
                exchange.answer.set_exception(LinkLostError(reason, timed_out=timed_out))
        self._pending.clear()
        self._lost(self, LinkLostError(reason, timed_out=timed_out))
