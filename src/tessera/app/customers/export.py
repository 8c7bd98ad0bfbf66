"""One customer's whole record, as JSON in pieces: whatever its size, little of it is in memory."""

from collections.abc import AsyncIterator

import msgspec
from msgspec import UNSET, UnsetType

from tessera.app.context import Context
from tessera.app.loyalty.program_lookup import program
from tessera.core.customers import custom_profiles, customers
from tessera.core.customers.customers import Customer, Include
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.points import Balance, number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.purchases import Award
from tessera.core.times import incentives_time
from tessera.ports import PastMembership

PAGE = 500
"""Rows that are read at once."""


class LotRecord(msgspec.Struct, frozen=True):
    """Points that end together."""

    expires_at: str
    remaining: int | float


class BalanceRecord(msgspec.Struct, frozen=True):
    """What the customer has in one point account, and when it ends."""

    point_account_id: str
    account_name: str
    available_balance: int | float
    life_time_value: int | float
    lots: list[LotRecord]


class TagRecord(msgspec.Struct, frozen=True):
    """A tag of the customer; one that stays has no end."""

    name: str
    count: int
    expires_at: str | UnsetType


class EntryRecord(msgspec.Struct, frozen=True):
    """One entry of the ledger."""

    number: int
    id: str
    account_name: str
    point_account_id: str
    amount: int | float
    kind: str
    occurred_at: str
    expires_at: str | UnsetType
    idempotency_id: str | UnsetType
    reference_id: str | UnsetType
    reference_type: str | UnsetType
    point_source_id: str | UnsetType


class MembershipRecord(msgspec.Struct, frozen=True):
    """A level that the customer holds or held; what is retired keeps its names."""

    id: str
    joined_at: str
    left_at: str | UnsetType
    reason: str
    tier_system: str | UnsetType
    tier_level: str | UnsetType


class AwardRecord(msgspec.Struct, frozen=True):
    """The points of one rule for a purchase, negative for a return; `entry_id` is left out if no points moved."""

    account_name: str
    point_account_id: str
    amount: int | float
    counted: int | float
    entry_id: str | UnsetType


class PurchaseRecord(msgspec.Struct, frozen=True):
    """A purchase or a return, as it was sent."""

    id: str
    kind: str
    transaction_id: str
    request_id: str
    recorded_at: str
    original_id: str | UnsetType
    details: msgspec.Raw
    awards: list[AwardRecord]


async def pieces(context: Context, organization: int, customer: Customer) -> AsyncIterator[bytes]:
    """The record of a customer, as the pieces of one JSON object. Raises NotFound when the organization is gone."""
    loyalty = await program(context, organization)
    standing = customer.stands()
    wanted = Include(user_profile=True, identifiers=True, incentives=True)
    head = {
        "exported_at": incentives_time(context.clock.now()),
        "user": customers.view(customer, loyalty, wanted),
        "identifiers": customer.external_ids(),
        "user_profile": custom_profiles.shown(customer.user_profile),
        "balances": [_balance(loyalty, each) for each in standing.balances],
    }
    yield _encode(head)[:-1]
    for name, rows in (
        ("phones", _phones(context, customer)),
        ("tags", _tags(context, customer)),
        ("behaviours", _behaviours(context, customer)),
        ("user_events", _user_events(context, customer)),
        ("merged", _merged(context, customer)),
        ("purchases", _purchases(context, loyalty, customer)),
        ("ledger", _ledger(context, loyalty, customer)),
        ("memberships", _memberships(context, loyalty, customer)),
        ("events", _events(context, customer)),
    ):
        yield b',"%b":[' % name.encode()
        first = True
        async for row in rows:
            yield _encode(row) if first else b"," + _encode(row)
            first = False
        yield b"]"
    yield b"}\n"


_encode = msgspec.json.Encoder().encode


def _moment(at: int | None) -> str | UnsetType:
    return UNSET if at is None else incentives_time(at)


def _balance(loyalty: Program, balance: Balance) -> BalanceRecord:
    account = loyalty.account_numbered(balance.point_account)
    lots = [LotRecord(incentives_time(lot.expires_at), number(lot.remaining)) for lot in balance.lots]
    return BalanceRecord(account.id, account.name, number(balance.available), number(balance.life_time), lots)


