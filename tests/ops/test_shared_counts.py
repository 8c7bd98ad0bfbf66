"""Counts in a mapped file: shared by all who map it, never in anybody's way, and put right when they are nonsense."""

import hashlib
import multiprocessing
import os
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from tessera.core.clients.rates import COUNT_MAX
from tessera.ops.shared_counts import CELLS_BEGIN, ROOM, MappedCounts
from tests.support.clock import START

KEY = bytes(range(16))
PROCESSES = 2
EACH = 40_000


def test_two_count_together(tmp_path: Path) -> None:
    """What one counts the other sees at once, also an application beyond what was mapped before."""
    one, two = MappedCounts(tmp_path / "counts"), MappedCounts(tmp_path / "counts")
    for number in (1, 2, ROOM, 50 * ROOM + 7):
        one.token(number, START)
        two.token(number, START)
        assert one.tokens(number, START) == two.tokens(number, START) == (2, 2)
    one.would_refuse(2, START)
    assert [two.own(number, START).watched for number in (1, 2, 3)] == [0, 1, 0]
    assert one.tokens(3, START) == (0, 0)
    assert [each.request(7, 3, START) for each in (one, two, one, two)] == [2, 1, 0, -333_334]
    assert [each.failure(KEY, 2, 6, START) for each in (one, two, one)] == [0, 0, 6]
    assert two.failing(KEY, 2, 6, START) == 6
    assert two.failing(bytes(16), 2, 6, START) == 0


def test_the_file_is_private_and_made_when_needed(tmp_path: Path) -> None:
    """Nothing is there before something is counted; then only this user can read it."""
    counts = MappedCounts(tmp_path / "counts")
    assert not (tmp_path / "counts").exists()
    counts.token(1, START)
    assert (tmp_path / "counts").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "counts").stat().st_size == (CELLS_BEGIN + ROOM * 4) * 8


def test_windows_end(tmp_path: Path) -> None:
    """An hour's count is gone in the next hour, a day's in the next day, also when the clock goes back."""
    counts, hour = MappedCounts(tmp_path / "counts"), 3_600_000_000
    day_begins = START // (24 * hour) * 24 * hour
    counts.token(1, day_begins)
    counts.would_refuse(1, day_begins)
    assert counts.tokens(1, day_begins + hour - 1) == (1, 1)
    assert counts.tokens(1, day_begins + hour) == (0, 1)
    assert counts.own(1, day_begins + 24 * hour - 1).watched == 1
    for another in (day_begins + 24 * hour, day_begins - 1):
        assert counts.tokens(1, another) == (0, 0)
        assert counts.own(1, another).watched == 0


def test_a_clock_that_goes_back_holds_nobody_up(tmp_path: Path) -> None:
    """After a step back of a year the pace goes on, within one interval."""
    counts, year = MappedCounts(tmp_path / "counts"), 365 * 86_400_000_000
    while counts.request(1, 10, START) >= 0:
        pass
    assert counts.request(1, 10, START - year) == -100_000
    assert counts.request(1, 10, START - year + 100_000) >= 0
    while counts.failure(KEY, 10, 6_000_000, START) == 0:
        pass
    assert counts.failure(KEY, 10, 6_000_000, START - year) == 6_000_000
    assert counts.failure(KEY, 10, 6_000_000, START - year + 6_000_000) == 0


def test_nonsense_in_the_file_is_put_right(tmp_path: Path) -> None:
    """A file of ones, or of anything else, counts from now on."""
    (tmp_path / "counts").write_bytes(b"\xff" * 2_000_000)
    counts = MappedCounts(tmp_path / "counts")
    assert counts.tokens(1, START) == (0, 0)
    assert counts.request(1, 10, START) == -100_000
    assert counts.request(1, 10, START + 100_000) == 0
    assert counts.failure(KEY, 10, 6, START) == 0


