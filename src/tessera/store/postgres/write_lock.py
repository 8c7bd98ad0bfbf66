"""The write lock: an advisory lock by which transactions of all nodes run one at a time, and the changes without it.

With the lock a commit means on PostgreSQL what it means on SQLite: every other one is before it or after it, and
numbers (of notices, events, entries) are in the order of commits. Changes of rows of their own, on which no other
change relies, need neither; they go without, so that they wait for nobody.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from tessera.core import changes as kinds
from tessera.core.changes import Change
from tessera.store.postgres.statements import INTEGER4, TEXT, BoundStatement, encode, prepared

WRITE_LOCK = 0x54455353
"""The key of the advisory lock (`pg_advisory_xact_lock`)."""

INDEPENDENT: frozenset[type[Change]] = frozenset(
    {
        kinds.ConsumeProof,
        kinds.RaiseProofMark,
        kinds.PurgeConsumedProofs,
        kinds.RaiseRevocationMark,
        kinds.PurgeRevocations,
        kinds.NoteTime,
        kinds.TakeLease,
        kinds.ReleaseLease,
        kinds.KeepRefusal,
        kinds.PurgeRefusals,
        kinds.CountTokens,
        kinds.CountHour,
        kinds.PurgeHours,
        kinds.MarkCredentialUsed,
        kinds.PublishCounts,
        kinds.PurgeCounts,
    }
)
"""Changes of rows of their own, on which no other change relies."""

_LIMITS = (
    "set_config('statement_timeout', :limit, true), set_config('idle_in_transaction_session_timeout', :limit, true)"
)
_BEGIN = prepared("begin isolation level read committed read write")
_TAKE_SHARED_BY_NODES = prepared(f"select {_LIMITS}, pg_advisory_xact_lock({WRITE_LOCK})", {"limit": TEXT})
_TAKE_OWN = prepared(
    f"select {_LIMITS}, pg_advisory_xact_lock({WRITE_LOCK}, :queue)", {"limit": TEXT, "queue": INTEGER4}
)


class Beginning(NamedTuple):
    """How the transactions of a commit queue begin: `begin`, time limits, a lock that the end of each gives back.

    `serialized` says that the lock is the one that all nodes share.
    """

    statements: tuple[BoundStatement, ...]
    serialized: bool


def serialized(limit_milliseconds: int) -> Beginning:
    """Transactions one at a time over all nodes.

    The limits bound each statement, the wait for the lock, and how long an idle transaction is kept: a node that dies
    with the lock is out of the way as soon.
    """
    take = (_TAKE_SHARED_BY_NODES, [encode(str(limit_milliseconds))])
    return Beginning(((_BEGIN, []), take), serialized=True)


def independent(limit_milliseconds: int) -> Beginning:
    """Transactions one at a time in this queue, and beside all others.

    A lock of their own, by a random number: commits that hang because a standby is away must not pile up at the server,
    each over a new connection. That two processes have the same number does no harm.
    """
    take = (_TAKE_OWN, [encode(str(limit_milliseconds)), encode(random.getrandbits(31))])
    return Beginning(((_BEGIN, []), take), serialized=False)


def is_independent(changes: Sequence[Change]) -> bool:
    """Whether a commit needs no write lock."""
    return all(type(change) in INDEPENDENT for change in changes)
