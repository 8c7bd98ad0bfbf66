"""Points: amounts, accounts, balances, and the view of all balances of a customer (`PAB` on the wire).

An amount is an integer number of units, ten thousand to a point: exact, and the same on every database.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

import msgspec

from tessera.core.errors import ArgumentError, Validation
from tessera.core.times import DAY

UNITS = 10_000
"""Units in a point: amounts have at most four decimals."""

AMOUNT_MAX = 10**11 * UNITS
"""The most that one entry or balance may hold, so that sums stay exact in JSON and far from 2^63."""

_SMALLEST = Decimal(1) / UNITS

_NOISE = Decimal("1e-9")
"""Below this, a difference comes from arithmetic on binary fractions: 0.1 + 0.2 is 0.30000000000000004 there."""

SPEND = "Spend"
TIER = "Tier"


class PointAccount(msgspec.Struct, frozen=True):
    """A kind of points of one organization.

    `grouping_label` says what they count for: `Spend`, `Tier`, or neither. Points deposited live `lifetime_days`, for
    ever when None. `overdraw` lets a forced spend take the balance below 0. A retired account takes no deposits.
    """

    number: int
    id: str
    name: str
    grouping_label: str
    lifetime_days: int | None = None
    overdraw: bool = False
    retired: bool = False


class PointSource(msgspec.Struct, frozen=True):
    """Where an organization's points come from: a campaign, a shop, a partner."""

    number: int
    id: str
    name: str
    retired: bool = False


class Lot(NamedTuple):
    """Points that end together; amounts in units."""

    expires_at: int
    remaining: int


