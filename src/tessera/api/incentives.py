"""The incentives API: points and tiers, under `/api/1.0` and `/incentives/api/1.0` alike."""

from typing import Any

import msgspec

from tessera.api import fields
from tessera.app import points, tiers
from tessera.app.house import House
from tessera.app.points import Deposit
from tessera.core.customers import Text
from tessera.core.errors import Validation
from tessera.core.loyalty.points import BalancesView, units
from tessera.web import guard
from tessera.web.messages import JSON_NO_STORE_HEADERS, Handler, Request, Response, encode
from tessera.web.routes import Route

DEPOSITS_MAX = 100


class TierStatusRequest(msgspec.Struct, frozen=True):
    """Body of `user_tiers/tier_status`."""

    retailer_id: Text
    user_id: Text
    tier_system_id: Text | None = None
    culture: Text | None = None


class DepositDetail(msgspec.Struct, frozen=True):
    """One deposit of `user_points/deposit`; `amount` in points."""

    amount: Any
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
    """The envelope of `tier_status`."""

    status: str
    payload: tiers.TierStatus


class BalancesReply(msgspec.Struct, frozen=True, gc=False):
    """The envelope of balances."""

    status: str
    payload: BalancesView


_decode_tier_status = msgspec.json.Decoder(TierStatusRequest)
_decode_deposit = fields.number_decoder(DepositRequest)


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
        *_under_both("POST", "/api/1.0/user_tiers/tier_status", tier_status),
        *_under_both("POST", "/api/1.0/user_points/deposit", deposit),
        *_under_both("POST", "/api/2.0/user_points/deposit", deposit),
    ]


def _under_both(method: str, path: str, handler: Handler) -> list[Route]:
    return [Route(method, path, handler), Route(method, f"/incentives{path}", handler)]


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
