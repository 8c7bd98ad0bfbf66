"""Lots: the points of one account that end together, and how much of each deposit in a lot was used.

Points are taken from the lot that ends first and, within a lot, from the deposit that was made first. So the points
that are left in a lot are those of its latest deposits, and nothing has to be kept for each deposit.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.points import Balance

Lots = Mapping[tuple[int, int | None], int]
"""Units by lot: the number of its point account, and when it ends (None for never)."""


class Used(NamedTuple):
    """The units of one deposit that were taken, and those that expired; both 0 for an entry that took points."""

    spent: int
    expired: int


NOTHING = Used(0, 0)


def remaining(balances: Sequence[Balance]) -> Lots:
    """The units that are left in each lot."""
    left: dict[tuple[int, int | None], int] = {}
    for balance in balances:
        ending = 0
        for lot in balance.lots:
            left[balance.point_account, lot.expires_at] = lot.remaining
            ending += lot.remaining
        left[balance.point_account, None] = max(0, balance.available - ending)
    return left


def uses(newest_first: Sequence[Entry], later: Lots, expired: Lots, left: Lots) -> list[Used]:
    """The use of each of these entries, which follow one another in the ledger.

    `later` is what was deposited after them, `expired` what expired after the first of them, `left` what is left now.
    """
    after = dict(later)
    found = []
    for entry in newest_first:
        if entry.amount <= 0:
            found.append(NOTHING)
            continue
        lot = entry.point_account, entry.expires_at
        gone = expired.get(lot, 0)
        unspent = min(max(left.get(lot, 0) + gone - after.get(lot, 0), 0), entry.amount)
        found.append(Used(entry.amount - unspent, unspent if gone else 0))
        after[lot] = after.get(lot, 0) + entry.amount
    return found
