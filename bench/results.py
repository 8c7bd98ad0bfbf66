"""What came out: lines with targets, as a table on the terminal and as a file that names versions and machine."""

from datetime import datetime
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from bench.machine import Machine

WHOLE = frozenset({"a second", "bytes", "tokens", "MiB"})
"""Units whose fractions mean nothing."""


class Sample(msgspec.Struct, frozen=True):
    """One round of a line: its rate, and the rate of what it is compared with, measured right beside it."""

    requests_per_second: float
    reference_per_second: float


class Line(msgspec.Struct, frozen=True):
    """One line of the table. `measured` is in `unit`; a line without a target is told for information."""

    name: str
    title: str
    measured: float
    unit: str
    target: float | None = None
    at_least: bool = True
    requests_per_second: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: float | None = None
    memory_mib: float | None = None
    samples: list[Sample] = []

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.target is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target


class Results(msgspec.Struct, frozen=True):
    """One whole run."""

    measured_at: datetime
    rounds: int
    seconds: float
    applications: int
    machine: Machine
    lines: list[Line]

    def encode(self) -> bytes:
        """The result file: each line carries its verdict."""
        whole = msgspec.to_builtins(self)
        for line, shown in zip(self.lines, whole["lines"], strict=True):
            shown["met"] = line.met
        return msgspec.json.format(msgspec.json.encode(whole)) + b"\n"

    def write(self, folder: Path) -> Path:
        """Write the file twice: under its date, and as the latest. The path of the dated one."""
        folder.mkdir(parents=True, exist_ok=True)
        dated = folder / f"{self.measured_at:%Y-%m-%d-%H%M%S}.json"
        for path in (dated, folder / "latest.json"):
            path.write_bytes(self.encode())
        return dated

    def show(self, console: Console) -> None:
        """The table."""
        machine = self.machine
        table = Table(
            title=f"One worker, loads of {self.seconds:g} s, rounds: {self.rounds}; {machine.cores} x {machine.cpu}",
            caption=self._quiet(),
            box=box.SIMPLE_HEAD,
        )
        table.add_column("what", no_wrap=True)
        for heading in ("requests/s", "p50 ms", "p99 ms", "CPU us", "MiB", "measured", "target"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("")
        for line in self.lines:
            table.add_row(*_row(line))
        console.print(table)

    def _quiet(self) -> str:
        """How far the yardstick itself moved during the run: on a quiet machine by a tenth or so."""
        rates = [each.requests_per_second for line in self.lines if line.name == "bare" for each in line.samples]
        return f"The bare handler ranged from {min(rates):,.0f} to {max(rates):,.0f} requests/s during this run."


def _row(line: Line) -> list[str]:
    bound = "" if line.target is None else f"{'≥' if line.at_least else '≤'} {line.target:g}"
    verdict = {None: "", True: "[green]met[/green]", False: "[bold red]missed[/bold red]"}[line.met]
    return [
        line.title,
        _shown(line.requests_per_second, ",.0f"),
        _shown(line.p50_ms, ".2f"),
        _shown(line.p99_ms, ".2f"),
        _shown(line.cpu_us, ".1f"),
        _shown(line.memory_mib, ".0f"),
        f"{line.measured:{',.0f' if line.unit in WHOLE else '.2f'}} {line.unit}",
        bound,
        verdict,
    ]


def _shown(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
