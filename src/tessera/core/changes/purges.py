"""Purges: deleting what has expired, in bounded batches, and what purges go by.

Every time up to which rows are deleted is a `PurgeTime`, which only the purge clock makes. Revocations and used proofs
are what keeps somebody out, so before any of them is deleted a mark is raised to the latest end among them; by that
mark everything of their age is refused from then on. A purge that was wrong about the time lets nobody in.
"""

from tessera.core.changes.change import Change, NoticeKind
from tessera.core.keys.wrapping import KeyPurpose
from tessera.core.times import PurgeTime


class NoteTime(Change, frozen=True):
    """Note the time that the clock of a running server shows while nothing is wrong with it."""

    at: int


class RaiseRevocationMark(Change, frozen=True):
    """Before a purge: tokens are dead that end no later than the last revoked one that ended by `until`."""

    until: PurgeTime


class RaiseProofMark(Change, frozen=True):
    """Before a purge: proofs are refused that end no later than the last used one that ended by `until`."""

    until: PurgeTime


class PurgeRevocations(Change, frozen=True):
    """Delete up to `limit` revocations of tokens that ended by `until`, none of them above the mark."""

    until: PurgeTime
    limit: int


class PurgeConsumedProofs(Change, frozen=True):
    """Delete up to `limit` used proofs that ended by `until`, none of them above the mark."""

    until: PurgeTime
    limit: int


class PurgeNotices(Change, frozen=True):
    """Delete up to `limit` notices with lower numbers than `before`, the oldest first, and never the newest."""

    before: int
    limit: int


class PurgeRefusals(Change, frozen=True):
    """Delete up to `limit` refusals up to a time, the oldest first.

    The time is `until`, or `beyond` when that is later: up to when there are more refusals than are kept.
    """

    until: PurgeTime
    beyond: int
    limit: int


class PurgeEvents(Change, frozen=True):
    """Delete events (their numbers from `first` to `last`) that happened up to a time.

    An event stays while a webhook of its organization has not passed it, or has a delivery of it.
    """

    until: PurgeTime
    first: int
    last: int


class PurgeDeliveries(Change, frozen=True):
    """Delete up to `limit` deliveries that were given up by `until`."""

    until: PurgeTime
    limit: int


class PurgeWarnings(Change, frozen=True):
    """Delete up to `limit` records of warnings that were told by `until`."""

    until: PurgeTime
    limit: int


class PurgeHours(Change, frozen=True):
    """Delete up to `limit` counts of hours that were over by `until`, the oldest first."""

    until: PurgeTime
    limit: int


class PurgeCounts(Change, frozen=True):
    """Delete up to `limit` counts that nodes told by `until`, the oldest first."""

    until: PurgeTime
    limit: int


class PurgeTags(Change, frozen=True):
    """Delete the tags of a customer that ended by `until`."""

    until: PurgeTime
    customer: int


class PurgeKey(Change, frozen=True):
    """Delete a key that ended by `until`. One that is gone already is left alone."""

    until: PurgeTime
    purpose: KeyPurpose
    number: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.KEYS, ""


class PurgeAuditEntries(Change, frozen=True):
    """Delete the entries of refused clients from `run_first` to `run_last`, all from before `until`.

    A checkpoint over the entries from `first_number` to `last_number` takes their place, and that of the checkpoints
    beside them. It has the hash before the first and the hash of the last, so that the chain goes on behind it, and a
    seal. The newest entry of all stays.
    """

    until: PurgeTime
    run_first: int
    run_last: int
    first_number: int
    last_number: int
    previous_hash: str
    last_hash: str
    seal: str
