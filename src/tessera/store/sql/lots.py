"""Lots of points: what was deposited that ends at one moment, and what was left of it then."""

import msgspec

from tessera.store.sql.statement import Select


class LotRow(msgspec.Struct, frozen=True):
    """A row of both: `amount` of points in a point account that end at one moment; at none when that is None."""

    point_account: int
    ends_at: int | None
    amount: int


DEPOSITED = Select(
    "select point_account, expires_at as ends_at, sum(amount) as amount from ledger_entry where customer = :customer"
    " and number > :after and number <= :through and amount > 0 group by point_account, expires_at",
    LotRow,
)
EXPIRED = Select(
    "select point_account, occurred_at as ends_at, -sum(amount) as amount from ledger_entry where customer = :customer"
    " and number > :after and number <= :through and kind = 'expire' group by point_account, occurred_at",
    LotRow,
)
