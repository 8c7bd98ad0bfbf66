"""One HTTP connection: uvicorn's protocol within our limits, answered and written in turns of the event loop."""

import asyncio
import re
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from tessera.web.asgi import App
from tessera.web.explaining import REQUEST_ID, new_id
from tessera.web.limits import HEADERS_MAX, PIPELINED_MAX, Limits
from tessera.web.messages import CLOSE, WHOLE, Headers, Response, Scope
from tessera.web.turns import Turns

GRACE_SECONDS = 0.5
"""How long an idle connection may still bring a request after shutdown began: it may be on its way already."""


@lru_cache(maxsize=64)
def _lines(headers: Headers) -> bytes:
    """Headers as they are sent. Most answers have one of few sets of them, and the date stays the same for a second."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


_UPGRADE = re.compile(rb"(?<=\r\n)upgrade(?=:)", re.IGNORECASE)


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request without its offer to speak another protocol, which we may leave unanswered.

    Some clients offer one with every first request (RFC 9110 section 7.8); the parser would take what follows the
    head for that protocol, and lose the body.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"ignored", head) + end + rest


class _Discarded(list[tuple[bytes, bytes]]):
    """Where fields behind a chunked body go: they are not headers (RFC 9110 section 6.5.1), and cost no memory."""

    def append(self, _field: tuple[bytes, bytes]) -> None:
        pass


_TRAILERS = _Discarded()


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol within `Limits`.

    `deadline` is when this client has kept us waiting for long enough: for its request to be whole, for its next one,
    or for it to read its answer. None while it is we who have something to do.
    """

    def __init__(self, *args: Any, limits: Limits, turns: Turns, **options: Any) -> None:
        super().__init__(*args, **options)
        self.limits = limits
        self.turns = turns
        self.deadline: float | None = self.loop.time() + limits.request_timeout_seconds
        self._idle = False
        self._head_bytes = 0
        self._going_down = False
        self._closes = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections_max:
            self._refuse(503, ((b"retry-after", b"1"),))
            return
        self.limits.watch(cast("set[LimitedProtocol]", self.connections), self.loop)

    def data_received(self, data: bytes) -> None:
        begins = self.deadline is None or self._idle
        if begins:
            self.deadline = self.loop.time() + self.limits.request_timeout_seconds
            self._idle = False
        if (begins or self.headers is None) and (b"pgrade:" in data or b"PGRADE:" in data):
            data = _without_upgrade(data)
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > self.limits.head_bytes_max:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        if len(self.headers) > HEADERS_MAX or (
            self._head_bytes > self.limits.head_bytes_max and self._head_size() > self.limits.head_bytes_max
        ):
            self._refuse(431)
            return
        if self._improper():
            self._refuse(400)
            return
        self._head_bytes = 0
        self.scope["extensions"] = {WHOLE: self}  # type: ignore[dict-item]  # extensions hold anything
        if self.url.startswith(b"/") and b"#" not in self.url:
            self._begin_request()
        else:
            super().on_headers_complete()
        self.headers = _TRAILERS
        if self._going_down:
            self.cycle.keep_alive = False
        if len(self.pipeline) > PIPELINED_MAX:
            self.transport.abort()

    def _begin_request(self) -> None:
        """What `on_headers_complete` of uvicorn does, for an address that is a path and a query: as nearly all are.

        There a library takes every address apart, which for a token request takes longer than checking its secret.
        """
        version = self.parser.get_http_version()
        path, _, query = self.url.partition(b"?")
        text = path.decode("ascii")
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(text) if "%" in text else text
        scope["raw_path"] = path
        scope["query_string"] = query
        before = self.cycle
        self.cycle = RequestResponseCycle(  # in their order: by name they cost 1.6 % of a token request
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            False,  # no access log
            self.server_state.default_headers,
            asyncio.Event(),
            self.expect_100_continue,
            version != "1.0" and self.parser.should_keep_alive(),
            self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _improper(self) -> bool:
        """Whether HTTP forbids this head: other than one Host, or an encoding of the body that is not known.

        RFC 9112 sections 3.2 and 6.1.
        """
        hosts = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding" and value.lower() != b"chunked":
                return True
        return hosts != 1 and (hosts > 1 or self.parser.get_http_version() != "1.0")

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        self._head_bytes -= len(body)
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.deadline = None
        self._head_bytes = 0
        if self.transport.is_closing():
            return
        super().on_message_complete()
        if self.cycle.response_complete:  # answered before the last of it arrived
            self._wait_for_next_request()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Begin a request at the end of this turn: by then most have arrived whole."""
        self.turns.begin(self.loop, cycle.run_asgi(app), self.tasks)

    def received(self, scope: Scope) -> bytes | None:
        """The body of the request, when it has arrived whole and nothing of it was read (see `Whole`)."""
        cycle = self.cycle
        if cycle.scope is not scope or cycle.more_body or cycle.disconnected:
            return None
        return bytes(cycle.body)

    def respond(self, scope: Scope, response: Response) -> bool:
        """Send a whole response in one write, in place of the two that ASGI's two messages cost (see `Whole`).

        It cannot be done so when the client reads slowly, or when this is not the newest request.
        """
        cycle, headers, body = self.cycle, response.headers, response.body
        if cycle.scope is not scope or cycle.response_started or cycle.disconnected or self.flow.write_paused:
            return False
        close = not cycle.keep_alive or self._going_down or CLOSE in headers
        if close and CLOSE not in headers:
            headers = (*headers, CLOSE)
        cycle.response_started = cycle.response_complete = True
        self._closes = close
        sent = b"" if scope["method"] == "HEAD" else body
        head = self._head(response.status, headers, len(body), response.varying)
        self.turns.write(self.loop, self.transport, head + sent, close=close)
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _head(self, status: int, headers: Headers, length: int, varying: Headers = ()) -> bytes:
        lines = _lines((*self.server_state.default_headers, *headers))
        if varying:
            lines += b"".join([b"%b: %b\r\n" % header for header in varying])
        return b"%b%bcontent-length: %d\r\n\r\n" % (STATUS_LINE[status], lines, length)

    def pause_writing(self) -> None:
        self.deadline = self.loop.time() + self.limits.request_timeout_seconds
        super().pause_writing()

    def resume_writing(self) -> None:
        self.deadline = None
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Begin the next request when it is here already; otherwise wait for it, by the sweep instead of a timer."""
        if self.transport.is_closing():
            self.pipeline.clear()
            return
        if self.pipeline:  # and nothing more is read until these are answered
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self.flow.resume_reading()
        if self.deadline is None:
            self._wait_for_next_request()

    def _wait_for_next_request(self) -> None:
        self._idle = True
        self.deadline = self.loop.time() + self.limits.keep_alive_seconds

    def shutdown(self) -> None:
        """Finish what is under way; an idle connection has a moment more to bring what is on its way."""
        self._going_down = cast("App", self.app).going_down = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(GRACE_SECONDS, self._close_when_idle)
        else:
            self.cycle.keep_alive = False

    def _close_when_idle(self) -> None:
        if not self._closes and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    def time_out(self) -> None:
        """The client took too long to send its request, or to read its answer."""
        if self.flow.write_paused:
            self.transport.abort()
        elif self._idle:
            self.transport.close()
        else:
            self._refuse(408)

    def send_400_response(self, _msg: str) -> None:
        """What is not HTTP, or tries to be two requests at once. A whole request before it has its answer first."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            self._refuse(400)
        else:
            self.cycle.keep_alive = False

    def _refuse(self, status: int, headers: Headers = ()) -> None:
        """Answer without the application, and close."""
        if not self.transport.is_closing() and not self._closes:
            self._closes = True
            request_id = new_id()
            cast("App", self.app).turned_away(status, request_id, self.client[0] if self.client else "")
            self.flow.pause_reading()  # or megabytes that are here already would be parsed first
            head = self._head(status, (*headers, CLOSE), 0, ((REQUEST_ID, request_id),))
            self.turns.write(self.loop, self.transport, head, close=True)
