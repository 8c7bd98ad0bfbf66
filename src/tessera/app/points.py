"""Points: deposits, and the promotions they earn."""

import hashlib
from collections.abc import Sequence
from functools import partial

import msgspec

from tessera.app.callers import Caller, own_retailer, with_program
from tessera.app.customers import NO_CUSTOMER, join, json_text, maintenance_end
from tessera.app.house import House
from tessera.core.changes import AddEntry, Change, LeaveTier, SetStanding
from tessera.core.customers import Customer, Standing
from tessera.core.errors import NotFound, Unavailable, UserNotFound, Validation
from tessera.core.loyalty import points, tiers
from tessera.core.loyalty.points import Balance, BalancesView
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Membership
from tessera.ports import Conflict, Entry

ATTEMPTS_MAX = 50
"""How often a deposit is decided anew when others moved the same balance meanwhile."""

DEPOSIT = "deposit"


class Deposit(msgspec.Struct, frozen=True):
    """One deposit that was asked for; `amount` in units, `point_account_id` not yet looked up."""

    point_account_id: str
    amount: int
    idempotency_id: str | None = None
    reference_id: str | None = None
    reference_type: str | None = None
    point_source_id: str | None = None

    def fingerprint(self) -> str:
        """What must be the same for a repeated idempotency id to be the same deposit."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:32]


async def deposit(
    house: House, caller: Caller, retailer_id: str, user_id: str, deposits: Sequence[Deposit]
) -> BalancesView:
    """Make all of the deposits or none, and the promotions they earn, in one commit; the balances afterwards.

    A deposit whose idempotency id is known is not made again. Raises NotFound, UserNotFound, Validation (which
    includes a known idempotency id with another content), Unavailable when too many move the same balance.
    """
    program = await own_retailer(house, caller, retailer_id)
    for _ in range(ATTEMPTS_MAX):
        customer = await house.store.customer(caller.organization, user_id)
        if customer is None:
            raise UserNotFound(NO_CUSTOMER)
        fresh = await _not_yet_made(house, customer, program, deposits)
        decide = partial(deposit_changes, house, customer, deposits=fresh, now=house.clock.now())
        balances, changes = await with_program(house, caller, decide)
        try:
            if changes:
                await house.commit(*changes)
        except Conflict:
            continue
        return points.view(program.retailer_id, customer.id, program.accounts, balances)
    raise Unavailable("Too many deposits for this customer at once. Send it again.")


async def _not_yet_made(
    house: House, customer: Customer, program: Program, deposits: Sequence[Deposit]
) -> list[Deposit]:
    fresh = []
    seen: set[str] = set()
    for each in deposits:
        if program.account_with_id(each.point_account_id) is None:
            raise NotFound("point_account_id names no point account of this retailer.")
        if each.idempotency_id is not None:
            if each.idempotency_id in seen:
                raise Validation("idempotency_id stands twice in this request.")
            seen.add(each.idempotency_id)
            made = await house.store.entry(customer.number, each.idempotency_id)
            if made is not None:
                _same(made, each)
                continue
        fresh.append(each)
    return fresh


def _same(made: Entry, asked: Deposit) -> None:
    if made.fingerprint != asked.fingerprint():
        raise Validation("idempotency_id was used before, for a different deposit.")


def deposit_changes(
    house: House, customer: Customer, program: Program, deposits: Sequence[Deposit], now: int
) -> tuple[dict[int, Balance], list[Change]]:
    """The balances after these deposits, and the changes that bring them about, promotions included.

    Raises Validation for an amount that is not positive or a balance that would grow too large.
    """
    standing = customer.stands()
    balances = {balance.point_account: balance for balance in standing.balances}
    changes: list[Change] = []
    for each in deposits:
        account = program.account_with_id(each.point_account_id)
        if account is None:
            raise NotFound("point_account_id names no point account of this retailer.")
        balances[account.number] = points.deposited(
            balances.get(account.number) or Balance(account.number, house.new_uuid(), 0, 0), each.amount
        )
        changes.append(
            AddEntry(
                house.new_uuid(),
                customer.id,
                account.number,
                each.amount,
                DEPOSIT,
                each.idempotency_id,
                each.fingerprint(),
                each.reference_id,
                each.reference_type,
                each.point_source_id,
                now,
            )
        )
    memberships = list(standing.memberships)
    for system in program.systems:
        changes += _promote(house, customer.id, system, memberships, balances, now)
    after = Standing(list(balances.values()), memberships)
    if changes:
        changes.append(SetStanding(customer.id, json_text(after), customer.standing))
    return balances, changes


def _promote(
    house: House,
    customer_id: str,
    system: tiers.TierSystem,
    memberships: list[Membership],
    balances: dict[int, Balance],
    now: int,
) -> list[Change]:
    """Move to the level that the balances now earn, several levels at once if earned; `memberships` is updated."""
    place = next((place for place, each in enumerate(memberships) if each.tier_system == system.number), None)
    held = None if place is None else memberships[place]
    current = None if held is None else system.level(held.tier_level)
    earned = tiers.earned_level(system, current, balances)
    if earned is current:
        return []
    entered = Membership(system.number, earned.number, house.new_uuid(), now, maintenance_end(system, now))
    if place is None or held is None:
        memberships.append(entered)
        return [join(customer_id, entered)]
    memberships[place] = entered
    return [LeaveTier(held.id, now), join(customer_id, entered)]
