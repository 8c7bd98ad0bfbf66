"""Lots of points: what was deposited that ends at one moment, and what was left of it then."""

DEPOSITED = (
    "select point_account, expires_at, sum(amount) from ledger_entry where customer = :customer"
    " and number > :after and number <= :through and amount > 0 group by point_account, expires_at"
)
EXPIRED = (
    "select point_account, occurred_at, -sum(amount) from ledger_entry where customer = :customer"
    " and number > :after and number <= :through and kind = 'expire' group by point_account, occurred_at"
)
