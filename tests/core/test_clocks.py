"""Clocks in doubt: what they step by, what they are held against, and when they are believed again."""

import pytest

from tessera.core.clocks import NOTED_EVERY, NOTED_MAX, STEADY, TOLERANCE, Clocks, Doubt, Jump, Reading
from tessera.core.times import HOUR, SECOND

BEGIN = 1_900_000_000_000_000
LOOK = 10 * SECOND


class Room:
    """One process with its clock, the database's if there is one, and the time that servers note in it."""

    def __init__(self, noted: int | None = BEGIN, *, has_clock: bool = False, ahead: int = 0) -> None:
        self.clocks = Clocks()
        self.true = BEGIN
        self.own_ahead = ahead
        self.database_ahead: int | None = 0 if has_clock else None
        self.noted = noted

    def look(self) -> list[Jump]:
        """One look, after which the time is noted when it is due."""
        database = None if self.database_ahead is None else self.true + self.database_ahead
        jumps = self.clocks.look(Reading(self.true + self.own_ahead, self.true - BEGIN, database, self.noted))
        if self.clocks.to_note is not None:
            self.noted = self.clocks.to_note
            self.clocks.noted(self.noted)
        return jumps

    def go_on(self, microseconds: int, *, others_note: bool = False) -> None:
        """Look as often as a server does for so long; `others_note` the true time every minute."""
        until = self.true + microseconds
        while self.true < until:
            self.true += LOOK
            if others_note and (self.true - BEGIN) % NOTED_EVERY == 0:
                self.noted = self.true
            self.look()

    def off_by(self) -> int | None:
        """How far the time of purges is ahead of the true one; None while there are none."""
        return None if self.clocks.until is None else self.clocks.until - self.true


def test_a_clock_that_goes_evenly_is_believed_and_noted() -> None:
    """Where a server ran until now, purges go by the clock at once, and the time is noted once a minute."""
    room = Room()
    assert room.look() == []
    assert (room.off_by(), room.clocks.doubt) == (0, None)
    notes = set()
    for _ in range(60):
        room.go_on(LOOK)
        notes.add(room.noted)
    assert len(notes) in {10, 11}
    assert room.off_by() == 0


@pytest.mark.parametrize("ahead", [2 * HOUR, -2 * HOUR, TOLERANCE + 1, -TOLERANCE - 1])
def test_a_jump_pauses_purges_until_the_clock_is_back(ahead: int) -> None:
    """Eleven minutes of a wrong clock: told once, no purge meanwhile, and purges by the right time afterwards."""
    room = Room()
    room.go_on(HOUR)
    room.own_ahead = ahead
    assert room.look() == [Jump(False, ahead)]
    for _ in range(66):
        assert (room.off_by(), room.clocks.doubt) == (None, Doubt.JUMPED)
        room.go_on(LOOK)
    room.own_ahead = 0
    assert room.look() == [Jump(False, -ahead)]
    assert (room.off_by(), room.clocks.doubt) == (0, None)


def test_a_clock_that_was_set_right_is_believed_when_it_has_gone_evenly() -> None:
    """A jump that stays is the time from six hours of even going on, and is noted then, forward and back."""
    room = Room()
    room.go_on(HOUR)
    for ahead in (2 * HOUR, -3 * HOUR):
        room.own_ahead = ahead
        room.go_on(STEADY - LOOK)
        assert room.off_by() is None
        room.go_on(2 * LOOK)
        assert room.off_by() == ahead
        assert room.noted == room.true + ahead


def test_a_clock_that_keeps_jumping_is_never_believed() -> None:
    """Each jump begins the waiting anew."""
    room = Room()
    room.go_on(HOUR)
    for number in range(1, 5):
        room.own_ahead = number * 2 * HOUR
        room.go_on(STEADY - LOOK)
        assert room.off_by() is None


def test_many_small_steps_are_a_jump() -> None:
    """Steps that would each pass add up; a drift that a time service corrects is followed."""
    room = Room()
    for _ in range(5):
        room.own_ahead += TOLERANCE // 3
        room.go_on(LOOK)
    assert room.clocks.doubt is Doubt.JUMPED
    room = Room()
    for _ in range(3000):
        room.own_ahead += NOTED_EVERY // 2000
        room.go_on(NOTED_EVERY)
    assert room.own_ahead > TOLERANCE
    assert room.off_by() == room.own_ahead


