"""Events that partners tell of: recorded, and rewarded as the program says."""

import msgspec

from tessera.app.books import move, with_book
from tessera.app.callers import Caller, own_retailer
from tessera.app.house import House
from tessera.core import times
from tessera.core.changes import AddUserEvent, Change
from tessera.core.customers import Customer
from tessera.core.errors import NotFound
from tessera.core.loyalty.book import Book
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import number


class UserEvent(msgspec.Struct, frozen=True):
    """An event as it was recorded."""

    id: str
    retailer_id: str
    user_id: str
    event_lookup: str
    event_name: str
    occurred_at: str


class Outcome(msgspec.Struct, frozen=True):
    """What an event earned in one point account."""

    point_account_id: str
    account_name: str
    amount: int | float
    available_balance: int | float


class Triggered(msgspec.Struct, frozen=True):
    """What became of an event."""

    user_event: UserEvent
    event_saved_successfully: bool
    rules_processed_successfully: bool
    outcomes: list[Outcome]


async def trigger(house: House, caller: Caller, retailer_id: str, user_id: str, lookup: str) -> Triggered:
    """Record an event of a customer, with what it earns, in one commit. Raises NotFound, UserNotFound, Validation."""
    await own_retailer(house, caller, retailer_id)
    event_id = house.new_uuid()

    async def decide(customer: Customer) -> tuple[Triggered, list[Change]]:
        def act(book: Book, now: int) -> Triggered:
            rule = book.program.event_rule(lookup)
            if rule is None:
                raise NotFound("event_lookup names no event of this retailer.")
            outcomes = []
            for place, award in enumerate(rule.awards):
                account = book.program.account_numbered(award.point_account)
                deposit = Deposit(account.id, award.amount, None, event_id, "user_event", award.point_source_id)
                line = book.deposit(deposit, place, now)[0]
                outcomes.append(Outcome(account.id, account.name, number(line.amount), number(line.available)))
            book.promote(now)
            book.changes.append(AddUserEvent(customer.number, event_id, lookup, now))
            told = UserEvent(event_id, retailer_id, customer.id, lookup, rule.name, times.incentives_time(now))
            return Triggered(told, event_saved_successfully=True, rules_processed_successfully=True, outcomes=outcomes)

        return await with_book(house, caller.organization, customer, act)

    return await move(house, caller.organization, user_id, decide)
