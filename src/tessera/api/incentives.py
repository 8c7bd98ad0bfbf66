"""The incentives API: points and tiers, under `/api/1.0` and `/incentives/api/1.0` alike."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tessera.api import fields
from tessera.app import points, tiers
from tessera.app.house import House
from tessera.app.points import Deposit
from tessera.core.customers import Text
from tessera.core.errors import NotFound, UserNotFound, Validation
from tessera.core.loyalty.points import AMOUNT_MAX, UNITS, BalancesView, units
from tessera.web import guard
from tessera.web.messages import JSON_NO_STORE_HEADERS, Handler, Request, Response, encode
from tessera.web.operations import Operation
from tessera.web.routes import Route

DEPOSITS_MAX = 100

AMOUNT = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": AMOUNT_MAX // UNITS,
    "description": "Points, with at most four decimals.",
}


class TierStatusRequest(msgspec.Struct, frozen=True):
    """Body of `user_tiers/tier_status`."""

    retailer_id: Text
    user_id: Text
    tier_system_id: Text | None = None
    culture: Text | None = None


class DepositDetail(msgspec.Struct, frozen=True):
    """One deposit of `user_points/deposit`; `amount` in points."""

    amount: Annotated[Any, Meta(extra_json_schema=AMOUNT)]
    point_account_id: Text
    point_source_id: Text | None = None
    reference_id: Text | None = None
    reference_type: Text | None = None
    idempotency_id: Text | None = None


class DepositRequest(msgspec.Struct, frozen=True):
    """Body of `user_points/deposit`."""

    retailer_id: Text
    user_id: Text
    deposit_details: list[DepositDetail]


class TierStatusReply(msgspec.Struct, frozen=True, gc=False):
    """Where a customer stands in each tier system."""

    status: Literal["ok"]
    payload: tiers.TierStatus


class BalancesReply(msgspec.Struct, frozen=True, gc=False):
    """All balances of a customer."""

    status: Literal["ok"]
    payload: BalancesView


_decode_tier_status = msgspec.json.Decoder(TierStatusRequest)
_decode_deposit = fields.number_decoder(DepositRequest)

TIER_STATUS = Operation(
    "Ask for tier status",
    "Loyalty",
    TierStatusReply,
    TierStatusRequest,
    scope="loyalty:read",
    refusals=(NotFound, UserNotFound),
    description="How far a customer is toward the next and the highest level, in every tier system it is in."
    " `progress` says it all; `tier_progress` shows the rule of the next level node by node.",
    example={
        "retailer_id": "9112d954-7198-4560-959f-6a660a743a5a",
        "user_id": "2f030785-02cf-4b70-86de-ccdff6fd9b21",
    },
)

DEPOSIT = Operation(
    "Deposit points",
    "Loyalty",
    BalancesReply,
    DepositRequest,
    scope="loyalty:write",
    refusals=(NotFound, UserNotFound, Validation),
    description="Deposits points for a customer, all of the list or none, with the promotions that they earn. Send an"
    " `idempotency_id`: the same id again for the same customer does not deposit twice.",
    example={
        "retailer_id": "9112d954-7198-4560-959f-6a660a743a5a",
        "user_id": "2f030785-02cf-4b70-86de-ccdff6fd9b21",
        "deposit_details": [
            {
                "point_account_id": "25870fa1-2c36-4169-b6c9-e145fbdc8d63",
                "amount": 12.5,
                "idempotency_id": "order-1042",
            }
        ],
    },
)


def routes(house: House) -> list[Route]:
    """The incentives routes of this house."""

    async def tier_status(request: Request) -> Response:
        caller = await guard.caller(house, request, "loyalty:read")
        asked = fields.decode(_decode_tier_status, await request.body(fields.BODY_BYTES_MAX))
        status = await tiers.status(house, caller, asked.retailer_id, asked.user_id, asked.tier_system_id)
        return Response(200, encode(TierStatusReply("ok", status)), JSON_NO_STORE_HEADERS)

    async def deposit(request: Request) -> Response:
        caller = await guard.caller(house, request, "loyalty:write")
        asked = fields.decode(_decode_deposit, await request.body(fields.BODY_BYTES_MAX))
        balances = await points.deposit(house, caller, asked.retailer_id, asked.user_id, _deposits(asked))
        return Response(200, encode(BalancesReply("ok", balances)), JSON_NO_STORE_HEADERS)

    return [
        *_under_both("POST", "/api/1.0/user_tiers/tier_status", tier_status, TIER_STATUS),
        *_under_both("POST", "/api/1.0/user_points/deposit", deposit, DEPOSIT),
        *_under_both("POST", "/api/2.0/user_points/deposit", deposit, DEPOSIT),
    ]


def _under_both(method: str, path: str, handler: Handler, operation: Operation) -> list[Route]:
    return [Route(method, path, handler, operation), Route(method, f"/incentives{path}", handler, operation)]


def _deposits(asked: DepositRequest) -> list[Deposit]:
    if not 1 <= len(asked.deposit_details) <= DEPOSITS_MAX:
        raise Validation(f"deposit_details must hold 1 to {DEPOSITS_MAX} deposits.")
    return [
        Deposit(
            each.point_account_id,
            units(each.amount, f"deposit_details[{index}].amount"),
            each.idempotency_id,
            each.reference_id,
            each.reference_type,
            each.point_source_id,
        )
        for index, each in enumerate(asked.deposit_details)
    ]
