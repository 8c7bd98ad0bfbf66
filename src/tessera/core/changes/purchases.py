"""Writes of purchases and returns: each once, with what it earned or took back."""

from tessera.core.changes.change import Change


class AddPurchase(Change, frozen=True):
    """A purchase or return of a customer, who is there; its ids are free in the organization.

    `fingerprint` is what must be the same when the transaction is sent again, `details` what the till said, as JSON.
    """

    customer: int
    id: str
    request_id: str
    transaction_id: str
    fingerprint: str
    kind: str
    original_id: str | None
    subtotal: int
    details: str
    recorded_at: int


class AddPurchaseAward(Change, frozen=True):
    """The award of one rule for a purchase or return: `amount` for `base`, in units, by an entry of the ledger.

    `excluded` are the items that did not count, as JSON. Nothing was moved without an `entry_id`.
    """

    customer: int
    purchase_id: str
    place: int
    rule_id: str
    point_account: int
    amount: int
    base: int
    excluded: str
    entry_id: str | None
