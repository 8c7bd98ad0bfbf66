"""Counts of applications and digital properties over several nodes.

Each node tells the others what it has counted, and hears what they have.

Only of applications with limits that were asked for lately. It is told just after a second has ended, and heard
when the others, whose clocks are not quite the same, have told theirs. Requests never wait for any of it.
"""

import asyncio

from tessera.app.context import Context
from tessera.core.changes import PublishCounts
from tessera.core.times import DAY, HOUR, SECOND
from tessera.ops.log import log
from tessera.ports import NodeCounts, StoreError

PUBLISHED_AFTER_SECONDS = 0.05
"""How long after the end of a second it is told."""

RECEIVED_AFTER_SECONDS = 0.4
"""How long after that the others are heard."""

AT_ONCE = 250
"""Applications in one exchange; of more, the others wait for the next."""

PUBLISHED_LATELY = 10 * SECOND
"""How old a node's pace may be: one that says nothing any more lets nothing pass either."""


class Exchange:
    """What one process tells and hears. `exchange` does it once, `go_on` every second.

    Digital properties stand below zero among the applications that nodes tell each other of.
    """

    def __init__(self, context: Context, counts: NodeCounts, *, of_properties: bool = False) -> None:
        self._context = context
        self._counts = counts
        self._sign = -1 if of_properties else 1
        self._failing = False

    async def go_on(self) -> None:
        """Exchange every second, until cancelled."""
        while True:
            await asyncio.sleep(PUBLISHED_AFTER_SECONDS + 1 - self._context.clock.now() % SECOND / SECOND)
            await self.exchange(RECEIVED_AFTER_SECONDS)

    async def exchange(self, pause_seconds: float = 0) -> None:
        """Tell what was counted, and a moment later hear what others have told. What fails is done the next time."""
        numbers = sorted(self._counts.touched(AT_ONCE))
        if not numbers:
            return
        try:
            again = await self._tell(numbers)
            await asyncio.sleep(pause_seconds)
            for number in numbers:  # one after the other: whoever is asked for a profile meanwhile is not held up
                await self._receive(number)
            self._failing = False
        except StoreError as error:
            again = numbers
            if not self._failing:
                log.error("counts_not_synchronized", reason=str(error))
            self._failing = True
        for number in again:
            self._counts.touch(number)

    async def _tell(self, numbers: list[int]) -> list[int]:
        """Tell what this node has counted of these applications.

        Those that are asked for are told once more, so that the others hear when it ends.
        """
        now, node = self._context.clock.now(), self._counts.node
        told = []
        for number in numbers:
            own = self._counts.own(number, now)
            told.append(
                PublishCounts(
                    application=self._sign * number,
                    node=node,
                    at=now,
                    hour=now // HOUR,
                    hour_tokens=own.hour_tokens,
                    day=now // DAY,
                    day_tokens=own.day_tokens,
                    watched=own.watched,
                    asked=own.asked,
                )
            )
        await self._context.store.commit(*told)
        return [self._sign * each.application for each in told if each.asked]

    async def _receive(self, number: int) -> None:
        now = self._context.clock.now()
        others = await self._context.store.counts_of_others(
            self._sign * number, self._counts.node, now, now - PUBLISHED_LATELY
        )
        self._counts.receive(number, others, self._context.clock.now())
