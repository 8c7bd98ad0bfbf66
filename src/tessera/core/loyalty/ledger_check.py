"""The proof of a standing: what ledger and history of memberships say, held against what is kept beside them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tessera.core.loyalty.ledger_session import due_at
from tessera.core.loyalty.points import Balance
from tessera.core.loyalty.standing import Standing


class LedgerSum(NamedTuple):
    """What a customer's entries sum up to in one point account; amounts in units."""

    point_account: int
    available: int
    life_time: int
    entries: int
    last_number: int


class Held(NamedTuple):
    """A level that the history says is held now."""

    tier_system: int
    tier_level: int
    id: str
    joined_at: int


def disagreements(
    standing: Standing, due: int | None, sums: Sequence[LedgerSum], held: Sequence[Held]
) -> Iterator[str]:
    """Everything in which a standing is not what its records say, a sentence each.

    `due` is None for a customer to whom nothing falls due any more.
    """
    yield from _balances(standing.balances, {each.point_account: each for each in sums})
    entries = sum(each.entries for each in sums)
    last = max((each.last_number for each in sums), default=0)
    if not standing.entries == entries == last:
        yield f"it counts {standing.entries} entries, the ledger has {entries}, the last numbered {last}"
    kept = sorted(Held(each.tier_system, each.tier_level, each.id, each.joined_at) for each in standing.memberships)
    if kept != sorted(held):
        yield "its levels are not those of the history"
    if due is not None and due != due_at(standing.balances, standing.memberships):
        yield "it does not fall due when its points expire or its levels are looked at"


def _balances(balances: Sequence[Balance], sums: dict[int, LedgerSum]) -> Iterator[str]:
    for balance in balances:
        told = sums.pop(balance.point_account, LedgerSum(balance.point_account, 0, 0, 0, 0))
        if balance.available != told.available:
            yield (
                f"point account {balance.point_account} has {balance.available} units, its entries sum up to"
                f" {told.available}"
            )
        if balance.life_time != told.life_time:
            yield (
                f"point account {balance.point_account} has earned {balance.life_time} units, its entries say"
                f" {told.life_time}"
            )
        if sum(lot.remaining for lot in balance.lots) > max(0, balance.available):
            yield f"point account {balance.point_account} has more points that expire than it has"
    for account in sums:
        yield f"point account {account} has entries and no balance"
