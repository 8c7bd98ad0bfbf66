"""A short cut of the faults: nothing acknowledged is lost, and nothing that was ended is taken any more.

`make faults` plays them at length, on both engines.
"""

import pytest

from tests.faults import table
from tests.faults.conftest import Scenes
from tests.faults.plan import FAULTS
from tests.faults.stage import POSTGRESQL, SQLITE
from tests.faults.table import LATEST, PAPER

pytestmark = pytest.mark.alone

SHORT = {
    SQLITE: {"f1": 3, "f2": 2, "f3": 30, "f4": 6, "f5": 1, "f9": 3, "f11": 3},
    POSTGRESQL: {"f1": 3, "f2": 2, "f6": 2, "f7": 2, "f8": 1, "f12": 1, "f14": 1, "f17": 1},
}
"""Rounds of each."""

SEED = 1


@pytest.mark.parametrize(("on", "name"), [(on, name) for on, names in SHORT.items() for name in names])
def test_nothing_acknowledged_is_lost(scenes: Scenes, on: str, name: str) -> None:
    """Every line of the ledger holds after the fault, nobody was refused what must not be refused. Prints the row."""
    fault = next(each for each in FAULTS if each.name == name)
    row = fault.play(scenes(on, name == "f7"), SHORT[on][name], SEED)
    print(f"\n{row}")
    assert row.complaints == []
    assert (row.lost, row.accepted_after_revoke) == (0, 0)
    assert row.acknowledged > 10


def test_every_fault_is_in_the_short_cut() -> None:
    """A fault of the plan is played on one engine at least; but for the stop, which has tests of its own."""
    assert {fault.name for fault in FAULTS} - {name for names in SHORT.values() for name in names} == {"f16"}


def test_the_paper_tells_the_last_whole_run() -> None:
    """docs/faults.md has the table of docs/faults.json, in which nothing was lost."""
    last = table.decoded(LATEST.read_bytes())
    assert PAPER.read_text() == table.told(PAPER.read_text(), last)
    assert all(row.good for row in last.rows)
    assert {(row.fault.partition(" ")[0].lower(), row.engine) for row in last.rows} == {
        (fault.name, engine) for fault in FAULTS for engine in fault.engines
    }
