"""A clock that moves only when told to."""

START = 1_900_000_000_000_000
"""Microseconds since the epoch at which a stepped clock begins (March 2030)."""


class StepClock:
    """`ports.Clock` under the test's control."""

    def __init__(self, at: int = START) -> None:
        self.at = at
        self._set_by = 0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> int:
        return self.at - self._set_by

    def step(self, seconds: float) -> None:
        """Let time pass: forward, or back with a negative number."""
        self.at += int(seconds * 1_000_000)

    def jump(self, seconds: float) -> None:
        """Set the clock, while no time passes."""
        self.at += int(seconds * 1_000_000)
        self._set_by += int(seconds * 1_000_000)
