"""A customer's timeline: what happened to it, from the ledger, the memberships and its activity.

Each thing that happened is an event of one type; the types of points and levels are those that webhooks receive.
"""

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tessera.core.customers.activity import ActivityCounter
from tessera.core.loyalty.entries import Entry, EntryKind
from tessera.core.loyalty.points import number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Reason, TierLevel
from tessera.core.times import incentives_time, precise_time


class EventType(StrEnum):
    """What can have happened."""

    POINTS_EARNED = "points.earned"
    POINTS_SPENT = "points.spent"
    POINTS_EXPIRED = "points.expired"
    TIER_JOINED = "tier.joined"
    TIER_PROMOTED = "tier.promoted"
    TIER_DEMOTED = "tier.demoted"
    EVENT_TRIGGERED = "event.triggered"
    ACTIVITY_COUNTED = "activity.counted"


POINTS = (EventType.POINTS_EARNED, EventType.POINTS_SPENT, EventType.POINTS_EXPIRED)
TIERS = (EventType.TIER_JOINED, EventType.TIER_PROMOTED, EventType.TIER_DEMOTED)
ACTIVITY = (EventType.EVENT_TRIGGERED, EventType.ACTIVITY_COUNTED)

VIEWS = {"ALL": (*POINTS, *TIERS, *ACTIVITY), "POINTS": POINTS, "TIERS": TIERS, "ACTIVITY": ACTIVITY}
"""The types of events in each view."""

KINDS = {
    EntryKind.DEPOSIT: EventType.POINTS_EARNED,
    EntryKind.SPEND: EventType.POINTS_SPENT,
    EntryKind.RETURN: EventType.POINTS_SPENT,
    EntryKind.EXPIRE: EventType.POINTS_EXPIRED,
}


class TimelineEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One event; the members that its type does not have are left out."""

    id: str
    event_type: EventType
    time_of_occurrence: str
    point_account_id: str | UnsetType = UNSET
    account_name: str | UnsetType = UNSET
    amount: int | float | UnsetType = UNSET
    is_return: bool | UnsetType = UNSET
    expires_at: str | UnsetType = UNSET
    point_source_id: str | UnsetType = UNSET
    reference_id: str | UnsetType = UNSET
    reference_type: str | UnsetType = UNSET
    tier_system_id: str | UnsetType = UNSET
    tier_system: str | UnsetType = UNSET
    tier_level_id: str | UnsetType = UNSET
    level: str | UnsetType = UNSET
    former_level: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    event_lookup: str | UnsetType = UNSET
    event_name: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    count: int | UnsetType = UNSET


class Membership(NamedTuple):
    """A level that a customer entered, and the one that it held in that tier system before."""

    id: str
    tier_system: int
    tier_level: int
    joined_at: int
    reason: str
    former_level: int | None


def of_entry(program: Program, entry: Entry) -> TimelineEvent:
    """An entry of the ledger. Raises LookupError when the program does not know its account."""
    account = program.account_numbered(entry.point_account)
    return TimelineEvent(
        id=entry.id,
        event_type=KINDS[EntryKind(entry.kind)],
        time_of_occurrence=precise_time(entry.occurred_at),
        point_account_id=account.id,
        account_name=account.name,
        amount=number(abs(entry.amount)),
        is_return=True if entry.kind == EntryKind.RETURN else UNSET,
        expires_at=UNSET if entry.expires_at is None else incentives_time(entry.expires_at),
        point_source_id=entry.point_source_id or UNSET,
        reference_id=entry.reference_id or UNSET,
        reference_type=entry.reference_type or UNSET,
    )


def of_membership(program: Program, held: Membership) -> TimelineEvent:
    """A level that was entered; names that the program does not have are left out."""
    system = program.system_numbered(held.tier_system)
    levels = {} if system is None else {level.number: level for level in system.levels}
    level, former = levels.get(held.tier_level), levels.get(held.former_level or 0)
    return TimelineEvent(
        id=held.id,
        event_type=_move(held, level, former),
        time_of_occurrence=precise_time(held.joined_at),
        tier_system_id=UNSET if system is None else system.id,
        tier_system=UNSET if system is None else system.name,
        tier_level_id=UNSET if level is None else level.id,
        level=UNSET if level is None else level.name,
        former_level=UNSET if former is None else former.name,
        reason=held.reason,
    )


def _move(held: Membership, level: TierLevel | None, former: TierLevel | None) -> EventType:
    if held.former_level is None:
        return EventType.TIER_JOINED
    if level is None or former is None:
        return EventType.TIER_DEMOTED if held.reason == Reason.DEMOTED else EventType.TIER_PROMOTED
    return EventType.TIER_DEMOTED if level.rank < former.rank else EventType.TIER_PROMOTED


def of_user_event(program: Program, event_id: str, lookup: str, at: int) -> TimelineEvent:
    """An event that a partner told; its name is left out when the program does not have it."""
    rule = program.event_rule(lookup)
    return TimelineEvent(
        id=event_id,
        event_type=EventType.EVENT_TRIGGERED,
        time_of_occurrence=precise_time(at),
        event_lookup=lookup,
        event_name=UNSET if rule is None else rule.name,
    )


def of_behaviour(customer_id: str, behaviour: ActivityCounter) -> TimelineEvent:
    """Something that was counted: all of it is one event, at the time of the last."""
    return TimelineEvent(
        id=_id_of(customer_id, behaviour.name),
        event_type=EventType.ACTIVITY_COUNTED,
        time_of_occurrence=precise_time(behaviour.last_at),
        name=behaviour.name,
        count=behaviour.count,
    )


def _id_of(customer_id: str, name: str) -> str:
    """A UUID of version 8 (RFC 9562 section 5.8) that a customer's count with this name always has."""
    raw = bytearray(hashlib.sha256(f"{customer_id} {name}".encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def knows_levels(program: Program, memberships: Iterable[Membership]) -> bool:
    """Whether the program has the levels of these memberships."""
    known = {level.number for system in program.systems for level in system.levels}
    return all(held.tier_level in known and (held.former_level or held.tier_level) in known for held in memberships)


def knows_accounts(program: Program, entries: Sequence[Entry]) -> bool:
    """Whether the program has the point accounts of these entries."""
    return {entry.point_account for entry in entries} <= {account.number for account in program.accounts}


def knows_events(program: Program, lookups: Iterable[str]) -> bool:
    """Whether the program has the events with these lookups."""
    return set(lookups) <= {rule.lookup for rule in program.event_rules}
