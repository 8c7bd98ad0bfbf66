"""Tiers: `/api/1.0/user_tiers` and moving a customer by hand."""

import msgspec

from tessera.api.platform import fields
from tessera.api.platform.incentives import TAG, WHOSE, Payload, reply, under_both
from tessera.app.context import Context
from tessera.app.loyalty import tiers
from tessera.core.errors import NotFound, UserNotFound
from tessera.core.loyalty.tier_levels import TierLevelView
from tessera.core.text import Id, Text
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route


class TierStatusRequest(msgspec.Struct, frozen=True):
    """Body of `user_tiers/tier_status`."""

    retailer_id: Text
    user_id: Id
    tier_system_id: Id | None = None
    culture: Text | None = None


class MoveRequest(msgspec.Struct, frozen=True):
    """Body of `movement/move_user`."""

    retailer_id: Text
    tier_system_id: Id
    tier_level_id: Id
    user_id: Id


_decode_tier_status = msgspec.json.Decoder(TierStatusRequest)
_decode_move = msgspec.json.Decoder(MoveRequest)

TIER_STATUS = Operation(
    summary="Ask for tier status",
    tag=TAG,
    reply=Payload[tiers.TierStatus],
    body=TierStatusRequest,
    scope="loyalty:read",
    refusals=(NotFound, UserNotFound),
    description="How far a customer is toward the next and the highest level, in every tier system it is in."
    " `progress` says it all; `tier_progress` shows the rule of the next level node by node.",
    example=WHOSE,
    name="getTierStatus",
)
MOVE = Operation(
    summary="Move a customer to a tier level",
    tag=TAG,
    reply=Payload[TierLevelView],
    body=MoveRequest,
    scope="loyalty:write",
    refusals=(NotFound, UserNotFound),
    description="Puts a customer into a level by hand, up or down, whatever points it has.",
    example={
        **WHOSE,
        "tier_system_id": "712f38d9-5a74-4b45-ae2a-2bb4df918257",
        "tier_level_id": "a2d349f1-177b-4a6e-955b-323f2c019c28",
    },
    name="moveCustomer",
)


def routes(context: Context) -> list[Route]:
    """The routes of tiers."""

    async def tier_status(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        asked = fields.decode(_decode_tier_status, await request.body(fields.BODY_BYTES_MAX))
        return reply(await tiers.status(context, caller, asked.retailer_id, asked.user_id, asked.tier_system_id))

    async def move_user(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:write")
        asked = fields.decode(_decode_move, await request.body(fields.BODY_BYTES_MAX))
        place = tiers.Place(asked.tier_system_id, asked.tier_level_id)
        return reply(await tiers.move(context, caller, asked.retailer_id, asked.user_id, place))

    return [
        *under_both("/api/1.0/user_tiers/tier_status", tier_status, TIER_STATUS),
        *under_both("/api/1.0/movement/move_user", move_user, MOVE),
    ]
