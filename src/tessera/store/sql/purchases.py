"""Purchases and returns."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

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
PURCHASES_WITH_IDS = (
    f"{_PURCHASE} where organization = :organization and transaction_id = :transaction_id union all"
    f" {_PURCHASE} where organization = :organization and request_id = :request_id"
    " and transaction_id <> :transaction_id"
)
PURCHASES_OF = f"{_PURCHASE} where customer = :customer and id > :after order by id limit :limit"
AWARDS = (
    "select rule_id, point_account, amount, base, excluded, entry_id from purchase_award"
    " where customer = :customer and purchase_id = :purchase_id order by place"
)
RETURNED = (
    "select a.rule_id, sum(a.base) from purchase p join purchase_award a"
    " on a.customer = p.customer and a.purchase_id = p.id"
    " where p.customer = :customer and p.original_id = :purchase_id group by a.rule_id"
)
EARNED = "select point_account, sum(amount) from purchase_award where customer = :customer group by point_account"
