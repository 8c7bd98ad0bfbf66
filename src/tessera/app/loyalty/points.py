"""Points: deposits and spends, each answered once for all, and the promotions that they earn."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.loyalty.program_lookup import known_as, own_retailer
from tessera.app.loyalty.standing_updates import NO_CUSTOMER, move, open_settled
from tessera.core.changes import Change
from tessera.core.customers.customers import Customer
from tessera.core.errors import IdempotencyConflict, NotFound, PlatformRefusal, UserNotFound, Validation
from tessera.core.loyalty import points
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.ledger_session import AppliedAmount, LedgerSession
from tessera.core.loyalty.orders import Deposit, Order, fingerprint, request_fingerprint
from tessera.core.loyalty.points import Balance, BalancesView
from tessera.core.loyalty.program import Program

Result = list[AppliedAmount] | PlatformRefusal
"""The lines that an order made, or why it made none."""


class Answer(NamedTuple):
    """What became of the orders of a request, by their place in it, and the balances after them."""

    program: Program
    user_id: str
    results: list[Result]
    balances: dict[int, Balance]


class _Replayed(NamedTuple):
    """Orders that were made before, by their place: their lines, and the balances just after the last of them."""

    results: dict[int, list[AppliedAmount]]
    balances: dict[int, Balance]


async def order(
    context: Context, caller: Caller, retailer_id: str, user_id: str, orders: Sequence[Order], *, partial: bool = False
) -> Answer:
    """Make all of the orders or none, in one commit with the promotions they earn; with `partial` those that can be.

    An order whose idempotency id is known is not made again, and answered as the first time. Raises NotFound,
    UserNotFound, Validation, IdempotencyConflict for a known id with another content, Unavailable.
    """
    program = await own_retailer(context, caller, retailer_id)
    _each_id_once(orders)
    fingerprinted = request_fingerprint(orders)
    request = fingerprinted or context.new_uuid()  # the entries of a request are known as such, whatever it sent
    known_by_id = any(order.idempotency_id is not None for order in orders)

    async def decide(customer: Customer) -> tuple[Answer, list[Change]]:
        earlier = None
        if known_by_id:
            earlier = await _made_before(context, caller.organization, customer, orders, fingerprinted)
        if earlier is not None and len(earlier.results) == len(orders):
            results: list[Result] = [earlier.results[place] for place in range(len(orders))]
            return Answer(program, customer.id, results, earlier.balances), []
        session, now = await open_settled(context, caller.organization, customer, request)
        results = _make_all(session, orders, {} if earlier is None else earlier.results, now, partial=partial)
        answer = Answer(known_as(session.program, retailer_id), customer.id, results, session.balances)
        return answer, session.close()

    return await move(context, caller.organization, user_id, decide)


def _make_all(
    session: LedgerSession,
    orders: Sequence[Order],
    before: Mapping[int, list[AppliedAmount]],
    now: int,
    *,
    partial: bool,
) -> list[Result]:
    """Make the orders that were not made before, with the promotions that they earn; the results of all."""
    results: list[Result] = []
    has_deposited = False
    for place, order in enumerate(orders):
        if place in before:
            results.append(before[place])
            continue
        result = _make(session, order, place, now, partial=partial)
        results.append(result)
        has_deposited |= isinstance(order, Deposit) and isinstance(result, list)
    if has_deposited:  # only a deposit promotes
        session.promote(now)
    return results


def _make(session: LedgerSession, order: Order, place: int, now: int, *, partial: bool) -> Result:
    """Make one order; a refusal is an answer when the others go on, and names the order otherwise."""
    try:
        return session.deposit(order, place, now) if isinstance(order, Deposit) else session.spend(order, place, now)
    except (NotFound, Validation) as refusal:
        if partial:
            return refusal
        field = "deposit_details" if isinstance(order, Deposit) else "spend_details"
        raise refusal.within(f"{field}[{place}]") from None


def _each_id_once(orders: Iterable[Order]) -> None:
    ids = [order.idempotency_id for order in orders if order.idempotency_id is not None]
    if len(set(ids)) < len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise Validation("idempotency_id stands twice in this request.", sent=twice)


async def _made_before(
    context: Context, organization: int, customer: Customer, orders: Sequence[Order], request: str | None
) -> _Replayed | None:
    """Those of the orders that the ledger has already. Raises IdempotencyConflict for an id with another content."""
    entries: dict[int, list[Entry]] = {}
    if request is not None:  # the same request again: what had no id was made with it
        for entry in await context.store.entries_of_request(customer.number, request):
            entries.setdefault(entry.place, []).append(entry)
    for place, each in enumerate(orders):
        if each.idempotency_id is None or place in entries:
            continue
        first = await context.store.entry(customer.number, each.idempotency_id)
        if first is None:
            continue
        if first.fingerprint != fingerprint(each):
            raise IdempotencyConflict(
                f"idempotency_id of detail {place} was used before, for something else."
                " Send a new id for a new operation.",
                sent=each.idempotency_id,
            )
        entries[place] = await _made_with(context, customer, first)
    if not entries:
        return None
    if max(entry.number for each in entries.values() for entry in each) > customer.stands().entries:
        known = await context.store.customer(organization, customer.id)  # they were made since the customer was read
        if known is None:
            raise UserNotFound(NO_CUSTOMER)
        customer = known
    return await _replay(context, customer, entries)


async def _made_with(context: Context, customer: Customer, first: Entry) -> list[Entry]:
    """The entries of the order of which this is the first."""
    if first.request is None:
        return [first]
    together = await context.store.entries_of_request(customer.number, first.request)
    return [entry for entry in together if entry.place == first.place]


async def _replay(context: Context, customer: Customer, entries: dict[int, list[Entry]]) -> _Replayed:
    """What was answered when these entries were made, as the ledger tells it."""
    now = {balance.point_account: balance for balance in customer.stands().balances}
    last = max(entry.number for each in entries.values() for entry in each)
    balances = {
        each.point_account: Balance(each.point_account, now[each.point_account].id, each.available, each.life_time)
        for each in await context.store.sums(customer.number, last)
    }
    results = {}
    for place, made in entries.items():
        results[place] = [
            AppliedAmount(entry.point_account, entry.amount, await _available_after(context, customer, entry))
            for entry in made
        ]
    return _Replayed(results, balances)


async def _available_after(context: Context, customer: Customer, entry: Entry) -> int:
    sums = await context.store.sums(customer.number, entry.number)
    return next(each.available for each in sums if each.point_account == entry.point_account)


async def balances(
    context: Context, caller: Caller, retailer_id: str, user_id: str, point_account_ids: Sequence[str] | None = None
) -> BalancesView:
    """The balances of a customer, in all point accounts or those named. Raises NotFound, UserNotFound."""
    program = await own_retailer(context, caller, retailer_id)
    customer = await context.store.customer(caller.organization, user_id)
    if customer is None:
        raise UserNotFound(NO_CUSTOMER)
    accounts = program.accounts
    if point_account_ids is not None:
        unknown = next((each for each in point_account_ids if program.account_with_id(each) is None), None)
        if unknown is not None:
            raise NotFound("point_account_ids names no point account of this retailer.", sent=unknown)
        named = {program.account_with_id(each) for each in point_account_ids}
        accounts = tuple(account for account in accounts if account in named)
    return points.view(program.retailer_id, customer.id, accounts, customer.balances())
