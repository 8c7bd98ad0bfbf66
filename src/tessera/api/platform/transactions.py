"""Transactions as a till sends them, and what they come to, however they are spelled."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tessera.api.platform import fields
from tessera.app.loyalty.purchases import ORIGINAL
from tessera.core import external_ids, times
from tessera.core.errors import ArgumentError, Validation
from tessera.core.loyalty.points import UNITS, number, units
from tessera.core.loyalty.purchase_rules import Item, folded
from tessera.core.loyalty.purchases import Kind, Transaction
from tessera.core.text import Line, Text, json_text

PAYLOAD = "request_payload"

ITEMS_MAX = 500
PAYMENTS_MAX = 50
DISCOUNTS_MAX = 200

KINDS = {
    "purchase": Kind.PURCHASE,
    "sale": Kind.PURCHASE,
    "refund": Kind.RETURN,
    "return": Kind.RETURN,
}
"""The words that `type` of a transaction may have, in any case."""

Money = Annotated[
    Any, Meta(description="an amount of the currency, at most four decimals", extra_json_schema={"type": "number"})
]
Quantity = Annotated[Any, Meta(description="at most four decimals", extra_json_schema={"type": "number"})]


class TransactionItem(msgspec.Struct, frozen=True):
    """One line of a receipt; without a `subtotal` it costs `quantity` times `unit_price`."""

    item_id: Line | None = None
    line_id: Line | None = None
    name: Line | None = None
    quantity: Quantity | None = None
    unit_price: Money | None = None
    subtotal: Money | None = None


class TransactionPayment(msgspec.Struct, frozen=True):
    """One payment; `user_id` names the customer who paid, `user_id_type` says how."""

    payment_id: Line | None = None
    amount: Money | None = None
    type: Line | None = None
    user_id: Text | None = None
    user_id_type: Text | None = None


class TransactionDiscount(msgspec.Struct, frozen=True):
    """One discount. It changes nothing of what is earned: the subtotal is what is left after it."""

    discount_id: Line | None = None
    name: Line | None = None
    amount: Money | None = None


class TransactionDetails(msgspec.Struct, frozen=True):
    """A purchase or a return as a till describes it."""

    transaction_id: Line
    subtotal: Money
    channel: Line | None = None
    type: Text | None = None
    original_transaction_id: Line | None = None
    open_time: Text | None = None
    modified_time: Text | None = None
    items: Annotated[list[TransactionItem], Meta(max_length=ITEMS_MAX)] = []
    payments: Annotated[list[TransactionPayment], Meta(max_length=PAYMENTS_MAX)] = []
    discounts: Annotated[list[TransactionDiscount], Meta(max_length=DISCOUNTS_MAX)] = []


class TransactionRequest(msgspec.Struct, frozen=True):
    """Body of `send_transaction`; `client_id` is the retailer id."""

    store_id: Line
    client_id: Text
    request_id: Line
    request_payload: TransactionDetails
    user_id: Text | None = None
    user_id_type: Text | None = None


def transaction(asked: TransactionRequest) -> Transaction:
    """Return the transaction, ids in their one form and amounts in units. Raises ArgumentError, Validation."""
    told = asked.request_payload
    subtotal = units(told.subtotal, f"{PAYLOAD}.subtotal")
    kind = _kind(told, subtotal)
    if told.original_transaction_id is not None and kind is Kind.PURCHASE:
        raise Validation(f"{ORIGINAL} is for returns.", sent=told.original_transaction_id)
    details = _details(asked, subtotal)
    return Transaction(
        kind=kind,
        request_id=external_ids.checked(asked.request_id, "request_id"),
        transaction_id=external_ids.checked(told.transaction_id, f"{PAYLOAD}.transaction_id"),
        original_transaction_id=_id(told.original_transaction_id, ORIGINAL),
        channel=told.channel,
        subtotal=abs(subtotal),
        items=_items(kind, told.items),
        details=json_text(details),
        content=json_text(_content(details, subtotal)),
        sent_ids=(asked.request_id, told.transaction_id),
    )


def _kind(told: TransactionDetails, subtotal: int) -> Kind:
    """A return has a negative subtotal or says so, itself or in its payments. Raises ArgumentError, Validation."""
    said = None
    if told.type is not None:
        said = KINDS.get(told.type.strip().casefold())
        if said is None:
            names = list(KINDS)
            allowed = f"{', '.join(names[:-1])} or {names[-1]}"
            raise ArgumentError(f"{PAYLOAD}.type must be {allowed}.", sent=told.type)
    elif told.payments and all((each.type or "").strip().casefold() == "refund" for each in told.payments):
        said = Kind.RETURN
    if subtotal < 0 and said is Kind.PURCHASE:
        raise Validation(
            f"{PAYLOAD}.type says that this is a purchase, and {PAYLOAD}.subtotal is negative, as that of a return is."
            " Send one or the other.",
            sent=told.type,
        )
    return Kind.RETURN if subtotal < 0 else said or Kind.PURCHASE


def _items(kind: Kind, sent: Iterable[TransactionItem]) -> tuple[Item, ...]:
    """The lines, with amounts in the direction of the transaction.

    Those of a return may be written negative or positive: their sum tells.
    """
    items = [_item(item, f"{PAYLOAD}.items[{place}]") for place, item in enumerate(sent)]
    if kind is Kind.RETURN and sum(item.amount or 0 for item in items) < 0:
        items = [item._replace(amount=None if item.amount is None else -item.amount) for item in items]
    return tuple(items)


def _item(item: TransactionItem, here: str) -> Item:
    quantity = UNITS if item.quantity is None else units(item.quantity, f"{here}.quantity")
    price = None if item.unit_price is None else units(item.unit_price, f"{here}.unit_price")
    amount = None if item.subtotal is None else units(item.subtotal, f"{here}.subtotal")
    if amount is None and price is not None:
        product = quantity * price
        amount = abs(product) // UNITS * (-1 if product < 0 else 1)
    return Item(_id(item.item_id, f"{here}.item_id"), amount)


def _id(sent: str | None, field: str) -> str | None:
    return None if sent is None else external_ids.checked(sent, field)


def _details(asked: TransactionRequest, subtotal: int) -> dict[str, object]:
    """Everything that is kept of what was sent, in one form."""
    told = asked.request_payload
    return _said(
        store_id=external_ids.checked(asked.store_id, "store_id"),
        user_id=asked.user_id,
        channel=told.channel,
        type=told.type,
        subtotal=number(subtotal),
        open_time=_time(told.open_time, f"{PAYLOAD}.open_time"),
        modified_time=_time(told.modified_time, f"{PAYLOAD}.modified_time"),
        items=[
            _said(
                item_id=_id(each.item_id, f"{PAYLOAD}.items[{place}].item_id"),
                line_id=_id(each.line_id, f"{PAYLOAD}.items[{place}].line_id"),
                name=each.name,
                quantity=_number(each.quantity, f"{PAYLOAD}.items[{place}].quantity"),
                unit_price=_number(each.unit_price, f"{PAYLOAD}.items[{place}].unit_price"),
                subtotal=_number(each.subtotal, f"{PAYLOAD}.items[{place}].subtotal"),
            )
            for place, each in enumerate(told.items)
        ],
        payments=[
            _said(
                payment_id=_id(each.payment_id, f"{PAYLOAD}.payments[{place}].payment_id"),
                amount=_number(each.amount, f"{PAYLOAD}.payments[{place}].amount"),
                type=each.type,
                user_id=each.user_id,
                user_id_type=each.user_id_type,
            )
            for place, each in enumerate(told.payments)
        ],
        discounts=[
            _said(
                discount_id=_id(each.discount_id, f"{PAYLOAD}.discounts[{place}].discount_id"),
                name=each.name,
                amount=_number(each.amount, f"{PAYLOAD}.discounts[{place}].amount"),
            )
            for place, each in enumerate(told.discounts)
        ],
    )


NAMING = frozenset({"user_id", "user_id_type"})
"""Members that name the customer, who is known once they are looked up."""


WORDS = frozenset({"channel", "type"})
"""Members that are words, in any case."""


def _content(details: Mapping[str, object], subtotal: int) -> dict[str, object]:
    """Members by which two transactions are compared: not the customer's name, the sign or the word for the kind."""
    said = {name: _plain(value, name) for name, value in details.items() if name not in NAMING | {"type"}}
    return _said(**said | {"subtotal": number(abs(subtotal))})


def _plain(value: object, name: str) -> object:
    """A value in the form in which it is compared."""
    match value:
        case str():
            return folded(value) if name in WORDS else unicodedata.normalize("NFC", value).strip()
        case list():
            return [plain for each in value if (plain := _plain(each, name))]
        case dict():
            return {member: _plain(each, member) for member, each in value.items() if member not in NAMING}
    return value


def _said(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value not in (None, [])}


def _number(value: object, field: str) -> int | float | None:
    return None if value is None else number(units(value, field))


def _time(text: str | None, field: str) -> str | None:
    return None if text is None else times.incentives_time(fields.time(text, field))
