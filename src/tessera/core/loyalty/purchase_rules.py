"""Earning rules for purchases: how much of a purchase counts, and how many points that earns.

Amounts of money are in units as points are (`points.UNITS`): at most four decimals, whatever the currency.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tessera.core import external_ids
from tessera.core.errors import MissingData
from tessera.core.loyalty.points import UNITS


class Rounding(StrEnum):
    """The rounding of earned points to whole points; `none` keeps four decimals, rounded down."""

    DOWN = "down"
    UP = "up"
    NEAREST = "nearest"
    NONE = "none"


class PurchaseRule(msgspec.Struct, frozen=True):
    """An earning rule for one point account (by number): `points` for each `per` of the currency, both in units.

    Purchases below `minimum` earn nothing. `channels` limits the rule to these, unless it is empty; `excluded_items`
    do not count. One that is retired earns nothing.
    """

    number: int
    id: str
    name: str
    point_account: int
    points: int
    per: int
    rounding: str
    minimum: int
    channels: tuple[str, ...] = ()
    excluded_items: tuple[str, ...] = ()
    point_source_id: str | None = None
    retired: bool = False

    def applies_to(self, channel: str | None) -> bool:
        """Tell whether purchases of this channel earn by the rule, in any case."""
        return not self.channels or (channel is not None and folded(channel) in map(folded, self.channels))


class Item(NamedTuple):
    """A line of a purchase or return: `amount` in units, None where the till did not say.

    It has the sign of its direction: what is given back in a purchase is negative, as is what is bought in a return.
    """

    item_id: str | None
    amount: int | None


class Eligible(NamedTuple):
    """The part of a purchase that counts, in units, and the items that do not."""

    amount: int
    excluded: tuple[str, ...]


def folded(channel: str) -> str:
    """A channel as it is compared."""
    return channel.strip().casefold()


def eligible(subtotal: int, items: Sequence[Item], excluded_items: Sequence[str]) -> Eligible:
    """Return the part of a purchase that counts. Raises MissingData for an excluded item without an amount."""
    excluded, left = set(), subtotal
    names = {external_ids.normal(each) or each for each in excluded_items}
    for place, item in enumerate(items):
        if item.item_id is None or item.item_id not in names:
            continue
        if item.amount is None:
            raise MissingData(
                f"The field request_payload.items[{place}].subtotal is missing: the program excludes this item."
            )
        excluded.add(item.item_id)
        left -= item.amount
    return Eligible(max(0, left), tuple(sorted(excluded)))


def earned(rule: PurchaseRule, amount: int) -> int:
    """The points, in units, that a rule gives for this eligible amount."""
    numerator = rule.points * amount
    match rule.rounding:
        case Rounding.NONE:
            return numerator // rule.per
        case Rounding.UP:
            return -(-numerator // (rule.per * UNITS)) * UNITS
        case Rounding.NEAREST:
            whole = rule.per * UNITS
            return (2 * numerator + whole) // (2 * whole) * UNITS
        case _:
            return numerator // (rule.per * UNITS) * UNITS


def due_back(earned_before: int, amount: int, returned: int) -> int:
    """Return the points to take back in all, of those earned for `amount`, once `returned` of it was returned.

    In proportion, rounded down to whole points where whole points were earned; all of them once everything is back.
    """
    if returned >= amount:
        return earned_before
    step = UNITS if earned_before % UNITS == 0 else 1
    return earned_before * returned // (amount * step) * step
