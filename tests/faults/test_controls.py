"""The controls: the proof notices what it is there to notice."""

from pathlib import Path

import pytest

from tests.faults import disks, outages, points
from tests.faults.conftest import Scenes
from tests.faults.disks import unsynchronized
from tests.faults.stage import ENGINES, POSTGRESQL, SQLITE

pytestmark = pytest.mark.alone

CRASHES_MAX = 20
"""Within which a database that does not wait for its disk loses something: it did within one or two whenever tried."""


def test_lines_that_tell_of_what_never_was_are_noticed(scenes: Scenes, tmp_path: Path) -> None:
    """One false line in a ledger, of each kind that stands for itself, is one complaint."""
    noticed = points.altered(scenes(SQLITE, False).stage, tmp_path / "ledger")
    assert noticed == {"token": 1, "deposit": 1, "revoke": 1, "application": 1}


@pytest.mark.parametrize("on", ENGINES)
def test_answers_before_the_commit_are_noticed(scenes: Scenes, on: str) -> None:
    """A server that answers before it commits loses, by kill -9, what it had acknowledged."""
    assert points.answered_too_early(scenes(on, False).stage, 1) > 0


def test_answers_before_the_disk_are_noticed(scenes: Scenes) -> None:
    """A server whose SQLite does not wait for the disk sends every answer too early."""
    row = disks.synchronized(scenes(SQLITE, False).stage, 10, 1, "no-sync")
    assert len(row.complaints) == 1
    assert "before the log was on the disk" in row.complaints[0]


def test_a_database_that_does_not_wait_for_its_disk_is_noticed(scenes: Scenes) -> None:
    """PostgreSQL with `synchronous_commit` off loses acknowledged answers when it crashes."""
    found = scenes(POSTGRESQL, False)
    assert found.cluster is not None
    assert outages.not_waited_for(found.stage, found.cluster, CRASHES_MAX) > 0


def test_a_trace_is_read_as_it_is_written() -> None:
    """A deposit is answered too early unless its write of the log was waited for, well, and after it was asked for."""
    ask = '10 read(9<socket:[1]>, "POST /api/1.0/user_points/deposit"..., 262144) = 900'
    write = '11 pwrite64(7</d/tessera.db-wal>, "x"..., 24, 4096) = 24'
    wait = "11 fdatasync(7</d/tessera.db-wal>) = 0"
    answer = '10 sendto(9<socket:[1]>, "HTTP/1.1 200 OK\\r\\n"..., 200, 0, NULL, 0) = 200'
    begun, ended = "11 fdatasync(7</d/tessera.db-wal> <unfinished ...>", "11 <... fdatasync resumed>) = 0"
    failed = "11 fdatasync(7</d/tessera.db-wal>) = -1 EIO (Input/output error)"
    assert unsynchronized("\n".join([ask, write, wait, answer, answer])) == (1, 0)
    assert unsynchronized("\n".join([ask, write, wait, write, answer])) == (1, 0)
    assert unsynchronized("\n".join([ask, write, answer, wait])) == (1, 1)
    assert unsynchronized("\n".join([wait, ask, wait, write, answer])) == (1, 1)
    assert unsynchronized("\n".join([ask, write, begun, ended, answer])) == (1, 0)
    assert unsynchronized("\n".join([ask, write, begun, answer, ended])) == (1, 1)
    assert unsynchronized("\n".join([ask, write, failed, answer])) == (1, 1)
