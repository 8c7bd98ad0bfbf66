"""Waiting for something to come true."""

import asyncio
from collections.abc import Callable

SOON_SECONDS = 5.0


async def until(true: Callable[[], bool], seconds: float = SOON_SECONDS) -> None:
    """Wait for something to come true. Raises TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  # what is waited for has no event of its own
            await asyncio.sleep(0.01)