@pytest.mark.parametrize(
    ("ahead", "doubt"),
    [
        (0, None),
        (NOTED_MAX, None),
        (NOTED_MAX + 1, Doubt.AHEAD),
        (2 * HOUR, Doubt.AHEAD),
        (-TOLERANCE, None),
        (-TOLERANCE - 1, Doubt.BEHIND),
        (-2 * HOUR, Doubt.BEHIND),
    ],
)
def test_a_process_that_starts_is_held_against_the_noted_time(ahead: int, doubt: Doubt | None) -> None:
    """A short stop is nothing; further ahead than a stop of a quarter of an hour, or behind, is in doubt."""
    room = Room(ahead=ahead)
    room.look()
    assert room.clocks.doubt is doubt
    assert room.clocks.off_by == ahead


def test_a_database_without_a_noted_time_waits() -> None:
    """After a migration nobody knows; the clock is believed when it has gone evenly for six hours."""
    room = Room(noted=None)
    room.go_on(STEADY - LOOK)
    assert (room.off_by(), room.clocks.doubt, room.noted) == (None, Doubt.NEVER_NOTED, None)
    room.go_on(2 * LOOK)
    assert (room.off_by(), room.noted) == (0, room.true)


def test_a_wrong_start_is_put_right_by_setting_the_clock() -> None:
    """A process that started two hours ahead purges from the moment on at which its clock is right."""
    room = Room(ahead=2 * HOUR)
    room.go_on(11 * 60 * SECOND)
    assert room.off_by() is None
    room.own_ahead = 0
    assert [each.by for each in room.look()] == [-2 * HOUR]
    assert room.off_by() == 0


def test_a_process_that_started_ahead_of_others_is_never_believed_beside_them() -> None:
    """While another process notes another time, the one that is ahead waits, however evenly its clock goes."""
    room = Room(ahead=2 * HOUR)
    room.go_on(3 * STEADY, others_note=True)
    assert (room.off_by(), room.clocks.doubt) == (None, Doubt.AHEAD)
    room.own_ahead = 0
    room.go_on(NOTED_EVERY, others_note=True)
    assert room.off_by() == 0


def test_of_two_processes_that_differ_the_one_that_is_ahead_yields() -> None:
    """A clock that was believed is not any more once another process notes that it is earlier."""
    room = Room(noted=None, ahead=2 * HOUR)
    room.go_on(STEADY + LOOK)
    assert room.off_by() == 2 * HOUR
    room.go_on(2 * NOTED_EVERY, others_note=True)
    assert room.off_by() is None


def test_two_processes_that_jump_together_are_believed_together() -> None:
    """The time that the first one notes after six hours does not hold up the second one, which shows the same."""
    room = Room()
    room.go_on(HOUR)
    room.own_ahead = 2 * HOUR
    room.go_on(STEADY - LOOK)
    room.noted = room.true + room.own_ahead
    room.go_on(2 * LOOK)
    assert room.off_by() == 2 * HOUR


@pytest.mark.parametrize("ahead", [2 * HOUR, -2 * HOUR])
def test_with_a_database_s_clock_the_earlier_one_counts(ahead: int) -> None:
    """A node that starts with a wrong clock purges at once, by the earlier of both; the difference is told."""
    room = Room(has_clock=True, ahead=ahead)
    room.look()
    assert room.off_by() == min(0, ahead)
    assert room.clocks.skew == ahead
    assert room.noted == BEGIN


def test_a_database_s_clock_that_starts_wrong_or_jumps_is_in_doubt() -> None:
    """All nodes note the database's time, so its clock is the one that is held against the noted time."""
    room = Room(has_clock=True)
    room.database_ahead = 2 * HOUR
    room.look()
    assert (room.off_by(), room.clocks.doubt) == (None, Doubt.AHEAD)
    room = Room(has_clock=True)
    room.go_on(HOUR)
    room.database_ahead = 2 * HOUR
    assert room.look() == [Jump(True, 2 * HOUR)]
    assert (room.off_by(), room.clocks.doubt) == (None, Doubt.JUMPED)
    room.go_on(STEADY + LOOK)
    assert room.off_by() == 0, "the earlier of both"


def test_a_node_s_own_jump_is_over_when_it_agrees_with_the_database() -> None:
    """A node that jumps waits; set right, also from a wrong start, it goes on at once."""
    room = Room(has_clock=True)
    room.go_on(HOUR)
    room.own_ahead = 2 * HOUR
    room.go_on(HOUR)
    assert room.clocks.doubt is Doubt.JUMPED
    room.own_ahead = 0
    room.look()
    assert room.off_by() == 0
    room = Room(has_clock=True, ahead=2 * HOUR)
    room.go_on(HOUR)
    room.own_ahead = 0
    room.look()
    assert room.off_by() == 0
