"""When keys follow one another: which number the next one has, when the last one ends, what may be forgotten.

A new key is published, signs from a later moment on, and only when it signs is it known when the one before it ends:
when the longest-lived token that it can have made is dead.
"""

from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from tessera.core.keys.key_ring import KeyRing
from tessera.core.keys.sealing import KEYS_MAX
from tessera.core.keys.wrapping import KeyPurpose, WrappedKey
from tessera.core.times import SECOND, PurgeTime

ROTATED = (KeyPurpose.SEALING, KeyPurpose.EDDSA, KeyPurpose.ES256, KeyPurpose.RS256)
"""What is rotated. The pepper is not: secrets are held under it."""

PURGED_AFTER_SECONDS = 86_400
"""How long a key is kept after its end, for a clock that goes back."""

DAY = 86_400 * SECOND


class KeyState(StrEnum):
    """Where a key is on its way."""

    PUBLISHED = "published"
    SIGNING = "signing"
    VERIFYING = "verifying"
    ENDED = "ended"


def of(keys: Sequence[WrappedKey], purpose: KeyPurpose) -> list[WrappedKey]:
    """The keys for a purpose, the newest last."""
    return sorted((key for key in keys if key.purpose is purpose), key=lambda key: (key.signs_from, key.number))


def state(keys: Sequence[WrappedKey], key: WrappedKey, now: int) -> KeyState:
    """Where a key is on its way at this moment."""
    if key.verifies_until is not None and key.verifies_until <= now:
        return KeyState.ENDED
    if KeyRing(of(keys, key.purpose)).at(now) is key:
        return KeyState.SIGNING
    return KeyState.PUBLISHED if key.signs_from > now else KeyState.VERIFYING


def next_number(keys: Sequence[WrappedKey], purpose: KeyPurpose) -> int | None:
    """The number of the next key for a purpose; None when there is none left, since a byte names a sealing key."""
    taken = {key.number for key in keys if key.purpose is purpose}
    newest = max(of(keys, purpose), key=lambda key: (key.created_at, key.signs_from), default=None)
    last = 0 if newest is None else newest.number
    if purpose is not KeyPurpose.SEALING:
        return max(taken, default=0) + 1
    following = ((last + step) % KEYS_MAX + 1 for step in range(KEYS_MAX))
    return next((number for number in following if number not in taken), None)


def due(keys: Sequence[WrappedKey], rotation_days: int, now: int) -> list[KeyPurpose]:
    """For which purposes the newest key is old enough to be followed; none when `rotation_days` is 0."""
    if not rotation_days:
        return []
    newest = {purpose: max((key.created_at for key in of(keys, purpose)), default=0) for purpose in ROTATED}
    return [purpose for purpose, created_at in newest.items() if created_at + rotation_days * DAY <= now]


def replaced(keys: Sequence[WrappedKey], longest_seconds: int, now: int) -> list[tuple[WrappedKey, int]]:
    """The keys without an end that another has followed, each with the end that it gets.

    One that was retired before it ever signed follows nobody.
    `longest_seconds` is how long the longest-lived token lives.
    """
    found = []
    for purpose in ROTATED:
        signed = [key for key in of(keys, purpose) if key.verifies_until is None or key.verifies_until > key.signs_from]
        for key, following in pairwise(signed):
            if key.verifies_until is None and following.signs_from <= now:
                found.append((key, following.signs_from + longest_seconds * SECOND))
    return found


def purged(keys: Sequence[WrappedKey], until: PurgeTime) -> list[WrappedKey]:
    """The keys that ended by a time; never the newest one for its purpose."""
    return [
        key
        for purpose in ROTATED
        for key in of(keys, purpose)[:-1]
        if key.verifies_until is not None and key.verifies_until <= until
    ]
