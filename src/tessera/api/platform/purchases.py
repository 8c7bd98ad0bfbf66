"""Purchases and returns: `/api/2.0/send_transaction`."""

from tessera.api.platform import fields
from tessera.api.platform.incentives import TAG, WHOSE, Payload, reply
from tessera.api.platform.transactions import TransactionRequest, transaction
from tessera.app.context import Context
from tessera.app.loyalty import purchases
from tessera.app.loyalty.purchases import CustomerRef, Recorded
from tessera.core.errors import ArgumentError, IdempotencyConflict, MissingData, NotFound, UserNotFound, Validation
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

OUR_ID, EXTERNAL_ID = "SessionM_ID", "External_ID"

_decode = fields.number_decoder(TransactionRequest)

SEND = Operation(
    summary="Record a purchase or a return",
    tag=TAG,
    reply=Payload[Recorded],
    body=TransactionRequest,
    scope="loyalty:write",
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


def routes(context: Context) -> list[Route]:
    """The routes of purchases."""

    async def send(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:write")
        asked = fields.decode(_decode, await request.body(fields.BODY_BYTES_MAX))
        return reply(await purchases.record(context, caller, asked.client_id, _named(asked), transaction(asked)))

    path = "/api/2.0/send_transaction"
    return [Route("POST", path, send, PLATFORM, SEND), Route("POST", f"/transactions{path}", send, PLATFORM, SEND)]


def _named(asked: TransactionRequest) -> list[CustomerRef]:
    """Every member that names the customer, the first to count first. Raises MissingData, ArgumentError."""
    found = []
    if asked.user_id is not None:
        found.append(CustomerRef(asked.user_id, _is_external(asked.user_id_type, "user_id_type"), "user_id"))
    for place, payment in enumerate(asked.request_payload.payments):
        here = f"request_payload.payments[{place}]"
        external = _is_external(payment.user_id_type, f"{here}.user_id_type")
        if payment.user_id is not None:
            found.append(CustomerRef(payment.user_id, external, f"{here}.user_id"))
    if not found:
        raise MissingData("The field user_id is missing, and no payment has one.")
    return found


def _is_external(sent: str | None, field: str) -> bool | None:
    if sent is None:
        return None
    if sent.casefold() not in (OUR_ID.casefold(), EXTERNAL_ID.casefold()):
        raise ArgumentError(f"{field} must be {OUR_ID} or {EXTERNAL_ID}.", sent=sent)
    return sent.casefold() == EXTERNAL_ID.casefold()