async def _phones(context: Context, customer: Customer) -> AsyncIterator[object]:
    for digits, mobile in sorted((await context.store.phones(customer.number)).items()):
        yield {"digits": digits, "mobile": mobile}


async def _tags(context: Context, customer: Customer) -> AsyncIterator[object]:
    for tag in sorted(await context.store.tags(customer.number), key=lambda each: each.name):
        yield TagRecord(tag.name, tag.count, _moment(tag.expires_at))


async def _behaviours(context: Context, customer: Customer) -> AsyncIterator[object]:
    for done in sorted(await context.store.behaviours(customer.number), key=lambda each: each.name):
        yield {"name": done.name, "count": done.count, "last_at": incentives_time(done.last_at)}


async def _user_events(context: Context, customer: Customer) -> AsyncIterator[object]:
    after = ""
    while page := await context.store.user_events(customer.number, after, PAGE):
        for event in page:
            yield {"id": event.id, "event_lookup": event.lookup, "occurred_at": incentives_time(event.occurred_at)}
        after = page[-1].id


async def _merged(context: Context, customer: Customer) -> AsyncIterator[object]:
    for id, merged_at in (await context.store.merged(customer.number)).items():
        yield {"id": id, "merged_at": incentives_time(merged_at)}


async def _purchases(context: Context, loyalty: Program, customer: Customer) -> AsyncIterator[object]:
    after = ""
    while page := await context.store.purchases_of(customer.number, after, PAGE):
        for bought in page:
            awards = [_award(loyalty, each) for each in await context.store.awards(customer.number, bought.id)]
            yield PurchaseRecord(
                id=bought.id,
                kind=bought.kind,
                transaction_id=bought.transaction_id,
                request_id=bought.request_id,
                recorded_at=incentives_time(bought.recorded_at),
                original_id=bought.original_id or UNSET,
                details=msgspec.Raw(bought.details.encode()),
                awards=awards,
            )
        after = page[-1].id


def _award(loyalty: Program, award: Award) -> AwardRecord:
    account = loyalty.account_numbered(award.point_account)
    return AwardRecord(account.name, account.id, number(award.amount), number(award.base), award.entry_id or UNSET)


async def _ledger(context: Context, loyalty: Program, customer: Customer) -> AsyncIterator[object]:
    """The entries that the balances were read with, none that came later."""
    last = customer.stands().entries
    for first in range(1, last + 1, PAGE):
        for entry in await context.store.entries_between(customer.number, first, min(first + PAGE - 1, last)):
            yield _entry(loyalty, entry)


def _entry(loyalty: Program, entry: Entry) -> EntryRecord:
    account = loyalty.account_numbered(entry.point_account)
    return EntryRecord(
        number=entry.number,
        id=entry.id,
        account_name=account.name,
        point_account_id=account.id,
        amount=number(entry.amount),
        kind=entry.kind,
        occurred_at=incentives_time(entry.occurred_at),
        expires_at=_moment(entry.expires_at),
        idempotency_id=entry.idempotency_id or UNSET,
        reference_id=entry.reference_id or UNSET,
        reference_type=entry.reference_type or UNSET,
        point_source_id=entry.point_source_id or UNSET,
    )


async def _memberships(context: Context, loyalty: Program, customer: Customer) -> AsyncIterator[object]:
    whole = await context.store.whole_program(loyalty.organization) or loyalty  # levels that are retired have names too
    for held in await context.store.memberships(customer.number):
        yield _membership(whole, held)


def _membership(loyalty: Program, held: PastMembership) -> MembershipRecord:
    system = loyalty.system_numbered(held.tier_system)
    levels = () if system is None else system.levels
    level = next((each for each in levels if each.number == held.tier_level), None)
    return MembershipRecord(
        id=held.id,
        joined_at=incentives_time(held.joined_at),
        left_at=_moment(held.left_at),
        reason=held.reason,
        tier_system=UNSET if system is None else system.name,
        tier_level=UNSET if level is None else level.name,
    )


async def _events(context: Context, customer: Customer) -> AsyncIterator[object]:
    after = 0
    while page := await context.store.events_about(customer.id, after, PAGE):
        for told in page:
            data = msgspec.Raw(told.data.encode())
            yield {"id": told.id, "kind": told.kind, "occurred_at": incentives_time(told.occurred_at), "data": data}
        after = page[-1].number
