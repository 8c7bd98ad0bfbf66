"""argon2id for secrets that people made up: one thread of low priority, and a bounded queue for each source.

The parameters are the OWASP minimum of 2024 (19 MiB, two passes): a node must be able to afford them under attack.
"""

import asyncio
import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from tessera.core.errors import Unavailable

WAITING_MAX = 32
"""Checks that may wait, over all sources; beyond it callers are told to come back."""

NICENESS = 10
"""Niceness of the thread above that of the process: everything else on the machine comes first."""

NICENESS_MAX = 19


class _Check(NamedTuple):
    """One check that waits, and its outcome to come."""

    encoded: bytes
    secret: str
    outcome: "asyncio.Future[bool]"


class Argon2:
    """`ports.SlowHash` by argon2id.

    Sources take turns, so one with many checks waiting delays another by one check at most. When the queue is full, the
    source with the most checks in it gives up its last one.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tessera-argon2", initializer=_stand_back)
        self._queues: dict[str, deque[_Check]] = {}
        self._working = False

    def make(self, secret: str) -> bytes:
        return self._hasher.hash(secret).encode("ascii")

    async def matches(self, encoded: bytes, secret: str, source: str = "") -> bool:
        self._make_room(source)
        check = _Check(encoded, secret, asyncio.get_running_loop().create_future())
        self._queues.setdefault(source, deque()).append(check)
        if not self._working:
            self._begin_next()
        return await check.outcome

    def _make_room(self, source: str) -> None:
        """Have room for one more check. Raises Unavailable when this source has no fewer waiting than any other."""
        if sum(map(len, self._queues.values())) < WAITING_MAX:
            return
        longest = max(self._queues, key=lambda each: len(self._queues[each]))
        if len(self._queues[longest]) <= len(self._queues.get(source, ())) + 1:
            raise _busy()
        given_up = self._queues[longest].pop()
        if not given_up.outcome.done():
            given_up.outcome.set_exception(_busy())

    def _begin_next(self) -> None:
        """Hand the thread the first check of the source whose turn it is."""
        self._working = False
        while self._queues and not self._working:
            source = next(iter(self._queues))
            queue = self._queues.pop(source)
            check = queue.popleft()
            if queue:
                self._queues[source] = queue  # behind the others
            if not check.outcome.done():  # whoever asked may have gone away
                self._working = True
                loop = asyncio.get_running_loop()
                verifying = loop.run_in_executor(self._pool, self._verify, check.encoded, check.secret)
                verifying.add_done_callback(partial(self._end, check))

    def _end(self, check: _Check, verified: "asyncio.Future[bool]") -> None:
        if not check.outcome.done():
            if verified.cancelled():
                check.outcome.cancel()
            elif error := verified.exception():
                check.outcome.set_exception(error)
            else:
                check.outcome.set_result(verified.result())
        self._begin_next()

    def _verify(self, encoded: bytes, secret: str) -> bool:
        try:
            return self._hasher.verify(encoded.decode("ascii"), secret)
        except (VerificationError, InvalidHashError):
            return False


def _busy() -> Unavailable:
    return Unavailable(
        "Too many sign-ins at once. Try again in a moment.", detail="the argon2id queue is full", check="client.busy"
    )


def _stand_back() -> None:
    """Lower the priority of this thread alone, where threads have priorities of their own."""
    if sys.platform == "linux":
        with suppress(OSError):
            own = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(NICENESS_MAX, own + NICENESS))
