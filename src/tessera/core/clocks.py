"""Whether clocks can be believed, so far that what has expired by them may be deleted.

A wrong clock cannot be recognized by itself. It is held against three things: elapsed time, which nobody can set; the
database's clock, where it is on another machine; and the time that servers note in the database while they run, which
tells a server that starts how late it must be at least. Purges go by the earliest of all clocks, and wait while one of
them is in doubt.
"""

from enum import StrEnum
from typing import NamedTuple

from tessera.core.times import HOUR, SECOND

TOLERANCE = 60 * SECOND
"""How far a clock may step and still be believed."""

DRIFT = 1000
"""A clock may gain or lose one part in so many against elapsed time: time services correct clocks in small steps."""

STEADY = 6 * HOUR
"""How long a clock in doubt has to go evenly until it is believed again."""

NOTED_MAX = 15 * 60 * SECOND
"""How old the noted time may be when a server starts. Beyond it the server was off, or its clock is ahead."""

NOTED_EVERY = 60 * SECOND


class Doubt(StrEnum):
    """Why a clock is not believed."""

    JUMPED = "jumped"
    NEVER_NOTED = "never noted"
    AHEAD = "ahead"
    BEHIND = "behind"


class Reading(NamedTuple):
    """The time by each clock at one moment, in microseconds. `elapsed` counts from any beginning and cannot be set.

    `database` is None where the database has no clock of its own, `noted` where no server has noted a time yet.
    """

    own: int
    elapsed: int
    database: int | None
    noted: int | None


class Jump(NamedTuple):
    """A clock stepped by so many microseconds, forward or back."""

    of_database: bool
    by: int


class Clock:
    """One clock, held against elapsed time: its offset is what it shows less the elapsed time."""

    def __init__(self) -> None:
        self._offset: int | None = None
        self._believed_offset: int | None = None
        self._looked_at = 0
        self._even_since = 0

    @property
    def believed(self) -> bool:
        """Whether it goes as it did when it was believed. A clock that steps back to where it was is believed again."""
        if self._offset is None or self._believed_offset is None:
            return False
        return abs(self._offset - self._believed_offset) <= TOLERANCE

    @property
    def was_believed(self) -> bool:
        """Whether it was believed before it stepped."""
        return self._believed_offset is not None

    def look(self, now: int, elapsed: int) -> int:
        """Take in what it shows; by how much it has stepped since the last look, 0 when it went evenly."""
        offset = now - elapsed
        if self._offset is None:
            self._offset, self._looked_at, self._even_since = offset, elapsed, elapsed
            return 0
        step = offset - self._offset
        if abs(step) > TOLERANCE:
            self._offset, self._even_since = offset, elapsed
        else:
            # Small corrections are followed slowly, so that many of them in one direction count as a step.
            drift = (elapsed - self._looked_at) // DRIFT
            followed = max(-drift, min(drift, step))
            if self.believed and self._believed_offset is not None:
                self._believed_offset += followed
            self._offset += followed
            step = 0
        self._looked_at = elapsed
        return step

    def is_steady(self, elapsed: int) -> bool:
        """Whether it has gone evenly for long enough to be believed whatever it did before."""
        return elapsed - self._even_since >= STEADY

    def believe(self) -> None:
        """Take it for right as it goes now."""
        self._believed_offset = self._offset

    def doubt(self, elapsed: int) -> None:
        """Take it for wrong, until it has gone evenly for long enough from now on."""
        self._believed_offset, self._even_since = None, elapsed


class Clocks:
    """All clocks that one process sees, and the time up to which they allow a purge.

    `until` is the earliest of them, None while one is in doubt; `doubt` says why, and `off_by` how far the clock then
    is from the noted time. `skew` is how far this process's clock is ahead of the database's.
    """

    def __init__(self) -> None:
        self._own = Clock()
        self._database = Clock()
        self._noted: int | None = None
        self._noted_by_others_at: int | None = None
        self.until: int | None = None
        self.doubt: Doubt | None = None
        self.off_by = 0
        self.skew = 0
        self.to_note: int | None = None

    def look(self, reading: Reading) -> list[Jump]:
        """Take in a reading; the clocks that have stepped since the last one. `to_note` is the time to be noted now."""
        own, database, elapsed = reading.own, reading.database, reading.elapsed
        steps = [Jump(False, self._own.look(own, elapsed))]
        if database is not None:
            steps.append(Jump(True, self._database.look(database, elapsed)))
            self.skew = own - database
        # All servers share the database's clock, so it is the one that is noted; on one machine there is only its own.
        reference, shows = (self._own, own) if database is None else (self._database, database)
        self._judge(reference, shows, reading)
        if database is not None:
            self._judge_own(elapsed)
        believed = self._own.believed and reference.believed
        self.doubt = None if believed else self._doubt_of(reference, reading.noted)
        self.until = (own if database is None else min(own, database)) if believed else None
        self.to_note = shows if believed and self._is_due(shows, reading.noted) else None
        return [each for each in steps if each.by]

    def noted(self, at: int) -> None:
        """This process has noted the time."""
        self._noted = at

    def _judge(self, clock: Clock, shows: int, reading: Reading) -> None:
        """Hold the clock that is noted against what was noted, and against what other processes note meanwhile."""
        noted, elapsed = reading.noted, reading.elapsed
        if self._noted is not None and noted != self._noted:
            self._noted_by_others_at = elapsed
        self._noted = noted
        self.off_by = 0 if noted is None else shows - noted
        agrees = noted is not None and -TOLERANCE <= self.off_by <= NOTED_MAX
        others_run = self._noted_by_others_at is not None and elapsed - self._noted_by_others_at < NOTED_MAX
        if clock.believed:
            if others_run and self.off_by > NOTED_MAX:
                clock.doubt(elapsed)  # two processes on one machine's clock differ: the one that is ahead yields
        elif (agrees and not clock.was_believed) or (clock.is_steady(elapsed) and (agrees or not others_run)):
            clock.believe()

    def _judge_own(self, elapsed: int) -> None:
        """Hold this process's clock against itself and the database's: a purge goes by the earlier of both anyway."""
        if self._own.believed:
            return
        agrees = self._database.believed and abs(self.skew) <= TOLERANCE
        if agrees or not self._own.was_believed or self._own.is_steady(elapsed):
            self._own.believe()

    def _doubt_of(self, reference: Clock, noted: int | None) -> Doubt:
        if reference.was_believed or reference.believed:
            return Doubt.JUMPED
        if noted is None:
            return Doubt.NEVER_NOTED
        if self.off_by < -TOLERANCE:
            return Doubt.BEHIND
        return Doubt.AHEAD

    def _is_due(self, shows: int, noted: int | None) -> bool:
        return noted is None or abs(shows - noted) >= NOTED_EVERY
