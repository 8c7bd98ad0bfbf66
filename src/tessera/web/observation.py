"""What becomes of a request when it has been answered: counted, logged, traced."""

from collections.abc import Mapping
from datetime import UTC, datetime
from time import perf_counter_ns, time, time_ns

import msgspec

from tessera.ops import metrics
from tessera.ops.metrics import Family, Metrics
from tessera.ops.request_log import PATH_LENGTH_MAX, RequestEvent, RequestLog
from tessera.ops.request_record import RequestRecord
from tessera.ops.tracing import Answered
from tessera.web import client_address
from tessera.web.messages import Scope

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
OTHER = "other"
"""Any other method, so that nobody can invent labels."""

NO_ROUTE = "none"
"""Any address that nothing answers, or not by this method."""


LIMIT_CHECK = "limits."
"""How the checks of limits begin (`app/clients/limits.py`)."""


class Observer:
    """Told of every answer.

    `outcomes` are routes whose refusals are counted by code, with their family. `proxies` is the setting
    `trusted_proxies`. With `paths` the log has addresses as they were sent.
    """

    def __init__(
        self,
        counts: Metrics,
        *,
        requests: RequestLog | None = None,
        traced: Answered | None = None,
        outcomes: Mapping[str, Family] | None = None,
        proxies: tuple[str, ...] = (),
        paths: bool = False,
    ) -> None:
        self._metrics = counts
        self._requests = requests
        self._refused_only = requests is not None and requests.refused_only
        self._traced = traced
        self._outcomes = dict(outcomes or {})
        self._proxies = proxies
        self._paths = paths

    def answered(self, scope: Scope, record: RequestRecord, status: int, size: int, began: int) -> None:
        """A request that was begun at `began` (of `perf_counter_ns`) has been answered with `size` bytes of body."""
        took = (perf_counter_ns() - began) // 1000
        method, route = scope["method"], record.route
        if not record.source:  # nobody had to know: an address that is none, a public page
            record = msgspec.structs.replace(record, source=client_address.of(scope, self._proxies))
        counts = self._metrics
        counts.request(method if method in METHODS else OTHER, route or NO_ROUTE, status, took)
        if record.code:
            counts.count(metrics.REFUSALS, record.code)
            if record.check.startswith(LIMIT_CHECK):
                counts.count(metrics.LIMITS, record.check.removeprefix(LIMIT_CHECK), "refused")
        family = self._outcomes.get(route)
        if family is not None:
            counts.count(family, record.code or "issued")
        if self._requests is not None and (status >= 400 or not self._refused_only):
            self._requests.add(_event(scope, record, self._path(scope, record), status, size, took))
        if self._traced is not None:
            now = time_ns()
            self._traced(scope, record, status, now - took * 1000, now)

    def _path(self, scope: Scope, record: RequestRecord) -> str:
        """What the log shows of the address as it was sent: percent signs and all, without the query."""
        if record.path or not self._paths:
            return record.path
        path: str = scope["raw_path"][:PATH_LENGTH_MAX].decode("latin-1")
        return path

    def connection_rejected(self, status: int) -> None:
        """A connection was answered and closed before there was a request."""
        self._metrics.count(metrics.CONNECTIONS_REJECTED, str(status))


def _event(scope: Scope, record: RequestRecord, path: str, status: int, size: int, took: int) -> RequestEvent:
    """The event of a request."""
    return RequestEvent(
        "info",
        datetime.fromtimestamp(time(), UTC),
        "ok" if status < 400 else "failed" if status >= 500 else "refused",
        scope["method"],
        status,
        took / 1000,
        size,
        record.route,
        path,
        record.source,
        record.client,
        record.code,
        record.public,
        record.detail,
        record.check,
        record.request_id,
    )
