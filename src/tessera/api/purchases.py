"""Purchases and returns: `/api/2.0/send_transaction`."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tessera.api import fields
from tessera.api.incentives import TAG, WHOSE, Payload, reply
from tessera.app import purchases
from tessera.app.customers import json_text
from tessera.app.house import House
from tessera.app.purchases import ORIGINAL, Named, Recorded
from tessera.core import times
from tessera.core.errors import ArgumentError, IdempotencyConflict, MissingData, NotFound, UserNotFound, Validation
from tessera.core.loyalty.points import UNITS, number, units
from tessera.core.loyalty.purchase_rules import Item
from tessera.core.loyalty.purchases import Kind, Transaction
from tessera.core.texts import Line, Text
from tessera.web import guard
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route

ITEMS_MAX = 500
PAYMENTS_MAX = 50
DISCOUNTS_MAX = 200

OUR_ID, EXTERNAL_ID = "SessionM_ID", "External_ID"

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


_decode = fields.number_decoder(TransactionRequest)

SEND = Operation(
    "Record a purchase or a return",
    TAG,
    Payload[Recorded],
    TransactionRequest,
    "loyalty:write",
    refusals=(NotFound, UserNotFound, Validation, IdempotencyConflict),
    description="Records a purchase of a customer with the points that it earns by the program, or a return with the"
    " points that it takes back. The customer is `user_id`, or else that of the first payment that names one. The same"
    " `transaction_id` or `request_id` again is answered as the first time.",
    example={
        "store_id": "riverton-1",
        "client_id": WHOSE["retailer_id"],
        "user_id": WHOSE["user_id"],
        "request_id": "till-7-1042",
        "request_payload": {
            "transaction_id": "riverton-1-1042",
            "channel": "store",
            "subtotal": 12.5,
            "items": [{"item_id": "flat-white", "quantity": 2, "unit_price": 6.25}],
        },
    },
)


def routes(house: House) -> list[Route]:
    """The routes of purchases."""

    async def send(request: Request) -> Response:
        caller = await guard.caller(house, request, "loyalty:write")
        asked = fields.decode(_decode, await request.body(fields.BODY_BYTES_MAX))
        return reply(await purchases.record(house, caller, asked.client_id, _named(asked), _transaction(asked)))

    path = "/api/2.0/send_transaction"
    return [Route("POST", path, send, SEND), Route("POST", f"/transactions{path}", send, SEND)]


def _named(asked: TransactionRequest) -> list[Named]:
    """Every member that names the customer, the first to count first. Raises MissingData, ArgumentError."""
    found = []
    if asked.user_id is not None:
        found.append(Named(asked.user_id, _is_external(asked.user_id_type, "user_id_type"), "user_id"))
    for place, payment in enumerate(asked.request_payload.payments):
        here = f"request_payload.payments[{place}]"
        external = _is_external(payment.user_id_type, f"{here}.user_id_type")
        if payment.user_id is not None:
            found.append(Named(payment.user_id, external, f"{here}.user_id"))
    if not found:
        raise MissingData("The field user_id is missing, and no payment has one.")
    return found


def _is_external(sent: str | None, field: str) -> bool | None:
    if sent is None:
        return None
    if sent.casefold() not in (OUR_ID.casefold(), EXTERNAL_ID.casefold()):
        raise ArgumentError(f"{field} must be {OUR_ID} or {EXTERNAL_ID}.", sent=sent)
    return sent.casefold() == EXTERNAL_ID.casefold()


def _transaction(asked: TransactionRequest) -> Transaction:
    """Return the transaction that was sent, with amounts in units. Raises ArgumentError, Validation."""
    told = asked.request_payload
    subtotal = units(told.subtotal, "request_payload.subtotal")
    kind = _kind(told, subtotal)
    if told.original_transaction_id is not None and kind is Kind.PURCHASE:
        raise Validation(f"{ORIGINAL} is for returns.")
    items = list(_items(told.items))
    return Transaction(
        kind,
        asked.request_id,
        told.transaction_id,
        told.original_transaction_id,
        told.channel,
        abs(subtotal),
        tuple(items),
        json_text(_details(asked, subtotal)),
    )


def _kind(told: TransactionDetails, subtotal: int) -> Kind:
    """A return has a negative subtotal or says so, itself or in all of its payments. Raises ArgumentError."""
    said = Kind.PURCHASE
    if told.type is not None:
        word = told.type.strip().casefold()
        if word not in KINDS:
            raise ArgumentError(f"request_payload.type must be {', '.join(list(KINDS)[:-1])} or {list(KINDS)[-1]}.")
        said = KINDS[word]
    elif told.payments and all((each.type or "").strip().casefold() == "refund" for each in told.payments):
        said = Kind.RETURN
    return Kind.RETURN if subtotal < 0 else said


def _items(sent: Iterable[TransactionItem]) -> Iterator[Item]:
    for place, item in enumerate(sent):
        here = f"request_payload.items[{place}]"
        quantity = UNITS if item.quantity is None else units(item.quantity, f"{here}.quantity")
        price = None if item.unit_price is None else units(item.unit_price, f"{here}.unit_price")
        subtotal = None if item.subtotal is None else units(item.subtotal, f"{here}.subtotal")
        if subtotal is None and price is not None:
            subtotal = quantity * price // UNITS
        yield Item(item.item_id, subtotal)


def _details(asked: TransactionRequest, subtotal: int) -> dict[str, object]:
    """Everything that is kept of what was sent, in one form, so that the same content is the same text."""
    told = asked.request_payload
    return _said(
        store_id=asked.store_id,
        user_id=asked.user_id,
        channel=told.channel,
        type=told.type,
        subtotal=number(subtotal),
        open_time=_time(told.open_time, "request_payload.open_time"),
        modified_time=_time(told.modified_time, "request_payload.modified_time"),
        items=[
            _said(
                item_id=each.item_id,
                line_id=each.line_id,
                name=each.name,
                quantity=_number(each.quantity, f"request_payload.items[{place}].quantity"),
                unit_price=_number(each.unit_price, f"request_payload.items[{place}].unit_price"),
                subtotal=_number(each.subtotal, f"request_payload.items[{place}].subtotal"),
            )
            for place, each in enumerate(told.items)
        ],
        payments=[
            _said(
                payment_id=each.payment_id,
                amount=_number(each.amount, f"request_payload.payments[{place}].amount"),
                type=each.type,
                user_id=each.user_id,
                user_id_type=each.user_id_type,
            )
            for place, each in enumerate(told.payments)
        ],
        discounts=[
            _said(
                discount_id=each.discount_id,
                name=each.name,
                amount=_number(each.amount, f"request_payload.discounts[{place}].amount"),
            )
            for place, each in enumerate(told.discounts)
        ],
    )


def _said(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value not in (None, [])}


def _number(value: object, field: str) -> int | float | None:
    return None if value is None else number(units(value, field))


def _time(text: str | None, field: str) -> str | None:
    return None if text is None else times.incentives_time(fields.time(text, field))
