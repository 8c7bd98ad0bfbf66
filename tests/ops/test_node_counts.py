"""Counts of a node among others: what is heard of them counts as well, for a while, and none of it is invented."""

from pathlib import Path

from tessera.core.clients.rates import SECOND_NS, share
from tessera.ops.node_counts import RECEIVED_SECONDS, NodeCounts
from tessera.ops.shared_counts import ROOM
from tessera.ports import NodeCount
from tests.support.clock import START

HOUR, DAY, SECOND = 3_600_000_000, 86_400_000_000, 1_000_000


def test_what_was_heard_counts_until_its_window_ends(tmp_path: Path) -> None:
    """Tokens of others add to those of this node, in this hour and day; what a node tells is its own alone."""
    counts, day_begins = NodeCounts(tmp_path / "node", 7), START // DAY * DAY
    counts.token(1, day_begins)
    counts.receive(1, NodeCount(10, 20, 30, 0), day_begins)
    assert counts.tokens(1, day_begins) == (11, 21)
    assert counts.own(1, day_begins) == NodeCount(1, 1)
    assert counts.tokens(1, day_begins + HOUR) == (0, 21)
    assert counts.tokens(1, day_begins + DAY) == counts.tokens(2, day_begins) == (0, 0)
    counts.receive(1, NodeCount(5, 2**40, 0, 0), day_begins)
    assert counts.tokens(1, day_begins) == (6, 2**32)


def test_a_node_has_one_number_and_one_file(tmp_path: Path) -> None:
    """All processes of a node tell under the number that the first of them wrote down, and share what they hear."""
    one, two = NodeCounts(tmp_path / "node", 7), NodeCounts(tmp_path / "node", 8)
    assert one.node == two.node == 7
    assert NodeCounts(tmp_path / "other", 8).node == 8
    one.receive(3 * ROOM, NodeCount(10, 20, 0, 0), START)
    assert two.tokens(3 * ROOM, START) == (10, 20)
    assert one.node == 7


def test_requests_are_counted_by_the_second(tmp_path: Path) -> None:
    """Told are the requests of the last whole second, those that were refused included."""
    counts, begins = NodeCounts(tmp_path / "node", 7), START // SECOND * SECOND
    for _ in range(5):
        counts.request(1, 2, begins)
    asked = [counts.own(1, begins + second * SECOND).asked for second in (0, 1, 2)]
    counts.request(1, 2, begins + SECOND)
    assert [*asked, counts.own(1, begins + SECOND).asked] == [0, 5, 0, 5]
    assert counts.own(1, begins + 2 * SECOND).asked == 1


def passed(counts: NodeCounts, per_second: int, asked: int, others: int, seconds: int) -> int:
    """How many of so many requests a second pass in so many seconds, while others are asked so often."""
    found = 0
    for second in range(seconds):
        begins = START // SECOND * SECOND + second * SECOND
        counts.receive(1, NodeCount(asked=others), begins)
        found += sum(counts.request(1, per_second, begins + n * SECOND // asked) >= 0 for n in range(asked))
    return found


def test_a_pace_is_shared_by_how_often_nodes_are_asked(tmp_path: Path) -> None:
    """Within the pace nobody is held up; beyond it a node has its share of it, also when that is less than one."""
    assert passed(NodeCounts(tmp_path / "few", 1), 50, 20, 30, 10) == 200
    alone = passed(NodeCounts(tmp_path / "alone", 1), 50, 200, 0, 20)
    assert 50 * 20 <= alone <= 50 * 21 + 1
    third = passed(NodeCounts(tmp_path / "third", 1), 50, 200, 400, 20)
    assert 50 * 19 / 3 <= third <= 50 * 21 / 3 + 51
    assert 2 <= passed(NodeCounts(tmp_path / "slow", 1), 1, 5, 10, 12) <= 6


def test_a_pace_that_nobody_tells_any_more_is_none(tmp_path: Path) -> None:
    """Some seconds after others were heard last this node paces alone; likewise when the clock goes back."""
    counts = NodeCounts(tmp_path / "node", 7)
    counts.receive(1, NodeCount(asked=1000), START)
    assert counts.request(1, 10, START + RECEIVED_SECONDS * SECOND) == 0
    counts.receive(2, NodeCount(asked=1000), START)
    assert counts.request(2, 10, START + (RECEIVED_SECONDS + 1) * SECOND) == 9
    counts.receive(3, NodeCount(asked=1000), START)
    assert counts.request(3, 10, START - SECOND) == 9


def test_shares_add_up_to_the_pace() -> None:
    """Whatever nodes are asked, what they let pass in a second is the pace together, or all that was asked."""
    for asked in ([10, 10], [1, 999], [100, 100, 100], [7], [5, 0, 5], [40, 1, 2000]):
        paces = [
            min(each, SECOND_NS / share(20, each, sum(asked) - each)) for each in asked
        ]  # fmt: skip
        assert abs(sum(paces) - min(20, sum(asked))) < 0.01, asked


def test_each_application_that_was_asked_for_is_told_once(tmp_path: Path) -> None:
    """Those that wait longest come first, so that none is left out however many there are."""
    counts = NodeCounts(tmp_path / "node", 7)
    for number in (5, 3, 9, 3):
        counts.request(number, 10, START)
    counts.token(1, START)
    assert counts.touched(2) == [5, 3]
    counts.touch(5)
    assert [counts.touched(2), counts.touched(2), counts.touched(2)] == [[9, 1], [5], []]


def test_nonsense_in_the_file_is_put_right(tmp_path: Path) -> None:
    """A file of ones refuses nobody, and the node still has a number that a database holds."""
    (tmp_path / "node").write_bytes(b"\xff" * 2_000_000)
    counts = NodeCounts(tmp_path / "node", 7)
    assert counts.tokens(1, START) == (0, 0)
    assert counts.own(1, START) == NodeCount()
    assert counts.request(1, 10, START) == -100_000
    assert counts.request(1, 10, START + 100_000) == 0
    assert 0 <= counts.node < 2**63
