"""Purchases and returns."""

import msgspec

from tessera.core import changes
from tessera.core.loyalty.purchases import Purchase
from tessera.store.sql.statement import Select, Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddPurchase: (
        Statement(
            "insert into purchase (customer, id, organization, request_id, transaction_id, fingerprint, kind,"
            " original_id, subtotal, details, recorded_at) select c.number, :id, c.organization, :request_id,"
            " :transaction_id, :fingerprint, :kind, :original_id, :subtotal, :details, :recorded_at from customer c"
            " where c.number = :customer and c.forgotten_at is null on conflict do nothing",
            "the customer is there and the transaction's ids are free",
        ),
    ),
    changes.AddPurchaseAward: (
        Statement(
            "insert into purchase_award (customer, purchase_id, place, rule_id, point_account, amount, base, excluded,"
            " entry_id) values (:customer, :purchase_id, :place, :rule_id, :point_account, :amount, :base, :excluded,"
            " :entry_id) on conflict do nothing",
            "the award's place is free",
        ),
    ),
}

_PURCHASE = (
    "select customer, id, request_id, transaction_id, fingerprint, kind, original_id, subtotal, details, recorded_at"
    " from purchase"
)
PURCHASES_WITH_IDS = Select(
    f"{_PURCHASE} where organization = :organization and transaction_id = :transaction_id union all"
    f" {_PURCHASE} where organization = :organization and request_id = :request_id"
    " and transaction_id <> :transaction_id",
    Purchase,
)
PURCHASES_OF = Select(f"{_PURCHASE} where customer = :customer and id > :after order by id limit :limit", Purchase)


class AwardRow(msgspec.Struct, frozen=True):
    """A row of `AWARDS`; `excluded` is a JSON array of names."""

    rule_id: str
    point_account: int
    amount: int
    base: int
    excluded: str
    entry_id: str | None


class ReturnedRow(msgspec.Struct, frozen=True):
    """A row of `RETURNED`: how much of what a rule counted was returned."""

    rule_id: str
    base: int


class EarnedRow(msgspec.Struct, frozen=True):
    """A row of `EARNED`."""

    point_account: int
    amount: int


AWARDS = Select(
    "select rule_id, point_account, amount, base, excluded, entry_id from purchase_award"
    " where customer = :customer and purchase_id = :purchase_id order by place",
    AwardRow,
)
RETURNED = Select(
    "select a.rule_id, sum(a.base) as base from purchase p join purchase_award a"
    " on a.customer = p.customer and a.purchase_id = p.id"
    " where p.customer = :customer and p.original_id = :purchase_id group by a.rule_id",
    ReturnedRow,
)
EARNED = Select(
    "select point_account, sum(amount) as amount from purchase_award where customer = :customer group by point_account",
    EarnedRow,
)
