"""Purchases and returns: what a till tells of one, what it earns by the program, and what a return takes back.

Amounts of money and of points are in units. A return never takes more than purchases earned, nor more than the
customer has, unless the point account may be overdrawn.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tessera.core.event_types import PointsOfTransaction, TransactionRecorded
from tessera.core.loyalty.ledger_session import LedgerSession
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import number
from tessera.core.loyalty.purchase_rules import Eligible, Item, PurchaseRule, due_back, earned, eligible

REFERENCE_TYPE = "transaction"
"""The reference type of entries that a transaction made; their reference id is its `transaction_id`."""


class Kind(StrEnum):
    """The kinds of transactions."""

    PURCHASE = "purchase"
    RETURN = "return"


class Transaction(msgspec.Struct, frozen=True):
    """A purchase or a return as a till tells it: `subtotal` is positive for both, `details` is everything, as JSON.

    `content` is that without what names the customer and what can be spelled in several ways, as JSON. `sent_ids` are
    the request id and the transaction id as they came: transactions of before their one form are found by these.
    """

    kind: Kind
    request_id: str
    transaction_id: str
    original_transaction_id: str | None
    channel: str | None
    subtotal: int
    items: tuple[Item, ...]
    details: str
    content: str
    sent_ids: tuple[str, str]

    def fingerprint(self) -> str:
        """Hash what the transaction comes to, however it is spelled. Stored purchases keep it: never change it."""
        return self._hashed(self.content)

    def recognizes(self, fingerprint: str) -> bool:
        """Tell whether a purchase with this fingerprint is the same; those of earlier versions hash the details."""
        return fingerprint in (self.fingerprint(), self._hashed(self.details))

    def _hashed(self, text: str) -> str:
        said = [self.kind, self.transaction_id, self.original_transaction_id, text]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:32]


class Purchase(msgspec.Struct, frozen=True, gc=False):
    """A purchase or return that was recorded, of a customer (by number). `original_id` is that of what came back."""

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


class Award(NamedTuple):
    """The points of one rule for a transaction, negative when taken back; `base` is the money that counted."""

    rule_id: str
    point_account: int
    amount: int
    base: int
    excluded: tuple[str, ...]
    entry_id: str | None


class Earlier(NamedTuple):
    """The history that a return is decided on.

    `awards` are those of the purchase that it names, None when it names none; `returned` is how much of that came back
    so far, by rule. `earned` is what all purchases of the customer earned less what came back, by point account.
    """

    awards: Sequence[Award] | None
    returned: Mapping[str, int]
    earned: Mapping[int, int]


def sell(session: LedgerSession, sale: Transaction, now: int) -> list[Award]:
    """Earn what the program gives for a purchase. Raises MissingData, Validation."""
    awards: list[Award] = []
    for rule, base in _counted(session, sale):
        amount = earned(rule, base.amount) if base.amount >= rule.minimum else 0
        if not amount:
            continue
        account = session.program.account_numbered(rule.point_account)
        deposit = Deposit(
            point_account_id=account.id,
            amount=amount,
            idempotency_id=None,
            reference_id=sale.transaction_id,
            reference_type=REFERENCE_TYPE,
            point_source_id=rule.point_source_id,
        )
        session.deposit(deposit, len(awards), now)
        awards.append(
            Award(
                rule_id=rule.id,
                point_account=account.number,
                amount=amount,
                base=base.amount,
                excluded=base.excluded,
                entry_id=session.last_entry_id(),
            )
        )
    if awards:
        session.promote(now)
    return awards


def take_back(session: LedgerSession, given_back: Transaction, earlier: Earlier, now: int) -> list[Award]:
    """Take back what was earned for what a customer returns. Raises MissingData, Validation."""
    left = dict(earlier.earned)
    awards: list[Award] = []
    for rule_id, number_, due, base in _due(session, given_back, earlier):
        account = session.program.account_numbered(number_)
        balance = session.balances.get(account.number)
        there = 0 if balance is None else balance.available
        amount = min(due, max(0, left.get(account.number, 0)), due if account.overdraw else max(0, there))
        entry_id = None
        if amount:
            spend = Spend(
                point_account_ids=(account.id,),
                amount=amount,
                idempotency_id=None,
                reference_id=given_back.transaction_id,
                reference_type=REFERENCE_TYPE,
                force_spend=account.overdraw,
                is_return=True,
            )
            session.spend(spend, len(awards), now)
            entry_id = session.last_entry_id()
            left[account.number] -= amount
        awards.append(
            Award(
                rule_id=rule_id,
                point_account=account.number,
                amount=-amount,
                base=base.amount,
                excluded=base.excluded,
                entry_id=entry_id,
            )
        )
    return awards


def _counted(session: LedgerSession, told: Transaction) -> Iterator[tuple[PurchaseRule, Eligible]]:
    for rule in session.program.purchase_rules:
        if rule.applies_to(told.channel):
            yield rule, eligible(told.subtotal, told.items, rule.excluded_items)


def _due(session: LedgerSession, given_back: Transaction, earlier: Earlier) -> Iterator[tuple[str, int, int, Eligible]]:
    """Yield the points due back by each rule, before any limit: rule, point account, amount, eligible money."""
    if earlier.awards is None:
        for rule, base in _counted(session, given_back):
            yield rule.id, rule.point_account, earned(rule, base.amount), base
        return
    for award in earlier.awards:
        base = eligible(given_back.subtotal, given_back.items, award.excluded)
        before = earlier.returned.get(award.rule_id, 0)
        due = due_back(award.amount, award.base, before + base.amount) - due_back(award.amount, award.base, before)
        yield award.rule_id, award.point_account, due, base


def recorded(
    session: LedgerSession, purchase: Purchase, customer_id: str, awards: Sequence[Award]
) -> TransactionRecorded:
    """Return the event that tells of a recorded transaction."""
    moved = [
        PointsOfTransaction(
            award.entry_id, session.program.account_numbered(award.point_account).id, number(award.amount)
        )
        for award in awards
        if award.entry_id is not None
    ]
    return TransactionRecorded(
        retailer_id=session.program.retailer_id,
        user_id=customer_id,
        id=purchase.id,
        kind=purchase.kind,
        subtotal=number(purchase.subtotal),
        points=moved,
    )
