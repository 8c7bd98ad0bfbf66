"""Events that partners tell of: recorded, and rewarded as the program says."""

import msgspec

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.loyalty.customer_lookup import with_external_id
from tessera.app.loyalty.program_lookup import own_retailer
from tessera.app.loyalty.standing_updates import NO_CUSTOMER, move, open_settled
from tessera.core import times
from tessera.core.changes import AddUserEvent, Change
from tessera.core.customers.customers import Customer
from tessera.core.errors import NotFound, UserNotFound
from tessera.core.loyalty.ledger_session import LedgerSession
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import number
from tessera.core.loyalty.program import Award

POINTS_OUTCOME = 1
"""The `discriminator` of an outcome that is points in an account: the only kind that a program gives."""


class UserEvent(msgspec.Struct, frozen=True):
    """An event as it was recorded: `user_id` as it was sent, `customer_id` the id that it means."""

    id: str
    time_of_occurrence: str
    retailer_id: str
    event_lookup: str
    user_id: str
    is_session_m: bool
    customer_id: str
    event_name: str
    occurred_at: str


class Outcome(msgspec.Struct, frozen=True):
    """Points that an event earned in one account; `amount` says the same as `points_awarded`."""

    is_outcome_applied: bool
    discriminator: int
    points_awarded: int | float
    point_account_id: str
    account_name: str
    amount: int | float
    available_balance: int | float


class Triggered(msgspec.Struct, frozen=True):
    """The result of an event."""

    user_event: UserEvent
    event_saved_successfully: bool
    rules_processed_successfully: bool
    outcomes: list[Outcome]


class Subject(msgspec.Struct, frozen=True):
    """The customer of an event as a caller names it.

    `by_our_id` is true for an id of ours, false for an external id, and None for either: first the one, then the other.
    """

    key: str
    by_our_id: bool | None = None


async def trigger(context: Context, caller: Caller, retailer_id: str, subject: Subject, lookup: str) -> Triggered:
    """Record an event of a customer, with its awards, in one commit. Raises NotFound, UserNotFound, Validation."""
    await own_retailer(context, caller, retailer_id)
    customer_id, by_our_id = await _find(context, caller.organization, subject)

    async def decide(customer: Customer) -> tuple[Triggered, list[Change]]:
        session, now = await open_settled(context, caller.organization, customer)
        rule = session.program.event_rule(lookup)
        if rule is None:
            raise NotFound("event_lookup names no event of this retailer.", sent=lookup)
        event_id = times.uuid_of(now, context.entropy.random_bytes(times.UUID_RANDOM_BYTES))  # timelines go by it
        outcomes = [_award(session, award, place, event_id, now) for place, award in enumerate(rule.awards)]
        session.promote(now)
        session.changes.append(AddUserEvent(customer.number, event_id, lookup, now))
        event = UserEvent(
            id=event_id,
            time_of_occurrence=times.precise_time(now),
            retailer_id=retailer_id,
            event_lookup=lookup,
            user_id=subject.key,
            is_session_m=by_our_id,
            customer_id=customer.id,
            event_name=rule.name,
            occurred_at=times.incentives_time(now),
        )
        triggered = Triggered(
            event, event_saved_successfully=True, rules_processed_successfully=True, outcomes=outcomes
        )
        return triggered, session.close()

    return await move(context, caller.organization, customer_id, decide)


def _award(session: LedgerSession, award: Award, place: int, event_id: str, now: int) -> Outcome:
    """Deposit one award of an event."""
    account = session.program.account_numbered(award.point_account)
    deposit = Deposit(
        point_account_id=account.id,
        amount=award.amount,
        idempotency_id=None,
        reference_id=event_id,
        reference_type="user_event",
        point_source_id=award.point_source_id,
    )
    line = session.deposit(deposit, place, now)[0]
    points = number(line.amount)
    return Outcome(
        is_outcome_applied=True,
        discriminator=POINTS_OUTCOME,
        points_awarded=points,
        point_account_id=account.id,
        account_name=account.name,
        amount=points,
        available_balance=number(line.available),
    )


async def _find(context: Context, organization: int, subject: Subject) -> tuple[str, bool]:
    """The id of the customer of an event, and whether it was named by that. Raises UserNotFound."""
    if subject.by_our_id is not False:
        customer = await context.store.customer(organization, subject.key)
        if customer is not None:
            return customer.id, True
    if not subject.by_our_id:
        customer = await with_external_id(context, organization, subject.key)
        if customer is not None:
            return customer.id, False
    raise UserNotFound(NO_CUSTOMER)
