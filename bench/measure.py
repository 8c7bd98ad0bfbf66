"""The rounds: every load stands between two of the bare handler, and a line is the median of its rounds.

A shared machine is now fast, now slow. What is compared is therefore measured side by side, in turns of a few seconds,
and only figures of the same round are divided by each other.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean, median

import msgspec

from bench import wrk
from bench.kinds import KINDS, TOKEN_QUERY, TOKEN_TARGET, Kind
from bench.processes import START_SECONDS, BenchError, Server, running
from bench.results import Line, Sample
from bench.wrk import Requests

SPREAD_TARGET = 0.90
"""What many callers are to reach of the figure with one."""


class Turn(msgspec.Struct, frozen=True):
    """How long each load lasts, and its warm-up."""

    seconds: float

    @property
    def warm_seconds(self) -> float:
        """Long enough for new connections and a cold processor cache."""
        return min(0.5, self.seconds / 2)


class Subject(msgspec.Struct, frozen=True):
    """A server and what it is asked, by the name of the kind."""

    server: Server
    requests: dict[str, Requests]


class Record(msgspec.Struct):
    """What the rounds of one line gave so far; `samples` are rates beside their reference."""

    samples: list[Sample] = []
    p50_ms: list[float] = []
    p99_ms: list[float] = []
    cpu_us: list[float] = []
    memory_mib: float = 0.0

    def add(self, figures: "Measured", reference: float) -> None:
        """One more round."""
        self.samples.append(Sample(figures.rate, reference))
        self.p50_ms.append(figures.p50_ms)
        self.p99_ms.append(figures.p99_ms)
        self.cpu_us.append(figures.cpu_us)
        self.memory_mib = max(self.memory_mib, figures.memory_mib)

    def line(self, name: str, title: str, unit: str, target: float | None) -> Line:
        """The medians of all rounds; the memory is the most there was."""
        return Line(
            name,
            title,
            median(each.requests_per_second / each.reference_per_second for each in self.samples),
            unit,
            target,
            requests_per_second=median(each.requests_per_second for each in self.samples),
            p50_ms=median(self.p50_ms),
            p99_ms=median(self.p99_ms),
            cpu_us=median(self.cpu_us),
            memory_mib=self.memory_mib,
            samples=self.samples,
        )


class Measured(msgspec.Struct, frozen=True):
    """One load: its rate, its latencies, the worker's processor time for a request, its memory after the load."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    memory_mib: float


def turn(subject: Subject, kind: Kind, length: Turn, number: int = 0, connections: int = wrk.CONNECTIONS) -> Measured:
    """Warm up, load, and look at the memory. Each turn begins elsewhere among the requests."""
    requests = subject.requests[kind.name]
    wrk.load(subject.server, requests, length.warm_seconds, number * 7919, connections)
    before = subject.server.cpu_seconds()
    figures = wrk.load(subject.server, requests, length.seconds, number * 104_729, connections)
    cpu_us = (subject.server.cpu_seconds() - before) / figures.requests * 1e6
    return Measured(figures.rate, figures.p50_ms, figures.p99_ms, cpu_us, subject.server.memory_mib())


class Rounds:
    """All rounds of the bare handler, of one caller, and of many."""

    def __init__(self, bare: Subject, one: Subject, many: Subject | None, length: Turn) -> None:
        self._bare = bare
        self._one = one
        self._many = many
        self._length = length
        self._bare_record = Record()
        self._one_records = {kind.name: Record() for kind in KINDS}
        self._many_records = {kind.name: Record() for kind in KINDS}

    def run(self, kinds: list[Kind], number: int, say: Callable[[str], None]) -> None:
        """One round: bare, then for each kind one caller, many callers, and bare again."""
        before = self._bare_turn(number)
        for kind in kinds:
            say(f"round {number}: {kind.title}")
            one = turn(self._one, kind, self._length, number)
            many = None if self._many is None else turn(self._many, kind, self._length, number)
            after = self._bare_turn(number)
            self._one_records[kind.name].add(one, mean((before, after)))
            if many is not None:
                self._many_records[kind.name].add(many, one.rate)
            before = after

    def _bare_turn(self, number: int) -> float:
        measured = turn(self._bare, TOKEN_QUERY, self._length, number)
        self._bare_record.add(measured, measured.rate)
        return measured.rate

    def lines(self, kinds: list[Kind], callers: int) -> list[Line]:
        """The lines of all rounds."""
        lines = [self._bare_record.line("bare", "bare handler", "of bare", None)]
        lines += [self._one_records[kind.name].line(kind.name, kind.title, "of bare", kind.target) for kind in kinds]
        if self._many is not None:
            lines += [self._many_line(kind, callers) for kind in kinds]
        return lines

    def _many_line(self, kind: Kind, callers: int) -> Line:
        record = self._many_records[kind.name]
        return record.line(f"{kind.name}_many", f"{kind.title}, {callers:,} callers", "of one", SPREAD_TARGET)


class Rotation:
    """Token requests of a hundred applications while an operator rotates the secrets of them all."""

    def __init__(self, bare: Subject, subject: Subject, operator: tuple[str, ...], counted: Path, length: Turn) -> None:
        self._bare = bare
        self._subject = subject
        self._operator = operator
        self._counted = counted
        self._length = length
        self._beside = Record()
        self._alone: list[float] = []
        self._rotations: list[float] = []

    def run(self, number: int) -> None:
        """One round: both handlers while the operator is at work, then the bare one alone."""
        with self._operating():
            bare = turn(self._bare, TOKEN_QUERY, self._length, number)
            measured = turn(self._subject, TOKEN_QUERY, self._length, number)
        alone = turn(self._bare, TOKEN_QUERY, self._length, number)
        self._beside.add(measured, bare.rate)
        self._alone.append(measured.rate / alone.rate)

    @contextmanager
    def _operating(self) -> Iterator[None]:
        self._counted.unlink(missing_ok=True)
        with running("bench.rotate", *self._operator) as process:
            deadline = time.monotonic() + START_SECONDS
            while not self._counted.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            yield
            if process.poll() is not None or not self._counted.exists():
                raise BenchError("The operator who rotates secrets did not begin, or gave up; what it said is above.")
        rotated, seconds = self._counted.read_text().split()
        self._rotations.append(int(rotated) / float(seconds))

    def lines(self) -> list[Line]:
        """The operator takes a share of the machine, from the bare handler as well: hence two ratios."""
        title = "token, by query, secrets rotating"
        return [
            self._beside.line("token_query_rotating", title, "of bare beside", TOKEN_TARGET),
            Line("token_query_rotating_alone", "  the same, bare without operator", median(self._alone), "of bare"),
            Line("rotations", "  secrets rotated meanwhile", median(self._rotations), "a second"),
        ]
