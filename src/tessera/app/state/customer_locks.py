"""One caller of this process at a time for each customer, so that they do not conflict with one another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class _Shared:
    """The lock of one customer, and the number of callers that hold it or wait for it."""

    __slots__ = ("callers", "lock")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.callers = 0


class CustomerLocks:
    """A lock for each customer that somebody works on or waits to work on; nothing is kept of others."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[str, _Shared] = {}

    def __len__(self) -> int:
        """The number of customers that somebody works on, or waits to."""
        return len(self._locks)

    @asynccontextmanager
    async def turn(self, customer_id: str) -> AsyncIterator[None]:
        """Hold the customer's lock for the length of the block."""
        shared = self._locks.setdefault(customer_id, _Shared())
        shared.callers += 1
        try:
            async with shared.lock:
                yield
        finally:
            shared.callers -= 1
            if not shared.callers:  # not before: a lock that is free may have been promised to one who waits
                del self._locks[customer_id]
