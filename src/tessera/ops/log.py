"""The log: one event a line on standard error, pretty for a terminal and JSON otherwise.

No event holds a query string, a body, a header or a secret: events are made of named values chosen at the call.
"""

import logging
import sys

import structlog

from tessera.settings import LogFormat, LogLevel

log: structlog.stdlib.BoundLogger = structlog.get_logger("tessera")

_TALKATIVE = ("httpx2", "httpcore2")
"""Libraries that log the whole address of every request, which may hold what nobody else should read."""


def configure(level: LogLevel, form: LogFormat) -> None:
    """Set up the log of this process, the server library's included."""
    pretty = form == "pretty" or (form == "auto" and sys.stderr.isatty())
    numeric = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    if not pretty:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
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
