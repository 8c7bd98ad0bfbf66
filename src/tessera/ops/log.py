"""The log: one event a line on standard error, pretty for a terminal and JSON otherwise.

No event holds a query string, a body, a header or a secret: events are made of named values chosen at the call. The
library is imported with the first event or when the log is configured, because most commands log nothing.
"""

import logging
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tessera.core.escaping import escaped, escaped_json
from tessera.ops.log_writer import LogWriter
from tessera.settings import LogFormat, LogLevel

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger
    from structlog.typing import EventDict, Processor


@cache
def _logger() -> "BoundLogger":
    import structlog

    logger: BoundLogger = structlog.get_logger("tessera")
    return logger


class _Log:
    """The logger, got when it is first used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_logger(), name)


log = cast("BoundLogger", _Log())

_TALKATIVE = ("httpx2", "httpcore2")
"""Libraries that log the whole address of every request, which may hold what nobody else should read."""


class _Stream:
    """Standard error; while there is an outlet, by way of it."""

    def __init__(self) -> None:
        self.outlet: LogWriter | None = None

    def write(self, text: str) -> int:
        return (self.outlet or sys.stderr).write(text)

    def flush(self) -> None:
        if self.outlet is None:
            sys.stderr.flush()

    def put(self, lines: bytes, events: int) -> None:
        """Lines that are made already."""
        if self.outlet is not None:
            self.outlet.put(lines, events)
        else:
            sys.stderr.write(lines.decode())


stream = _Stream()


def printable(_logger: object, _method: str, event: "EventDict") -> "EventDict":
    """An event whose texts stay on their line and do nothing to a terminal."""
    for name, value in event.items():
        if isinstance(value, str) and name != "exception" and not value.isprintable():
            event[name] = escaped(value)
    return event


def _plain(_logger: object, _method: str, line: Any) -> str:
    """A line of JSON that does nothing to a terminal either."""
    return escaped_json(line)


def is_pretty(form: LogFormat) -> bool:
    """Whether events are for eyes."""
    return form == "pretty" or (form == "auto" and sys.stderr.isatty())


def rendered(event: dict[str, object]) -> str:
    """An event as a pretty line."""
    import structlog

    render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return str(render(None, "", printable(None, "", event)))


def configure(level: LogLevel, form: LogFormat) -> None:
    """Set up the log of this process, the server library's included."""
    import structlog

    numeric = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Processor] = [printable, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    if not is_pretty(form):
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(), _plain]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(stream),  # type: ignore[arg-type]  # only write and flush are called
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(numeric, logging.WARNING) if numeric > logging.DEBUG else logging.DEBUG)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def open_log_writer(dropped: Callable[[int], None]) -> None:
    """Have a thread write the log from now on; `dropped` is told of events that nobody took."""
    stream.outlet = LogWriter(sys.stderr.fileno(), gap=_gap, dropped=dropped)


def close_log_writer(seconds: float) -> None:
    """Write what is waiting, for so long at most; then this thread writes again."""
    outlet, stream.outlet = stream.outlet, None
    if outlet is not None:
        outlet.close(seconds)


def _gap(events: int) -> bytes:
    """The line that stands for events that were dropped. It is made here, since the log itself would wait for it."""
    return msgspec.json.encode({"event": "log_dropped", "level": "warning", "events": events}) + b"\n"
