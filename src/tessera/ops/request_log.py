"""One event for each request, at little cost: kept as values, and made lines of ten times a second."""

import asyncio
from datetime import datetime

import msgspec

from tessera.core.escaping import escaped_json
from tessera.ops.log import is_pretty, rendered, stream
from tessera.settings import LogFormat, LogRequests

EVERY_SECONDS = 0.1
AT_ONCE_MAX = 1000
"""Events after which lines are made without waiting."""

PATH_LENGTH_MAX = 512


class RequestEvent(msgspec.Struct, omit_defaults=True, gc=False, tag_field="event", tag="request"):
    """What is logged of a request. `outcome` is `ok`, `refused` or `failed`; no member is ever a secret.

    `path` is empty where there is a `route`, unless paths are asked for: it has ids of customers in it.
    """

    level: str
    timestamp: datetime
    outcome: str
    method: str
    status: int
    duration_ms: float
    bytes: int
    route: str = ""
    path: str = ""
    source: str = ""
    client: str = ""
    code: str = ""
    public: str = ""
    detail: str = ""
    check: str = ""
    request_id: str = ""


class RequestLog:
    """The events of this process that are not written yet. `refused_only` leaves out what went well."""

    def __init__(self, form: LogFormat, wanted: LogRequests) -> None:
        self.refused_only = wanted == "refused"
        self._events: list[RequestEvent] = []
        self._encode = msgspec.json.Encoder().encode_lines
        self._pretty = is_pretty(form)
        self._due = False

    def add(self, event: RequestEvent) -> None:
        """One more; it is written within a tenth of a second."""
        self._events.append(event)
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(EVERY_SECONDS, self.write)
        elif len(self._events) >= AT_ONCE_MAX:
            self._hand_over()

    def write(self) -> None:
        """Make lines of what there is."""
        self._due = False
        self._hand_over()

    def _hand_over(self) -> None:
        events, self._events = self._events, []
        if events:
            stream.put(_pretty(events) if self._pretty else _plain(self._encode(events)), len(events))


def _plain(lines: bytes) -> bytes:
    """Lines of JSON that do nothing to a terminal either; most are ASCII, which is told fast."""
    if lines.isascii() and b"\x7f" not in lines:
        return lines
    return escaped_json(lines.decode()).encode()


def _pretty(events: list[RequestEvent]) -> bytes:
    lines = [rendered(msgspec.to_builtins(event)) + "\n" for event in events]
    return "".join(lines).encode("utf-8", "backslashreplace")
