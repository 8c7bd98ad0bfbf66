"""The machine's clock."""

import time


class SystemClock:
    """`ports.Clock` by the operating system."""

    def now(self) -> int:
        return time.time_ns() // 1000
