"""argon2id for secrets that people made up, in one thread, with a bounded queue.

The parameters are the OWASP minimum of 2024 (19 MiB, two passes): a node must be able to afford them under attack.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from tessera.core.errors import Unavailable

WAITING_MAX = 32
"""Checks that may wait; beyond it callers are told to come back."""


class Argon2:
    """`ports.SlowHash` by argon2id."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tessera-argon2")
        self._waiting = 0
        self._decoy: bytes | None = None

    def make(self, secret: str) -> bytes:
        return self._hasher.hash(secret).encode("ascii")

    async def matches(self, encoded: bytes, secret: str) -> bool:
        if self._waiting >= WAITING_MAX:
            raise Unavailable(
                "Too many sign-ins at once. Try again in a moment.",
                detail="the argon2id queue is full",
                check="client.busy",
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._verify, encoded, secret)
        finally:
            self._waiting -= 1

    async def waste(self) -> None:
        if self._decoy is None:
            self._decoy = self.make("nobody's secret")
        await self.matches(self._decoy, "")

    def _verify(self, encoded: bytes, secret: str) -> bool:
        try:
            return self._hasher.verify(encoded.decode("ascii"), secret)
        except (VerificationError, InvalidHashError):
            return False
