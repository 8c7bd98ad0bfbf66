"""One caller of this process at a time for each customer, so that they do not conflict with one another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class CustomerLocks:
    """A lock for each customer that somebody works on; nothing is kept of others."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def __len__(self) -> int:
        """The number of customers that somebody works on."""
        return len(self._locks)

    @asynccontextmanager
    async def turn(self, customer_id: str) -> AsyncIterator[None]:
        """Hold the customer's lock for the length of the block."""
        lock = self._locks.setdefault(customer_id, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked() and self._locks.get(customer_id) is lock:
                del self._locks[customer_id]
