"""Purchases and returns: each recorded once, with the points that it earns or takes back, in one commit."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.app.loyalty.program_lookup import known_as, own_retailer
from tessera.app.loyalty.standing_updates import move_named, open_settled
from tessera.core.changes import AddEvent, AddPurchase, AddPurchaseAward, Change
from tessera.core.customers.customers import Customer
from tessera.core.errors import IdempotencyConflict, UserNotFound, Validation
from tessera.core.event_types import EventType
from tessera.core.loyalty import purchases
from tessera.core.loyalty.ledger_session import LedgerSession
from tessera.core.loyalty.points import number
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.purchases import Award, Earlier, Kind, Purchase, Transaction
from tessera.core.text import json_text

ORIGINAL = "request_payload.original_transaction_id"


class CustomerRef(NamedTuple):
    """A reference to the customer in one member of a request: by our id, by an external id, or (None) by either."""

    user_id: str
    external: bool | None
    member: str


class AwardedPoints(msgspec.Struct, frozen=True, gc=False):
    """The points that a transaction moved in one account; negative when they were taken back."""

    point_account_id: str
    amount: int | float


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """A transaction that was recorded, now or before."""

    request_id: str
    transaction_id: str
    user_id: str
    points: list[AwardedPoints]


async def record(
    context: Context, caller: Caller, retailer_id: str, named: Sequence[CustomerRef], told: Transaction
) -> Recorded:
    """Record a purchase or a return, unless it was recorded before: then it is answered as the first time.

    Raises NotFound, UserNotFound, MissingData, Validation, IdempotencyConflict for a known id with another content,
    Unavailable.
    """
    await own_retailer(context, caller, retailer_id, "client_id")
    organization = caller.organization

    async def decide(customer: Customer) -> tuple[Recorded, list[Change]]:
        known = await _recorded_before(context, organization, customer, told)
        if known is not None:
            awards = await context.store.awards(customer.number, known.id)
            session, _ = await open_settled(context, organization, customer)
            return _answer(session.program, told, customer.id, awards), session.close()
        original = await _original(context, organization, customer, told)
        earlier = None if told.kind is Kind.PURCHASE else await _earlier(context, customer, original)
        session, now = await open_settled(context, organization, customer, told.request_id)
        awards = (
            purchases.sell(session, told, now) if earlier is None else purchases.take_back(session, told, earlier, now)
        )
        session.restate()
        purchase = _purchase(context, customer, told, original, now)
        session.changes += _changes(session, customer, purchase, awards)
        return _answer(known_as(session.program, retailer_id), told, customer.id, awards), session.close()

    return await move_named(context, organization, lambda: _one_customer(context, organization, named), decide)


async def _one_customer(context: Context, organization: int, named: Sequence[CustomerRef]) -> str:
    """The id of the customer that all of these name. Raises UserNotFound, Validation."""
    found: dict[tuple[str, bool | None], Customer] = {}
    for each in named:
        key = each.user_id, each.external
        if key not in found:
            found[key] = await _customer(context, organization, each)
    first = found[named[0].user_id, named[0].external]
    for each in named:
        if found[each.user_id, each.external].number != first.number:
            raise Validation(
                f"{each.member} names another customer than {named[0].member}. Send one transaction each.",
                sent=each.user_id,
            )
    return first.id


async def _customer(context: Context, organization: int, named: CustomerRef) -> Customer:
    found = None
    if named.external is not True:
        found = await context.store.customer(organization, named.user_id)
    if found is None and named.external is not False:
        found = await with_external_id(context, organization, named.user_id)
    if found is None:
        raise UserNotFound(f"{named.member} names no customer of your organization.", sent=named.user_id)
    return found


async def _recorded_before(
    context: Context, organization: int, customer: Customer, told: Transaction
) -> Purchase | None:
    """The same transaction. Raises IdempotencyConflict when one of its ids belongs to another one."""
    known = await context.store.purchases_with_ids(organization, told.request_id, told.transaction_id)
    if not known and told.sent_ids != (told.request_id, told.transaction_id):
        known = await context.store.purchases_with_ids(organization, *told.sent_ids)
    if not known:
        return None
    first = known[0]
    if first.transaction_id not in (told.transaction_id, told.sent_ids[1]):
        raise IdempotencyConflict(
            "request_id was used before, for another transaction. Send a new id.", sent=told.request_id
        )
    if first.customer != customer.number or not told.recognizes(first.fingerprint):
        raise IdempotencyConflict(
            "request_payload.transaction_id was used before, with another content. Send a new id for a new"
            " transaction.",
            sent=told.transaction_id,
        )
    return first


async def _original(context: Context, organization: int, customer: Customer, told: Transaction) -> Purchase | None:
    """The purchase that a return names. Raises Validation when it is not one of this customer's."""
    if told.original_transaction_id is None:
        return None
    found = await context.store.purchases_with_ids(organization, "", told.original_transaction_id)
    if not found or found[0].customer != customer.number or found[0].kind != Kind.PURCHASE:
        raise Validation(f"{ORIGINAL} names no purchase of this customer.", sent=told.original_transaction_id)
    return found[0]


async def _earlier(context: Context, customer: Customer, original: Purchase | None) -> Earlier:
    store = context.store
    earned = await store.earned_by_purchases(customer.number)
    if original is None:
        return Earlier(None, {}, earned)
    awards = await store.awards(customer.number, original.id)
    return Earlier(awards, await store.returned(customer.number, original.id), earned)


def _purchase(context: Context, customer: Customer, told: Transaction, original: Purchase | None, now: int) -> Purchase:
    return Purchase(
        customer=customer.number,
        id=context.new_uuid(),
        request_id=told.request_id,
        transaction_id=told.transaction_id,
        fingerprint=told.fingerprint(),
        kind=told.kind.value,
        original_id=None if original is None else original.id,
        subtotal=told.subtotal,
        details=told.details,
        recorded_at=now,
    )


def _changes(session: LedgerSession, customer: Customer, purchase: Purchase, awards: Sequence[Award]) -> list[Change]:
    """Return the changes beside the ledger: the transaction, the award of each rule, and the event."""
    event = json_text(purchases.recorded(session, purchase, customer.id, awards))
    kind = EventType.TRANSACTION_RECORDED.value
    return [
        AddPurchase(**msgspec.structs.asdict(purchase)),
        *(
            AddPurchaseAward(
                customer=customer.number,
                purchase_id=purchase.id,
                place=place,
                rule_id=award.rule_id,
                point_account=award.point_account,
                amount=award.amount,
                base=award.base,
                excluded=json_text(award.excluded),
                entry_id=award.entry_id,
            )
            for place, award in enumerate(awards)
        ),
        AddEvent(
            id=purchase.id,
            organization=session.program.organization,
            kind=kind,
            data=event,
            occurred_at=purchase.recorded_at,
            user_id=customer.id,
        ),
    ]


def _answer(program: Program, told: Transaction, customer_id: str, awards: Sequence[Award]) -> Recorded:
    moved: dict[int, int] = {}
    for award in awards:
        moved[award.point_account] = moved.get(award.point_account, 0) + award.amount
    points = [
        AwardedPoints(program.account_numbered(account).id, number(amount))
        for account, amount in moved.items()
        if amount
    ]
    return Recorded(told.request_id, told.transaction_id, customer_id, points)
