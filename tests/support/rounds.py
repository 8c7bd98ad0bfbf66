"""The pauses of a loop: none lasts, and a test can wait for whole rounds."""

import asyncio

PAUSE_SECONDS = 0.002
"""Length of every pause: others get their turn, and a loop that has nothing to do does not keep a core busy."""


class Rounds:
    """Stand in for `asyncio.sleep` in a loop whose rounds end with a pause: of `interval_seconds`, or any (None)."""

    def __init__(self, interval_seconds: float | None = None) -> None:
        self._interval_seconds = interval_seconds
        self._ended = 0
        self._next = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        """Pause for a moment, however long it is asked for."""
        if self._interval_seconds in (None, seconds):
            self._ended += 1
            self._next.set()
            self._next = asyncio.Event()
        await asyncio.sleep(PAUSE_SECONDS)

    async def whole(self, count: int = 1) -> None:
        """Wait for the end of so many rounds that begin after now."""
        last = self._ended + count + 1  # the first to end has begun before
        while self._ended < last:
            await self._next.wait()
