"""The simulation of revocations on many nodes: its arithmetic on cases small enough to do by hand."""

import json
import re
import shlex

import pytest
from bench.fanout import Plan, Row, follow, main, quantile, simulate

from tests.architecture.modules import ROOT

ALONE = Plan(nodes=1, look=0.0)
"""A node that reads whenever it hears."""


def near(*seconds: float) -> object:
    """These figures, to a microsecond."""
    return pytest.approx(list(seconds), abs=1e-6)


def test_a_notification_makes_a_read() -> None:
    """A node that hears of a commit reads at once, and has it when the read ends."""
    node = follow(ALONE, commits=[0.5], heard=[0.504], breaks=[], last=-0.2)

    assert node.in_force == near(0.505)
    assert node.reads == 1


def test_without_notifications_polls_find_everything() -> None:
    """The first poll at or after a commit finds it; polls in between are counted, however many there are."""
    node = follow(ALONE, commits=[0.3, 1.0, 1.05, 100.5], heard=[], breaks=[], last=0.0)

    assert node.in_force == near(1.001, 1.001, 2.001, 101.001)
    assert node.reads == 101


def test_a_read_puts_the_next_poll_off() -> None:
    """A poll comes a second after the last read, whatever made that."""
    node = follow(ALONE, commits=[0.5, 0.6], heard=[0.504], breaks=[], last=0.0)

    assert node.in_force == near(0.505, 1.505)
    assert node.reads == 2


def test_notifications_that_come_together_make_one_read() -> None:
    """Those that come while a node reads, or between two of its looks, make one read."""
    commits, heard = [0.500, 0.5005, 0.5006, 0.5045], [0.504, 0.5045, 0.5046, 0.5085]
    at_once = follow(ALONE, commits, heard, breaks=[], last=0.0)
    looking = follow(Plan(look=0.1), [*commits, 0.6015], [*heard, 0.6055], breaks=[], last=0.0)

    assert at_once.in_force == near(0.505, 0.505, 0.505, 0.506)
    assert at_once.reads == 2
    assert looking.in_force == near(0.602, 0.602, 0.602, 0.602, 0.703)
    assert looking.reads == 2


def test_a_node_that_looks_polls_at_a_look() -> None:
    """A poll waits for the first look when it is due, counted from the end of the last read."""
    node = follow(Plan(look=0.3), commits=[0.5, 1.5], heard=[], breaks=[], last=0.0)

    assert node.in_force == near(1.202, 2.403)
    assert node.reads == 2


def test_a_lost_notification_is_made_good_by_the_next() -> None:
    """What was missed is read with what comes next, before the poll would have found it."""
    node = follow(ALONE, commits=[0.5, 0.6], heard=[0.604], breaks=[], last=0.0)

    assert node.in_force == near(0.605, 0.605)
    assert node.reads == 1


def test_a_node_without_a_connection_reads_when_it_has_one() -> None:
    """From the break on nothing is heard or polled; the first thing when connected again is a read."""
    node = follow(ALONE, commits=[1.0, 3.5], heard=[1.004, 3.504], breaks=[0.9], last=0.5)

    assert node.in_force == near(2.901, 3.505)
    assert node.reads == 2


def test_without_loss_everything_is_in_force_within_latency_and_two_reads() -> None:
    """No revocation takes longer than its notification, a look, a read that is under way, and its own."""
    for look, most in ((0.0, 12), (0.1, 112)):
        plan = Plan(nodes=20, revocations=200, look=look, loss=0.0, breaks_an_hour=0.0)
        for rate in (0.5, 20, 2000):
            row = simulate(plan, rate)
            assert 1 <= row.everywhere_p50_ms <= row.everywhere_p99_ms <= row.everywhere_max_ms <= most
            assert row.one_node_p99_ms <= row.everywhere_p99_ms


def test_with_total_loss_it_is_even_over_the_poll() -> None:
    """Where every notification is lost, one node takes from nothing to a poll, evenly; many take a poll."""
    alone = simulate(Plan(nodes=1, revocations=4000, look=0.0, loss=1.0, breaks_an_hour=0.0), 3.0)
    many = simulate(Plan(nodes=200, revocations=50, look=0.0, loss=1.0, breaks_an_hour=0.0), 3.0)

    assert alone.everywhere_p50_ms == pytest.approx(501, abs=25)
    assert alone.everywhere_p99_ms == pytest.approx(991, abs=10)
    assert alone.everywhere_max_ms <= 1001
    assert alone.reads_per_second == pytest.approx(1, abs=0.01)
    assert 950 <= many.everywhere_p50_ms <= many.everywhere_max_ms <= 1001


def test_few_revocations_cost_a_read_on_every_node_beside_the_polls() -> None:
    """At one revocation in a hundred seconds each node reads for it once and polls otherwise, once a second."""
    row = simulate(Plan(nodes=10, revocations=50, loss=0.0, breaks_an_hour=0.0), 0.01)

    assert row.reads_per_second == pytest.approx(10, abs=0.2)


def test_broken_connections_show_in_the_slowest_only() -> None:
    """A node that is away delays what is committed meanwhile by as long as it is away, and nothing else."""
    plan = Plan(nodes=50, revocations=400, loss=0.0, breaks_an_hour=3.0, away=2.0)
    row = simulate(plan, 2.0)

    assert row.everywhere_p50_ms <= 112
    assert 1000 < row.everywhere_max_ms <= 2112


def test_the_same_seed_gives_the_same_figures() -> None:
    """Figures depend on the seed and on nothing else."""
    rows: list[Row] = [simulate(Plan(nodes=5, revocations=20, loss=0.2, seed=seed), 5.0) for seed in (7, 7, 8)]

    assert rows[0] == rows[1] != rows[2]


def test_quantiles_are_figures_that_were_there() -> None:
    """The median and the 99th percentile of a hundred are the 50th and the 99th."""
    ordered = [float(number) for number in range(1, 101)]

    assert [quantile(ordered, part) for part in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]


def test_it_prints_one_document_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json` the plan and a row for each rate are one document."""
    assert main(["--json", "--nodes", "3", "--revocations", "5", "--rates", "1", "2"]) == 0

    printed = json.loads(capsys.readouterr().out)
    assert printed["plan"]["nodes"] == 3
    assert [row["revocations_per_second"] for row in printed["rates"]] == [1, 2]


@pytest.mark.parametrize(
    "flags",
    [
        ["--nodes", "0"],
        ["--nodes", "5000", "--revocations", "100000"],
        ["--loss", "1.5"],
        ["--loss", "nan"],
        ["--rates", "0"],
        ["--latency-ms", "10", "1"],
        ["--poll-ms", "0"],
        ["--look-ms", "1000"],
        ["--breaks-an-hour", "-1"],
    ],
)
def test_what_makes_no_sense_or_no_end_is_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Figures out of bounds end with one sentence before anything is begun."""
    with pytest.raises(SystemExit, match="2"):
        main(flags)

    assert "error: " in capsys.readouterr().err


_RUN = re.compile(r"```\n(?:\.venv/bin/)?python -m bench\.fanout ?(.*)\n```\n\n((?:\|.*\|\n)+)")
RUNS = _RUN.findall((ROOT / "docs" / "sizing.md").read_text("utf-8"))


@pytest.mark.parametrize("number", range(3))
def test_the_tables_in_the_papers_are_what_is_printed(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Under each command in docs/sizing.md stands what it prints."""
    assert len(RUNS) == 3
    flags, printed = RUNS[number]
    main(shlex.split(flags))

    assert capsys.readouterr().out == printed
