"""Merging one customer into another: points, levels, names, custom profile and what was noted, in one commit."""

from typing import NamedTuple

import msgspec
from msgspec import UNSET

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.customers.customers import CustomerRef, decode_profile, find, replacement, view
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.app.loyalty.standing_updates import move_named, open_session, open_settled
from tessera.core import times
from tessera.core.changes import (
    AddEvent,
    Change,
    ClaimIdentifier,
    MergeCustomer,
    ReleaseIdentifier,
    SetCustomProfile,
    SetIdentifiers,
)
from tessera.core.customers import custom_profiles
from tessera.core.customers.customers import Customer, Include
from tessera.core.customers.identifiers import SentIdentifier, combined
from tessera.core.customers.profiles import PHOTO, Profile
from tessera.core.errors import UserNotFound, Validation
from tessera.core.event_types import CustomerMerged, EventType
from tessera.core.loyalty import merging
from tessera.core.loyalty.ledger_session import NEVER, LedgerSession
from tessera.core.text import json_text

EVERYTHING = Include(user_profile=True, identifiers=True, incentives=True)

ENTRIES_MAX = 20_000
"""Entries that the ledger of a customer may have to be merged: all of them are moved in one commit."""

FILLED = (
    "email", "gender", "dob", "address", "address2", "city", "zip", "dma", "state", "country", "locale", "last_name",
    "first_name", "phone_numbers", "referral",
)  # fmt: skip
"""Members of a profile that the survivor takes where it has none."""


class Merged(NamedTuple):
    """The customer to merge, named by id, by external id, or by both."""

    id: str | None
    external_id: str | None


async def merge(context: Context, caller: Caller, api_key: str, named: CustomerRef, merged: Merged) -> msgspec.Raw:
    """Merge a customer into the one that the address names; that one afterwards.

    Raises InvalidAPIKey, UserNotFound, Validation, Unavailable.
    """
    organization = caller.organization

    async def survivor_id() -> str:
        return (await find(context, caller, api_key, named)).id

    async def decide(survivor: Customer) -> tuple[str, list[Change]]:
        other = await _other(context, organization, merged)
        if other.number == survivor.number:
            raise Validation("user names the customer of the address itself, or one that was merged into it before.")
        if other.stands().entries > ENTRIES_MAX:
            raise Validation(f"user names a customer with more than {ENTRIES_MAX} entries in its ledger.")

        session, now = await open_settled(context, organization, survivor)
        session.changes += _loyalty(context, session, survivor, other, now)
        session.changes += _names(organization, survivor, other)
        session.changes += _profiles(organization, survivor, other, now)
        session.promote(now)
        event = AddEvent(
            id=context.new_uuid(),
            organization=organization,
            kind=EventType.CUSTOMER_MERGED.value,
            data=json_text(CustomerMerged(session.program.retailer_id, survivor.id, other.id)),
            occurred_at=now,
            user_id=survivor.id,
        )
        session.changes.append(event)
        return survivor.id, session.close()

    done = await move_named(context, organization, survivor_id, decide, caller.actor())
    return await view(context, caller, await context.store.customer(organization, done), EVERYTHING)


async def _other(context: Context, organization: int, merged: Merged) -> Customer:
    """The customer that goes. Raises UserNotFound, Validation."""
    found = []
    if merged.id is not None:
        known = await context.store.customer(organization, merged.id)
        if known is None and await context.store.was_merged(organization, merged.id):
            raise Validation("user.id names a customer that was merged into another one before.", sent=merged.id)
        found.append(("user.id", merged.id, known))
    if merged.external_id is not None:
        known = await with_external_id(context, organization, merged.external_id)
        found.append(("user.external_id", merged.external_id, known))
    customers = []
    for member, sent, each in found:
        if each is None:
            raise UserNotFound(f"{member} names no customer of your organization.", sent=sent)
        customers.append(each)
    if customers[0].number != customers[-1].number:
        raise Validation(
            "user.external_id names another customer than user.id. Send one of them.", sent=merged.external_id
        )
    return customers[0]


def _loyalty(context: Context, session: LedgerSession, survivor: Customer, other: Customer, now: int) -> list[Change]:
    """Points and levels: the one that goes is settled first, as the survivor was."""
    theirs = open_session(context, other, session.program)
    theirs.settle(now)
    standing = theirs.standing()
    settled = theirs.close()
    offset = session.entries
    left = merging.take_in(session, other.number, standing, now)
    return [
        *settled,
        *left,
        MergeCustomer(
            merged=other.number,
            survivor=survivor.number,
            survivor_id=survivor.id,
            survivor_version=survivor.version,
            organization=session.program.organization,
            id=other.id,
            tombstone_id=context.new_uuid(),
            offset=offset,
            merged_at=now,
            due_at=NEVER,
            version=other.version + (1 if settled else 0),
            was_profile=other.profile,
            was_identifiers=other.identifiers,
            was_user_profile=other.user_profile,
        ),
    ]


def _names(organization: int, survivor: Customer, other: Customer) -> list[Change]:
    """The external ids: first those of the one that goes, so that the survivor's latest is still the latest."""
    own, theirs = survivor.external_ids(), other.external_ids()
    if not theirs:
        return []
    after = combined(theirs, [SentIdentifier(each.external_id, each.external_id_type) for each in own])
    return [
        SetIdentifiers(survivor.number, json_text(after), survivor.identifiers),
        *(ReleaseIdentifier(survivor.number, organization, each.external_id) for each in own),
        *(ClaimIdentifier(survivor.id, organization, each.external_id) for each in after),
    ]


def _profiles(organization: int, survivor: Customer, other: Customer, now: int) -> list[Change]:
    """Profile and custom profile: what the survivor lacks is taken from the one that goes."""
    before, theirs = decode_profile(survivor.profile), decode_profile(other.profile)
    after = _filled(before, theirs)
    after.updated_at = times.core_time(now)
    changes = replacement(organization, survivor, before, after)
    custom = custom_profiles.combined(survivor.user_profile, other.user_profile)
    if custom is not None:
        changes.append(SetCustomProfile(survivor.number, custom, survivor.user_profile))
    return changes


def _filled(before: Profile, theirs: Profile) -> Profile:
    taken = {name: getattr(theirs, name) for name in FILLED if getattr(before, name) in (UNSET, None)}
    if before.profile_photo_url == PHOTO:
        taken["profile_photo_url"] = theirs.profile_photo_url
    return msgspec.structs.replace(before, **{name: value for name, value in taken.items() if value is not UNSET})
