"""Counts that all processes share, and that nobody has to be able to trust after a power cut."""

from typing import NamedTuple, Protocol


class Counted(NamedTuple):
    """What is counted of an application: tokens in this hour and day, and what watched rails would refuse today."""

    tokens_hour: int
    tokens_day: int
    would_refuse_day: int


class SharedCounts(Protocol):
    """Counts of applications (by number) and of failures (by an unpredictable key of 16 bytes).

    No call waits. Of two processes that count at the same instant one may be lost, and a restart may lose any: limits
    hold within that. `now` is in microseconds; when it steps back, nobody is held up for longer than the limit's own
    time.
    """

    def request(self, application: int, per_second: int, now: int) -> int:
        """One more request within a pace: how many may follow at once, or below zero the microseconds to wait."""

    def counted(self, application: int, now: int) -> Counted:
        """What is counted of an application now."""

    def token(self, application: int, now: int) -> None:
        """One more token."""

    def would_refuse(self, application: int, now: int) -> None:
        """One more that a watched rail would have refused."""

    def failure(self, key: bytes, at_once: int, interval: int, now: int) -> int:
        """One more failure within a pace of one in `interval` microseconds: 0, or the microseconds to wait."""

    def failing(self, key: bytes, at_once: int, interval: int, now: int) -> int:
        """The same without counting one: how long the next failure would have to wait."""
