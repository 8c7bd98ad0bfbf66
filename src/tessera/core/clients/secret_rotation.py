"""Moving from one secret to the next without an outage: what a rotation changes, and when the old one may be ended.

A rotation adds a secret and gives the older live ones an end. Finishing ends them at once, when nobody needs them.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from tessera.core.changes import (
    AddCredential,
    AddPropertySecret,
    Change,
    EndCredential,
    EndPropertySecret,
    FinishCredential,
    FinishPropertySecret,
    KeepCredential,
    KeepPropertySecret,
)
from tessera.core.clients.applications import FOREVER, CredentialRecord
from tessera.core.clients.expiry_warnings import STILL_USED, in_use, live_secrets
from tessera.core.times import SECOND


class Writes(NamedTuple):
    """The changes of a rotation, by whose secrets they are; the first field of each is the client id or API key."""

    keep: Callable[[str, int, int | None], Change]
    end: Callable[[str, int, int, int | None], Change]
    finish: Callable[[str, int, int, int | None, int], Change]


OF_APPLICATION = Writes(KeepCredential, EndCredential, FinishCredential)
OF_PROPERTY = Writes(KeepPropertySecret, EndPropertySecret, FinishPropertySecret)


class Ended(msgspec.Struct, frozen=True):
    """A secret whose end was set, and when that is."""

    name: str
    ends_at: int
    last_used_at: int | None
    last_used_from: str | None


class InTheWay(NamedTuple):
    """The old secret that was used last, and the newest one, which nobody has used unless the old one is in use."""

    name: str
    last_used_at: int
    last_used_from: str | None
    newest: str
    in_use: bool


def rotation(
    known: Sequence[CredentialRecord], added: AddCredential | AddPropertySecret, ends_at: int, now: int
) -> tuple[list[Change], list[Ended]]:
    """The changes that add a secret and end the live ones before it at a moment, and what becomes of these.

    One that ends sooner keeps its end. The changes hold only while nobody else has changed the owner's
    credentials since they were read.
    """
    if isinstance(added, AddPropertySecret):
        owner, writes = added.api_key, OF_PROPERTY
    else:
        owner, writes = added.client_id, OF_APPLICATION
    newest = known[-1]
    changes: list[Change] = [writes.keep(owner, newest.number, newest.ends_at), added]
    ended = []
    for each in live_secrets(known, now):
        end = ends_at if each.ends_at is None else min(each.ends_at, ends_at)
        changes.append(writes.end(owner, each.number, end, each.ends_at))
        ended.append(Ended(each.name, end, each.last_used_at, each.last_used_from))
    return changes, ended


def finish(
    owner: str, known: Sequence[CredentialRecord], now: int, *, force: bool, writes: Writes = OF_APPLICATION
) -> tuple[list[Change], list[Ended]]:
    """The changes that end every live secret but the newest now, and what became of these; none for a single one.

    They hold only while the newest is as it was, and, unless forced, none of the others was used meanwhile.
    """
    *old, kept = live_secrets(known, now)
    unused_since = FOREVER if force else now - STILL_USED + 1
    keeping = writes.keep(owner, kept.number, kept.ends_at)
    ending = [writes.finish(owner, each.number, now, each.ends_at, unused_since) for each in old]
    return [keeping, *ending], [Ended(each.name, now, each.last_used_at, each.last_used_from) for each in old]


def in_the_way(known: Sequence[CredentialRecord], token_lifetime_seconds: int, now: int) -> InTheWay | None:
    """The old secret whose use speaks against ending the old ones yet; None when nothing does."""
    *old, newest = live_secrets(known, now)
    used = [each for each in old if each.last_used_at is not None]
    if not used:
        return None
    last = max(used, key=lambda each: each.last_used_at or 0)
    at = last.last_used_at or 0
    untried = newest.last_used_at is None and at > now - token_lifetime_seconds * SECOND - STILL_USED
    if not in_use(at, now) and not untried:
        return None
    return InTheWay(last.name, at, last.last_used_from, newest.name, in_use=in_use(at, now))
