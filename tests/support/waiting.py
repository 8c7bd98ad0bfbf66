"""Waiting for something to come true."""

import asyncio
import time
from collections.abc import Callable

SOON_SECONDS = 60.0


async def until(true: Callable[[], bool], seconds: float = SOON_SECONDS) -> None:
    """Wait for something to come true. Raises TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.01)


def wait_until(true: Callable[[], bool], seconds: float = SOON_SECONDS) -> None:
    """Wait, outside of any event loop, for something to come true. Raises TimeoutError when it does not."""
    latest = time.monotonic() + seconds
    while not true():
        if time.monotonic() > latest:
            raise TimeoutError
        time.sleep(0.05)
