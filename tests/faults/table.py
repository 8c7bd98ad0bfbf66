"""The table of a run: one line a fault and engine, for people and for programs.

`python -m tests.faults.table` puts the last whole run into its paper again.
"""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.architecture.modules import ROOT
from tests.faults.load import Row

COLUMNS = (
    ("fault", "fault"),
    ("engine", "engine"),
    ("rounds", "rounds"),
    ("acknowledged", "acknowledged"),
    ("lost", "lost"),
    ("accepted_after_revoke", "accepted after revoke"),
    ("late_ends", "late ends"),
    ("longest_outage_seconds", "longest outage, s"),
    ("longest_without_tokens_seconds", "of tokens, s"),
    ("slowest_refusal_seconds", "slowest 503, s"),
    ("seed", "seed"),
)

LATEST = ROOT / "docs" / "faults.json"
"""Where the last whole run is kept."""

PAPER = ROOT / "docs" / "faults.md"
"""Where it is told."""

LAST = "## The last whole run"

SUMMED = ("rounds", "acknowledged", "lost", "accepted_after_revoke", "late_ends")


def machine() -> str:
    """What it ran on."""
    with Path("/proc/cpuinfo").open() as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "")
    return f"{os.cpu_count()} x {model or platform.machine()}, Python {platform.python_version()}"


def text(rows: list[Row]) -> str:
    """As a table of Markdown, which is read as it is."""
    cells = [[title for _, title in COLUMNS]]
    cells += [[_shown(getattr(row, name)) for name, _ in COLUMNS[:-1]] + [str(row.seed)] for row in rows]
    sums = {name: sum(getattr(row, name) for row in rows) for name in SUMMED}
    cells.append(["all", *(_shown(sums.get(name, "")) for name, _ in COLUMNS[1:])])
    widths = [max(len(line[place]) for line in cells) for place in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _shown(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


class Run(msgspec.Struct, frozen=True):
    """One run of the faults."""

    ended_at: datetime
    machine: str
    took_seconds: int
    good: bool
    rows: list[Row]


def encoded(rows: list[Row], took_seconds: float) -> bytes:
    """As one JSON document."""
    good = all(row.good for row in rows)
    run = Run(datetime.now(UTC), machine(), round(took_seconds), good, rows)
    whole: dict[str, Any] = {**msgspec.structs.asdict(run), "rows": [row._asdict() for row in rows]}
    return msgspec.json.format(msgspec.json.encode(whole)) + b"\n"


def decoded(document: bytes) -> Run:
    """A run, from its document."""
    whole: dict[str, Any] = msgspec.json.decode(document)
    rows = [Row(**row) for row in whole.pop("rows")]
    return Run(datetime.fromisoformat(whole.pop("ended_at")), rows=rows, **whole)


def told(paper: str, run: Run) -> str:
    """The paper with this run as its last."""
    before = paper.partition(LAST)[0]
    minutes = round(run.took_seconds / 60)
    when = f"{run.ended_at:%Y-%m-%d}, {run.machine}, {minutes} minutes"
    return f"{before}{LAST}\n\n{when}. Kept as [faults.json](faults.json).\n\n{text(run.rows)}\n"


if __name__ == "__main__":
    PAPER.write_text(told(PAPER.read_text(), decoded(LATEST.read_bytes())))