class Balance(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one customer has in one point account; amounts in units. `id` is the user point account's id.

    `lots` are those of the available points that expire, the first to end first; others never do.
    """

    point_account: int
    id: str
    available: int
    life_time: int
    lots: list[Lot] = []


class BalanceView(msgspec.Struct, frozen=True, gc=False):
    """One account of a customer on the wire."""

    account_name: str
    user_point_account_id: str
    point_account_id: str
    grouping_label: str
    available_balance: int | float
    life_time_value: int | float


class Summary(msgspec.Struct, frozen=True, gc=False):
    """Sums over all accounts of a customer, on the wire."""

    total_points: int | float
    life_time_points: int | float


class BalancesView(msgspec.Struct, frozen=True, gc=False):
    """All balances of a customer (`PAB` in the contract)."""

    retailer_id: str
    user_id: str
    summary: Summary
    details: list[BalanceView]


def units(value: object, field: str) -> int:
    """An amount in points as sent, in units, rounded half-even when it is less than `_NOISE` off four decimals.

    Raises ArgumentError when it is not a finite number or has more than four decimals, Validation when it is out of
    range; both name `field`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise ArgumentError(f"{field} must be a number.", sent=value)
    amount = Decimal(value)
    if not amount.is_finite():
        raise ArgumentError(f"{field} must be a finite number.")
    # Neither copying the sign nor comparing rounds or overflows, as arithmetic on a number of any length would.
    if amount.copy_abs() > AMOUNT_MAX // UNITS + 1:
        raise _too_much(field, value)
    rounded = amount.quantize(_SMALLEST, ROUND_HALF_EVEN)
    if not rounded - _NOISE < amount < rounded + _NOISE:
        raise ArgumentError(f"{field} has more than four decimals.", sent=value)
    if rounded.copy_abs() > AMOUNT_MAX // UNITS:
        raise _too_much(field, value)
    return int(rounded * UNITS)


def _too_much(field: str, value: object) -> Validation:
    most = AMOUNT_MAX // UNITS
    return Validation(f"{field} must be from -{most} to {most}.", sent=value)


def number(amount: int) -> int | float:
    """An amount in units as the JSON number of points; exact within `AMOUNT_MAX`."""
    whole, rest = divmod(amount, UNITS)
    return amount / UNITS if rest else whole


def available(accounts: tuple[PointAccount, ...], balances: dict[int, Balance], grouping_label: str) -> int:
    """The sum of available balances over the accounts with this label, in units."""
    total = 0
    for account in accounts:
        if account.grouping_label == grouping_label:
            balance = balances.get(account.number)
            if balance is not None:
                total += balance.available
    return total


def expiry(account: PointAccount, deposited_at: int) -> int | None:
    """When points deposited at this moment end: with the UTC day in which their lifetime does; None for never."""
    if account.lifetime_days is None:
        return None
    return ((deposited_at + account.lifetime_days * DAY) // DAY + 1) * DAY


def deposited(balance: Balance, amount: int, expires_at: int | None = None) -> Balance:
    """The balance after a deposit of `amount` units, of which those that do not fill a debt end at `expires_at`.

    Raises Validation when the amount is not positive or the balance would pass `AMOUNT_MAX`.
    """
    if amount <= 0:
        raise Validation("amount must be more than 0.", sent=number(amount))
    if max(balance.available, balance.life_time) + amount > AMOUNT_MAX:
        raise Validation(f"The balance would pass {AMOUNT_MAX // UNITS} points.")
    available = balance.available + amount
    lots = balance.lots
    if expires_at is not None and available > 0:
        lots = _with_lot(lots, Lot(expires_at, min(amount, available)))
    return Balance(balance.point_account, balance.id, available, balance.life_time + amount, lots)


def _with_lot(lots: list[Lot], added: Lot) -> list[Lot]:
    same = sum(lot.remaining for lot in lots if lot.expires_at == added.expires_at)
    others = [lot for lot in lots if lot.expires_at != added.expires_at]
    return sorted([*others, Lot(added.expires_at, added.remaining + same)])


def taken(balance: Balance, amount: int, *, returned: bool = False) -> Balance:
    """The balance after `amount` units are taken from it, those that end first first.

    `returned` says that they should never have been earned: then they do not count for the life time either.
    Whether there are enough is for the caller to have seen to.
    """
    lots = []
    left = amount
    for lot in balance.lots:
        used = min(left, lot.remaining)
        left -= used
        if used < lot.remaining:
            lots.append(Lot(lot.expires_at, lot.remaining - used))
    life_time = balance.life_time - amount if returned else balance.life_time
    return Balance(balance.point_account, balance.id, balance.available - amount, life_time, lots)


def combined(one: Balance, other: Balance) -> Balance:
    """The balance of two customers who are one, under the id of the first. Raises Validation past `AMOUNT_MAX`.

    Where one of them was overdrawn, that is paid with the points that end first.
    """
    available, life_time = one.available + other.available, one.life_time + other.life_time
    if max(abs(available), life_time) > AMOUNT_MAX:
        raise Validation(f"The balance would pass {AMOUNT_MAX // UNITS} points.")
    lots = one.lots
    for lot in other.lots:
        lots = _with_lot(lots, lot)
    debt = max(0, -one.available) + max(0, -other.available)
    return taken(Balance(one.point_account, one.id, available + debt, life_time, lots), debt)


def view(
    retailer_id: str, user_id: str, accounts: tuple[PointAccount, ...], balances: dict[int, Balance]
) -> BalancesView:
    """All balances of a customer as the wire has them; an account never touched has an empty user account id."""
    details = []
    total = life_time = 0
    for account in accounts:
        balance = balances.get(account.number)
        if balance is None:
            if account.retired:
                continue
            details.append(
                BalanceView(
                    account_name=account.name,
                    user_point_account_id="",
                    point_account_id=account.id,
                    grouping_label=account.grouping_label,
                    available_balance=0,
                    life_time_value=0,
                )
            )
            continue
        total += balance.available
        life_time += balance.life_time
        details.append(
            BalanceView(
                account_name=account.name,
                user_point_account_id=balance.id,
                point_account_id=account.id,
                grouping_label=account.grouping_label,
                available_balance=number(balance.available),
                life_time_value=number(balance.life_time),
            )
        )
    return BalancesView(retailer_id, user_id, Summary(number(total), number(life_time)), details)
