"""What a caller asks of the ledger: deposits and spends, and what tells one from another."""

import hashlib
from collections.abc import Sequence

import msgspec


class Deposit(msgspec.Struct, frozen=True):
    """One deposit that was asked for; `amount` in units, `point_account_id` not yet looked up."""

    point_account_id: str
    amount: int
    idempotency_id: str | None = None
    reference_id: str | None = None
    reference_type: str | None = None
    point_source_id: str | None = None


class Spend(msgspec.Struct, frozen=True):
    """One spend that was asked for: `amount` units from these point accounts, each emptied before the next.

    `force_spend` goes below 0 where an account allows it. `is_return` takes back what should not have been earned.
    """

    point_account_ids: tuple[str, ...]
    amount: int
    idempotency_id: str | None = None
    reference_id: str | None = None
    reference_type: str | None = None
    force_spend: bool = False
    is_return: bool = False


Order = Deposit | Spend


def fingerprint(order: Order | Sequence[Order]) -> str:
    """What must be the same for a repeated order, or a repeated request, to be the same one.

    Deposits and spends differ in their members. Entries keep this for ever: it may not change.
    """
    return hashlib.sha256(msgspec.json.encode(order)).hexdigest()[:32]


def request_fingerprint(orders: Sequence[Order]) -> str | None:
    """The fingerprint of a request as a whole, by which its entries find each other.

    None when it has no idempotency id to be known by, and when it can make only the one entry that bears its id.
    """
    several = len(orders) > 1 or any(isinstance(order, Spend) and len(order.point_account_ids) > 1 for order in orders)
    return fingerprint(orders) if several and any(order.idempotency_id is not None for order in orders) else None
