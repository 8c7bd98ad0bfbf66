"""One PostgreSQL connection in pipeline mode, driven by the event loop.

A caller sends an exchange: a few statements that belong together, and a sync behind them. Nobody waits for an answer
before the next exchange is sent; the server answers in the order in which it was asked.

    out     exchange -> _send (each statement) -> sync -> _flush
    back    _on_readable -> _on_result -> the future that `exchange` returned

psycopg makes the connection and speaks the protocol (`psycopg.pq`). Its cursors would cost ten times as much a read.
This file knows nothing of reconnecting, of servers or of transactions: a connection that ends stays closed.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from tessera.ports import StoreUnavailable
from tessera.store.postgres.statements import BoundStatement, Parameter, PreparedStatement

PENDING_MAX = 5_000
"""Exchanges without an answer yet on one connection; more are refused."""


class ConnectionLostError(Exception):
    """The connection has ended. Exchanges without an answer may or may not have taken effect.

    `timed_out` says that it was ended for want of an answer, so that trying again would take as long.
    """

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


OnLost = Callable[["PipelinedConnection", ConnectionLostError], None]


class _Exchange(NamedTuple):
    """An exchange that was sent, and its results so far.

    `preparing` has an element for each statement: the name under which the exchange prepares it first, or None.
    `sent_at` is a time of the event loop, in seconds.
    """

    sent_at: float
    preparing: list[bytes | None]
    results: list[PGresult]
    answer: "asyncio.Future[list[PGresult]]"


class PipelinedConnection:
    """An open connection.

    `on_lost` is called once, when the connection ends. `on_notify` is called when the server sends notifications. An
    exchange without an answer after `timeout_seconds` ends the connection.

    | attribute | |
    |---|---|
    | `pooled` | a pooler is at the other end: nothing may be prepared, or set, for longer than an exchange |
    | `timeline` | number of the server's history, one more at each promotion of a standby; 0 when it is not known |
    | `warning_count`, `last_warning` | warnings of the server so far, and the text of the last |
    | `closed` | the connection has ended |
    """

    def __init__(self, connection: psycopg.AsyncConnection, timeout_seconds: float, on_lost: OnLost) -> None:
        self._connection = connection  # kept: psycopg warns of an open connection that nobody holds
        self._pgconn: PGconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout_seconds
        self._on_lost = on_lost
        self._pending: deque[_Exchange] = deque()
        self._prepared: set[bytes] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._writing = False
        self._socket = self._pgconn.socket
        self.pooled = False
        self.timeline = 0
        self.warning_count = 0
        self.last_warning = ""
        self.closed = False
        self.on_notify: Callable[[], None] | None = None
        self._pgconn.notice_handler = self._on_server_message
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)

    @property
    def idle(self) -> bool:
        """Whether every exchange has its answer."""
        return not self._pending

    def exchange(self, statements: Sequence[BoundStatement]) -> "asyncio.Future[list[PGresult]]":
        """Send statements; the future has a result for each, in order.

        The first that fails has its error for a result, and the server skips those behind it.

        The future raises ConnectionLostError when the connection ends before the answer is complete, and
        StoreUnavailable, with nothing sent, when PENDING_MAX exchanges have no answer yet.
        """
        answer: asyncio.Future[list[PGresult]] = self._loop.create_future()
        if self.closed:
            answer.set_exception(ConnectionLostError("the connection is closed"))
            return answer
        if len(self._pending) >= PENDING_MAX:
            answer.set_exception(StoreUnavailable(f"{PENDING_MAX} statements wait for an answer"))
            return answer
        try:
            preparing = [self._send(*statement) for statement in statements]
            self._pgconn.pipeline_sync()
            self._flush()
        except psycopg.Error as error:
            self.close(str(error))
            answer.set_exception(ConnectionLostError(str(error)))
            return answer
        self._pending.append(_Exchange(self._loop.time(), preparing, [], answer))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._check_deadline)
        return answer

    def _send(self, statement: PreparedStatement, parameters: list[Parameter]) -> bytes | None:
        """Send one statement; the name under which this prepares it, or None when nothing is prepared.

        Behind a pooler the next exchange may run on another server connection, which would not know the name.
        """
        if self.pooled:
            self._pgconn.send_query_params(statement.sql, parameters, statement.oids)
            return None
        key = statement.key
        if key in self._prepared:
            self._pgconn.send_query_prepared(key, parameters)
            return None
        self._prepared.add(key)
        self._pgconn.send_prepare(key, statement.sql, statement.oids)
        self._pgconn.send_query_prepared(key, parameters)
        return key

    def _flush(self) -> None:
        """Write as much as the socket takes; have the loop call again for the rest."""
        unsent = self._pgconn.flush() != 0
        if unsent != self._writing:
            self._writing = unsent
            if unsent:
                self._loop.add_writer(self._socket, self._on_writable)
            else:
                self._loop.remove_writer(self._socket)

    def _on_writable(self) -> None:
        try:
            self._flush()
        except psycopg.Error as error:
            self.close(str(error))

    def _on_readable(self) -> None:
        conn = self._pgconn
        try:
            conn.consume_input()
            while self._pending and not conn.is_busy():
                result = conn.get_result()
                if result is not None:  # None stands between the results of two statements
                    self._on_result(result)
            self._read_notifications()
        except psycopg.Error as error:
            self.close(str(error))

    def _on_result(self, result: PGresult) -> None:
        """Take one result of the oldest exchange; the sync behind them completes its answer.

        An exchange whose caller has given up stays in the queue until then: the server still answers it, and only the
        count of syncs tells whose result the next one is.
        """
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
        """The results of the statements alone. One that could not be prepared has that failure for its result.

        Such a statement is prepared anew the next time: the failure may have been that of a statement before it.
        """
        results: list[PGresult] = []
        received = iter(exchange.results)
        for key in exchange.preparing:
            result = next(received)
            if key is not None:
                executed = next(received)
                if result.status == pq.ExecStatus.COMMAND_OK:
                    result = executed
                else:
                    self._prepared.discard(key)
            results.append(result)
        return results

    def _on_server_message(self, message: PGresult) -> None:
        if message.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) == b"WARNING":
            self.warning_count += 1
            text = message.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b""
            self.last_warning = text.decode(errors="replace")

    def _read_notifications(self) -> None:
        notified = False
        while self._pgconn.notifies() is not None:
            notified = True
        if notified and self.on_notify is not None:
            self.on_notify()

    def _check_deadline(self) -> None:
        """End the connection when its oldest exchange is late. One timer does for all: the oldest is due first."""
        self._timer = None
        if not self._pending:
            return
        seconds_left = self._pending[0].sent_at + self._timeout - self._loop.time()
        if seconds_left <= 0:
            self.close(f"no answer within {self._timeout:g} seconds", timed_out=True)
        else:
            self._timer = self._loop.call_later(seconds_left, self._check_deadline)

    def close(self, reason: str, *, timed_out: bool = False) -> None:
        """End the connection at once; exchanges without an answer raise ConnectionLostError."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._pgconn.finish()
        for exchange in self._pending:
            if not exchange.answer.done():
                exchange.answer.set_exception(ConnectionLostError(reason, timed_out=timed_out))
        self._pending.clear()
        self._on_lost(self, ConnectionLostError(reason, timed_out=timed_out))
