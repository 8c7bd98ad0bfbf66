"""Counts that all processes share, and that nobody has to be able to trust after a power cut."""

from typing import Protocol

from tessera.core.clients.rates import COUNT_MAX
from tessera.ports.nodes import NodeCount


class SharedCounts(Protocol):
    """Counts of applications (by number), of failures and of successes (by an unpredictable key of 16 bytes).

    No call waits. Of two processes that count at the same instant one may be lost, and a restart may lose any: limits
    hold within that. `now` is in microseconds; when it steps back, nobody is held up for longer than the limit's own
    time.
    """

    @property
    def node(self) -> int:
        """The number of this node among those that share a database; 0 where it is shared with none."""

    def request(self, application: int, per_second: int, now: int) -> int:
        """One more request within a pace: how many may follow at once, or below zero the microseconds to wait."""

    def tokens(self, application: int, now: int) -> tuple[int, int]:
        """Tokens of an application in this hour and in this day, with what is known of other nodes."""

    def token(self, application: int, now: int, hour_max: int = COUNT_MAX, day_max: int = COUNT_MAX) -> tuple[int, int]:
        """Tokens of this hour and this day before this one, which is counted when both are fewer than they may be.

        What is known of other nodes is in them, as in `tokens`.
        """

    def would_refuse(self, application: int, now: int) -> None:
        """One more that a report-only limit would have refused."""

    def own(self, application: int, now: int) -> NodeCount:
        """What was counted of an application here; the requests are those of the last whole second."""

    def failure(self, key: bytes, at_once: int, interval: int, now: int) -> int:
        """One more failure within a pace of one in `interval` microseconds: 0, or the microseconds to wait."""

    def failing(self, key: bytes, at_once: int, interval: int, now: int) -> int:
        """The same without counting one: how long the next failure would have to wait."""

    def succeeded(self, key: bytes, now: int) -> None:
        """Note a success; of too many, the oldest are forgotten."""

    def has_succeeded(self, key: bytes, within: int, now: int) -> bool:
        """Whether a success was noted less than `within` microseconds ago."""


class NodeCounts(SharedCounts, Protocol):
    """The counts of a node, which tells others of them and hears of theirs. No call waits here either."""

    def touched(self, limit: int) -> list[int]:
        """Up to so many applications for which this process was asked, those first that wait longest; each once."""

    def touch(self, application: int) -> None:
        """Have an application among those, at the end."""

    def receive(self, application: int, others: NodeCount, now: int) -> None:
        """What all other nodes together have counted of an application, in place of what was heard before."""
