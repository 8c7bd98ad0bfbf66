"""The chain of the audit: each entry's hash is made of the entry and of the hash before it.

Whoever changes, removes, inserts or moves an entry breaks the chain at that place, unless everything after it is made
anew; then only a hash that was noted elsewhere tells.

Entries of refused clients are deleted when their time is over. A checkpoint takes their place: it has the hashes at
both ends, so that the chain goes on behind it, and a seal that only a process with the pepper can make. So a gap
without a genuine checkpoint is still a removal.
"""

import hashlib
import hmac
from collections.abc import Mapping

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One entry as it is stored; `number` counts from 1 without a gap, `hash` is 64 hex characters."""

    number: int
    id: str
    at: int
    actor: str
    source: str | None
    action: str
    target: str
    detail: str
    hash: str


class Checkpoint(msgspec.Struct, frozen=True):
    """A stand-in for deleted entries from one number to another: the hash before them, and that of the last."""

    first_number: int
    last_number: int
    previous_hash: str
    last_hash: str
    seal: str


def checkpoint(pepper: bytes, first_number: int, last_number: int, previous_hash: str, last_hash: str) -> Checkpoint:
    """A checkpoint with its seal."""
    return Checkpoint(
        first_number,
        last_number,
        previous_hash,
        last_hash,
        _seal(pepper, first_number, last_number, previous_hash, last_hash),
    )


def is_genuine(pepper: bytes, found: Checkpoint) -> bool:
    """Whether a process with this pepper made the checkpoint, as it is."""
    fields = (found.first_number, found.last_number, found.previous_hash, found.last_hash)
    return hmac.compare_digest(_seal(pepper, *fields).encode(), found.seal.encode())


def _seal(pepper: bytes, *fields: object) -> str:
    told = b"".join(_written(each) for each in fields)
    return hashlib.blake2b(told, digest_size=32, key=pepper, person=b"audit checkpoint").hexdigest()


def chained(previous: str, number: object, *fields: object) -> str:
    """The hash of an entry, given the one before it ("" before the first) and its fields in their order.

    SHA-256, in hex, over each value as its length in bytes, a colon and the value in UTF-8; `-` for one that is not
    there. No two different entries are written alike.
    """
    return hashlib.sha256(b"".join(_written(each) for each in (previous, number, *fields))).hexdigest()


def _written(value: object) -> bytes:
    if value is None:
        return b"-"
    raw = value if isinstance(value, bytes) else str(value).encode()
    return b"%d:%b" % (len(raw), raw)


def hash_of(entry: Entry, previous: str) -> str:
    """What the hash of an entry has to be."""
    return chained(
        previous,
        entry.number,
        entry.id,
        entry.at,
        entry.actor,
        entry.source,
        entry.action,
        entry.target,
        entry.detail,
    )


class Walk:
    """A walk along the chain. `number` and `hash` are those of the last entry passed, `intact` how many held.

    `checkpoints` are the genuine ones by their first number; `purged` counts the entries in whose place they stand.
    """

    def __init__(self, number: int = 0, hash: str = "", checkpoints: Mapping[int, Checkpoint] | None = None) -> None:
        self.number = number
        self.hash = hash
        self.intact = 0
        self.purged = 0
        self._checkpoints = checkpoints or {}

    def step(self, entry: Entry) -> str | None:
        """Pass one more entry; a sentence when it does not follow from the one before it.

        What comes after is held against the hash that stands there: one broken place is told once.
        """
        problem = self._pass_checkpoint(entry) or self._problem(entry)
        if problem is None:
            self.intact += 1
        self.number, self.hash = max(entry.number, self.number), entry.hash
        return problem

    def _pass_checkpoint(self, entry: Entry) -> str | None:
        """Go over the entries that were purged before this one; a sentence when the one before them was changed."""
        found = self._checkpoints.get(self.number + 1)
        if found is None or found.last_number >= entry.number:
            return None
        before, previous = self.number, self.hash
        self.number, self.hash = found.last_number, found.last_hash
        self.purged += found.last_number - before
        if found.previous_hash != previous:
            return f"Entry {before} does not agree with the checkpoint after it: it was changed, inserted or moved."
        return None

    def _problem(self, entry: Entry) -> str | None:
        awaited = self.number + 1
        if entry.number < awaited:
            return f"Entry {entry.number} stands where none can be: it was inserted or moved."
        if entry.number > awaited:
            missing = (
                f"Entry {awaited} is" if entry.number == awaited + 1 else f"Entries {awaited} to {entry.number - 1} are"
            )
            return f"{missing} missing before entry {entry.number}: removed, or moved."
        if hash_of(entry, self.hash) != entry.hash:
            return f"Entry {entry.number} does not agree with its hash: it was changed, inserted or moved" + (
                f", or entry {entry.number - 1} before it was." if entry.number > 1 else "."
            )
        return None
