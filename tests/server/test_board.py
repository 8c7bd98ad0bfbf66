"""Counts that outlive their process, and lines that stay lines, without a server."""

import os

from tessera.ops import metrics
from tessera.ops.log import rendered
from tessera.ops.metrics import Metrics
from tessera.ops.shared_memory import CELLS, SharedMetrics


def number(counted: Metrics, family: metrics.Family) -> int | None:
    """The sum of a family's samples; None when there are none."""
    found = [cells[0] for name, cells in counted.together(0).items() if name.family == family.name]
    return sum(found) if found else None


def test_who_takes_over_a_slot_counts_on_and_holds_nothing() -> None:
    """Counters of the process before stay and go on; its gauges say nothing any more."""
    descriptor = os.memfd_create("test")
    os.ftruncate(descriptor, 64 * 1024 * 1024)
    before = Metrics(SharedMetrics(descriptor))
    before.count(metrics.TOKENS, "issued", by=3)
    before.set(metrics.LEASES_HELD, 1, "settlement")
    assert (number(before, metrics.TOKENS), number(before, metrics.LEASES_HELD)) == (3, 1)
    after = Metrics(SharedMetrics(descriptor))  # locks are a process's own: this one may claim the slot again
    after.count(metrics.TOKENS, "issued")
    assert (number(after, metrics.TOKENS), number(after, metrics.LEASES_HELD)) == (4, None)
    os.close(descriptor)


def test_there_is_room_for_a_bounded_number_of_series() -> None:
    """Beyond it counts are dropped and counted, and what has its place goes on."""
    counted = Metrics()
    counted.count(metrics.TOKENS, "issued")
    for label in range(CELLS + 10):
        counted.count(metrics.REFUSALS, str(label))
    counted.count(metrics.TOKENS, "issued")
    assert number(counted, metrics.TOKENS) == 2
    assert (number(counted, metrics.METRICS_DROPPED) or 0) >= 10


def test_a_pretty_line_is_one_line() -> None:
    """Line ends and terminal codes are escaped, in the name of an event (libraries make theirs) as in a value."""
    line = rendered({"event": "heard\x1b[2J\nforged", "path": "/a\r\nb\x1b[2J\x9b31m\u2028"})
    assert line.splitlines() == [line]
    assert "[2J" in line
    assert not {"\r", "\n", "\x1b", "\x9b", "\u2028"} & set(line)
