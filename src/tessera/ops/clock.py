"""The machine's clock."""

import time

_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Where there is such a clock, time in which the machine sleeps counts too: waking up is no jump."""


class SystemClock:
    """`ports.Clock` by the operating system."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> int:
        return time.clock_gettime_ns(_ELAPSED) // 1000
