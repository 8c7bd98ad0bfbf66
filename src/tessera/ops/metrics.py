"""What is counted of this process and its siblings, and how Prometheus reads it.

Counting is an addition in shared memory (`ops/shared_memory.py`); the library is loaded when somebody asks for the
numbers. Times are whole microseconds, shown as seconds. Every family is declared here. The values of its labels come
from our own code and never from a request, and there is room for a bounded number of them.
"""

import os
import platform
from bisect import bisect_left
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tessera import __version__
from tessera.ops.shared_memory import UNSET, Name, SharedMetrics, Slot

BOUNDS_MICROSECONDS = (
    *(100, 250, 500, 1000, 2500, 5000, 10_000, 25_000),
    *(50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000),
)


class Kind(Enum):
    """How a family counts, and how the numbers of several processes become one.

    A `MOMENT` is kept as a time and shown as its age; of several processes the oldest counts.
    """

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    SUM = "sum"
    MOST = "most"
    EACH = "each"
    MOMENT = "moment"


class Family(NamedTuple):
    """A number that is kept, by the values of its labels."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


REQUESTS = Family("tessera_requests", Kind.COUNTER, "Requests answered.", ("method", "route", "status"))
REQUEST_SECONDS = Family(
    "tessera_request_duration_seconds", Kind.HISTOGRAM, "Time from a whole request to its answer.", ("method", "route")
)
CONNECTIONS_REJECTED = Family(
    "tessera_connections_rejected",
    Kind.COUNTER,
    "Connections closed with an answer before there was a request.",
    ("status",),
)
TOKENS = Family("tessera_tokens", Kind.COUNTER, "Token requests, by what came of them.", ("outcome",))
REFUSALS = Family("tessera_refusals", Kind.COUNTER, "Requests refused, by the code of the error.", ("code",))
LIMITS = Family("tessera_limits", Kind.COUNTER, "Requests that met a limit.", ("limit", "outcome"))
COMMITS = Family("tessera_commits", Kind.COUNTER, "Commits to the database.", ("outcome",))
COMMIT_SECONDS = Family("tessera_commit_duration_seconds", Kind.HISTOGRAM, "Time a commit took, waiting included.")
LOG_DROPPED = Family("tessera_log_events_dropped", Kind.COUNTER, "Events of the log that nobody took in time.")
METRICS_DROPPED = Family("tessera_metrics_dropped", Kind.COUNTER, "Counts for which there was no room.")
REVOCATIONS = Family("tessera_revocations_cached", Kind.MOST, "Revoked tokens in memory.")
APPLICATIONS = Family("tessera_applications_cached", Kind.SUM, "Applications in memory, of all workers together.")
FEED = Family("tessera_feed_age_seconds", Kind.MOMENT, "Since the changes of other processes were last heard.")
USAGE = Family("tessera_usage_backlog", Kind.SUM, "Applications and credentials with counts to be written.")
LEASES_HELD = Family("tessera_leases_held", Kind.SUM, "Leases of singleton tasks that this server holds.", ("lease",))
WEBHOOKS_FAILING = Family("tessera_webhooks_failing", Kind.MOST, "Webhooks whose receivers take nothing.")
CREDENTIALS_ENDING = Family(
    "tessera_credentials_expiring", Kind.MOST, "Credentials that end within so many days.", ("days",)
)
CERTIFICATE_ENDS = Family(
    "tessera_certificate_expiry_timestamp_seconds", Kind.MOST, "When the TLS certificate ends, in Unix time."
)
DATABASE_FAILING = Family("tessera_database_failing", Kind.MOST, "1 while the database refuses reads or writes.")
PURGES_PAUSED = Family("tessera_purges_paused", Kind.MOST, "1 while nothing expired is deleted: a clock is in doubt.")
CLOCK_JUMPS = Family("tessera_clock_jumps", Kind.COUNTER, "Steps of a clock against elapsed time.")
CLOCK_SKEW = Family("tessera_clock_skew_seconds", Kind.MOST, "How far this clock and the database's are apart.")
RESIDENT = Family("tessera_resident_memory_bytes", Kind.EACH, "Memory of a worker.", ("worker",))
DESCRIPTORS = Family("tessera_open_file_descriptors", Kind.EACH, "Files and connections of a worker.", ("worker",))
PULSE = Family("tessera_worker_heartbeat_age_seconds", Kind.MOMENT, "Since the slowest worker last had a turn.")
WORKERS = Family("tessera_workers", Kind.SUM, "Workers that live.")
BUILD = Family("tessera_build_info", Kind.MOST, "What runs here; always 1.", ("version", "python"))

FAMILIES = {each.name: each for each in globals().values() if isinstance(each, Family)}

_GAUGES = frozenset(each.name for each in FAMILIES.values() if each.kind not in (Kind.COUNTER, Kind.HISTOGRAM))
_HISTOGRAM_CELLS = len(BOUNDS_MICROSECONDS) + 2
_SCALE = 1_000_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Metrics:
    """The counts of this process. Without a board it counts for itself alone."""

    def __init__(self, board: SharedMetrics | None = None) -> None:
        self._board = board
        self._slot = Slot() if board is None else board.claim()
        self._cells = self._slot.cells
        self._places: dict[tuple[str, ...], int] = {}
        self._requests: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._take_over()
        self._spare = self._place(METRICS_DROPPED, ())

    def _take_over(self) -> None:
        """Count on where a process before ended, whose gauges say nothing any more."""
        at = 0
        for name in self._slot.names():
            self._places[name.family, *name.labels] = at
            if name.family in _GAUGES:
                self._cells[at] = UNSET
            at += name.cells

    def _place(self, family: Family, labels: tuple[str, ...]) -> int:
        place = self._places.get((family.name, *labels))
        if place is None:
            cells = _HISTOGRAM_CELLS if family.kind is Kind.HISTOGRAM else 1
            place = self._slot.add(Name(family.name, labels, cells))
            if place is None:
                return -1
            self._places[family.name, *labels] = place
        return place

    def count(self, family: Family, *labels: str, by: int = 1) -> None:
        """So many more."""
        place = self._places.get((family.name, *labels))
        if place is None:
            place = self._place(family, labels)
        self._cells[self._spare if place < 0 else place] += by

    def set(self, family: Family, value: int, *labels: str) -> None:
        """What it is now."""
        place = self._place(family, labels)
        if place >= 0:
            self._cells[place] = value

    def own(self, family: Family) -> int:
        """What this process has noted of a family without labels; 0 when that is nothing."""
        place = self._places.get((family.name,))
        return 0 if place is None or self._cells[place] == UNSET else self._cells[place]

    def observe(self, family: Family, microseconds: int, *labels: str) -> None:
        """One more that took so long."""
        place = self._place(family, labels)
        if place < 0:
            self._cells[self._spare] += 1
            return
        self._cells[place + bisect_left(BOUNDS_MICROSECONDS, microseconds)] += 1
        self._cells[place + _HISTOGRAM_CELLS - 1] += microseconds

    def request(self, method: str, route: str, status: int, microseconds: int) -> None:
        """One more request was answered. `method` and `route` must be of our own naming."""
        places = self._requests.get((method, route, status))
        if places is None:
            places = (
                self._place(REQUESTS, (method, route, f"{status // 100}xx")),
                self._place(REQUEST_SECONDS, (method, route)),
            )
            if min(places) < 0:
                self._cells[self._spare] += 1
                return
            self._requests[method, route, status] = places
        counted, place = places
        cells = self._cells
        cells[counted] += 1
        cells[place + bisect_left(BOUNDS_MICROSECONDS, microseconds)] += 1
        cells[place + _HISTOGRAM_CELLS - 1] += microseconds

    def look(self, now: int) -> None:
        """Note what the machine says of this process."""
        self.set(PULSE, now)
        self.set(WORKERS, 1)
        self.set(BUILD, 1, __version__, platform.python_version())
        worker = str(self._slot.number + 1)
        try:
            self.set(RESIDENT, int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE, worker)
            self.set(DESCRIPTORS, sum(1 for _ in Path("/proc/self/fd").iterdir()), worker)
        except OSError:
            return  # not every system tells

    def _slots(self) -> Iterator[tuple[Slot, bool]]:
        if self._board is None:
            yield self._slot, True
        else:
            yield from self._board.slots()

    def of_workers(self, family: Family) -> dict[int, int]:
        """What every living worker says of a family without labels, by the number of the worker."""
        found = {}
        for slot, lives in self._slots():
            for name, cells in slot.read() if lives else ():
                if name.family == family.name and cells[0] != UNSET:
                    found[slot.number + 1] = cells[0]
        return found

    def together(self, now: int) -> dict[Name, list[int]]:
        """The numbers of all workers as one: counters of the dead stay, what the dead held does not."""
        found: dict[Name, list[int]] = {}
        for slot, lives in self._slots():
            for name, held in slot.read():
                family = FAMILIES.get(name.family)
                if family is None or (family.name in _GAUGES and (not lives or held[0] == UNSET)):
                    continue
                cells = (
                    [max(0, now - held[0])] if family.kind is Kind.MOMENT else held
                )  # the age in place of the moment
                before = found.get(name)
                merge: Callable[[int, int], int] = max if family.kind in (Kind.MOST, Kind.MOMENT) else int.__add__
                found[name] = cells if before is None else [merge(*pair) for pair in zip(before, cells, strict=True)]
        return found


def exposition(metrics: Metrics, now: int) -> bytes:
    """The numbers of all workers in the text format of Prometheus."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

    numbers = metrics.together(now)

    def drawn(family: Family) -> Metric:
        mine = [(name.labels, cells) for name, cells in numbers.items() if name.family == family.name]
        if family.kind is Kind.HISTOGRAM:
            histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
            for labels, cells in mine:
                histogram.add_metric(labels, _buckets(cells), cells[-1] / _SCALE)
            return histogram
        make = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
        scale = _SCALE if family.kind is Kind.MOMENT else 1
        metric = make(family.name, family.help, labels=family.labels)
        for labels, cells in mine:
            metric.add_metric(labels, cells[0] / scale if scale > 1 else cells[0])
        return metric

    class Collector:
        """What the library reads from."""

        def collect(self) -> Iterator[Metric]:
            """Every family, also those of which nothing has been counted yet."""
            return map(drawn, FAMILIES.values())

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return generate_latest(registry)


def _buckets(cells: list[int]) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound, as the format wants them."""
    bounds = [*(f"{bound / _SCALE:g}" for bound in BOUNDS_MICROSECONDS), "+Inf"]
    total = 0
    found: list[tuple[str, float]] = []
    for bound, cell in zip(bounds, cells[:-1], strict=True):
        total += cell
        found.append((bound, total))
    return found
