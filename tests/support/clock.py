"""A clock that moves only when told to."""

START = 1_900_000_000_000_000
"""Microseconds since the epoch at which a stepped clock begins (March 2030)."""


class StepClock:
    """`ports.Clock` under the test's control."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def step(self, seconds: float) -> None:
        """Move forward, or back with a negative number."""
        self.at += int(seconds * 1_000_000)