def test_a_flood_of_keys_keeps_those_that_have_most_to_wait_for(tmp_path: Path) -> None:
    """Memory is bounded, and a hundred thousand single failures do not wipe out one that is at its limit."""
    counts = MappedCounts(tmp_path / "counts")
    while counts.failure(KEY, 10, 6_000_000, START) == 0:
        pass
    for number in range(100_000):
        counts.failure(hashlib.blake2b(number.to_bytes(8), digest_size=16).digest(), 10, 6_000_000, START)
    assert counts.failing(KEY, 10, 6_000_000, START) > 0
    assert (tmp_path / "counts").stat().st_size == (CELLS_BEGIN + ROOM * 4) * 8


def test_successes_are_known_for_their_time(tmp_path: Path) -> None:
    """What one has noted the other knows, until its time is over; nonsense in the file is no success."""
    one, two = MappedCounts(tmp_path / "counts"), MappedCounts(tmp_path / "counts")
    assert not two.has_succeeded(KEY, 10, START)
    one.succeeded(KEY, START)
    assert [two.has_succeeded(KEY, 10, START + after) for after in (-9, 0, 9, 10, -10)] == [True] * 3 + [False] * 2
    assert not two.has_succeeded(bytes(16), 10, START)
    assert two.failing(KEY, 1, 6, START) == 0
    two.succeeded(KEY, START + 20)
    assert one.has_succeeded(KEY, 10, START + 29)
    (tmp_path / "nonsense").write_bytes(b"\xff" * 2_000_000)
    assert not MappedCounts(tmp_path / "nonsense").has_succeeded(b"\xff" * 16, 10, START)


def test_the_oldest_successes_are_forgotten(tmp_path: Path) -> None:
    """Memory is bounded, and what goes is older than what stays."""
    counts = MappedCounts(tmp_path / "counts")
    keys = [hashlib.blake2b(number.to_bytes(8), digest_size=16).digest() for number in range(50_000)]
    for moment, key in enumerate(keys):
        counts.succeeded(key, START + moment)
    known = [counts.has_succeeded(key, 10**9, START) for key in keys]
    assert 15_000 < sum(known) <= 4 * 4096
    assert all(known[-100:])
    assert not any(known[:100])


def test_a_file_that_cannot_be_is_counted_without(tmp_path: Path) -> None:
    """When the file cannot be made, this process counts for itself alone, however many applications there are."""
    (tmp_path / "counts").mkdir()
    counts = MappedCounts(tmp_path / "counts")
    counts.token(1, START)
    counts.token(40 * ROOM, START)
    assert counts.tokens(1, START) == counts.tokens(40 * ROOM, START) == (1, 1)
    assert [counts.request(1, 2, START) for _ in range(3)] == [1, 0, -500_000]


def _count(path: Path, together: Barrier) -> None:
    counts = MappedCounts(path)
    counts.token(1, START)
    together.wait()
    for _ in range(EACH):
        counts.token(1, START)


@pytest.mark.alone
def test_processes_that_count_at_once_lose_little(tmp_path: Path) -> None:
    """Two processes that do nothing but count the same lose less than half, and never invent any. Prints how much."""
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(PROCESSES)
    running = [context.Process(target=_count, args=(tmp_path / "counts", together)) for _ in range(PROCESSES)]
    for each in running:
        each.start()
    for each in running:
        each.join(60)
        assert each.exitcode == 0
    found = MappedCounts(tmp_path / "counts").tokens(1, START)[1]
    wanted = PROCESSES * EACH + PROCESSES
    print(f"\n{PROCESSES} processes on {os.cpu_count()} cores: {found:,} of {wanted:,} counted")
    assert wanted * 0.5 < found <= wanted


@pytest.mark.parametrize(("hour_max", "day_max"), [(1, COUNT_MAX), (COUNT_MAX, 1)])
def test_a_token_beyond_either_limit_is_not_counted(tmp_path: Path, hour_max: int, day_max: int) -> None:
    """What a limit turns down counts in neither window, and its answer is what was counted before."""
    counts = MappedCounts(tmp_path / "counts")
    assert counts.token(1, START, hour_max, day_max) == (0, 0)
    assert counts.token(1, START, hour_max, day_max) == (1, 1)
    assert counts.tokens(1, START) == (1, 1)
