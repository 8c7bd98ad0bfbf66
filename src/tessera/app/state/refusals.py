"""Refusals, held in memory and written in batches: refusing a request waits on no database.

What can be told of each is kept for `tessera explain`; for known clients the audit has who was refused, why and how
often. All of it is bounded: beyond the bounds a refusal is only counted, and a flood slows nobody else.
"""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec

from tessera.core.administration import audit
from tessera.core.administration.explanations import Explanation
from tessera.core.changes import Change, KeepRefusal, RecordAuditEntry
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.ops.outage_log import OutageLog
from tessera.ports import Clock, Store, StoreError

WRITE_SECONDS = 1.0
BATCH = 200
"""Refusals written at once. Their statements run on the event loop: a full batch takes about two milliseconds."""

WAITING_MAX = 1000
RESERVED = 250
"""Of those that may wait, how many are kept free for known clients: a flood of others leaves them their place."""

KEPT_MAX = 100_000
"""Refusals kept in the database, whatever their age; for a minute there may be some thousands more."""

COUNTED_MAX = 10_000
"""Clients and checks that are counted at once; refusals beyond it are not recorded in the audit."""

RECORDED_SECONDS = 60
"""At most so often is it recorded that a client was refused by a check."""

LATEST_SECONDS = int(WAITING_MAX / BATCH + WRITE_SECONDS)
"""By when a refusal that is kept can be asked for."""

_encode = msgspec.json.Encoder().encode


class _Count(msgspec.Struct):
    """Refusals of one client by one check that are not recorded yet, where the first came from; when that may be."""

    refused: int
    source: str
    due_at: int


class Refusals:
    """What was refused in this process and is not written yet. `known` tells whether a client id or API key exists."""

    __slots__ = ("_clock", "_counts", "_known", "_unwritten", "_waiting", "dropped", "outage_log")

    def __init__(self, known: Callable[[str], bool], clock: Clock) -> None:
        self._known = known
        self._clock = clock
        self._waiting: deque[Explanation] = deque()
        self._counts: dict[tuple[str, str], _Count] = {}
        self._unwritten: list[Change] = []
        self.dropped = 0
        self.outage_log = OutageLog("refusals_not_written", "refusals_written")

    def knows(self, client: str) -> bool:
        """Whether this is the id of a client, or the API key of a property."""
        return self._known(client)

    def has_room(self, *, known: bool) -> bool:
        """Whether one more can be kept; when not, it is counted as dropped."""
        room = len(self._waiting) < (WAITING_MAX if known else WAITING_MAX - RESERVED)
        self.dropped += not room
        return room

    def add(self, explanation: Explanation) -> None:
        """Keep what can be told of a refusal."""
        self._waiting.append(explanation)

    def count(self, client: str, check: str, source: str) -> None:
        """A known client was refused."""
        key = (client, check)
        count = self._counts.get(key)
        if count is not None:
            if not count.refused:
                count.source = source
            count.refused += 1
        elif len(self._counts) < COUNTED_MAX:
            self._counts[key] = _Count(1, source, 0)

    def take(self, new_id: Callable[[], str]) -> list[Change]:
        """What is to be written now; the same again until `written` says that it was."""
        if not self._unwritten:
            kept = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._unwritten = [KeepRefusal(each.request_id, each.at, _encode(each).decode()) for each in kept]
            self._unwritten += self._audit_entries(new_id, BATCH - len(kept) // 2)
        return self._unwritten

    def _audit_entries(self, new_id: Callable[[], str], limit: int) -> list[Change]:
        now = self._clock.now()
        due = [(key, count) for key, count in self._counts.items() if count.due_at <= now][:limit]
        operations: list[Change] = []
        for key, count in due:
            if not count.refused:
                del self._counts[key]
                continue
            client, check = key
            told = audit.detail({"check": check, "count": count.refused})
            operations.append(
                RecordAuditEntry(
                    id=new_id(),
                    at=now,
                    actor=audit.SERVER.name,
                    source=count.source or None,
                    action=audit.REFUSED,
                    target=client,
                    detail=told,
                )
            )
            count.refused, count.due_at = 0, now + RECORDED_SECONDS * SECOND
        return operations

    def written(self) -> None:
        """What was taken is in the database."""
        self._unwritten = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting) + len(self._unwritten)


async def keep(refusals: Refusals, store: Store, new_id: Callable[[], str]) -> None:
    """Write what was refused, a batch every second, until cancelled."""
    while True:
        await asyncio.sleep(WRITE_SECONDS)
        await write(refusals, store, new_id)


async def write(refusals: Refusals, store: Store, new_id: Callable[[], str]) -> bool:
    """Write one batch; whether there was one, and it was written. What was not is written next time, and only once."""
    changes = refusals.take(new_id)
    if refusals.dropped:
        log.warning("refusals_dropped", count=refusals.dropped)
        refusals.dropped = 0
    if not changes:
        return False
    try:
        await store.commit(*changes)
    except StoreError as error:
        refusals.outage_log.met(error)
        return False
    refusals.outage_log.none()
    refusals.written()
    return True
