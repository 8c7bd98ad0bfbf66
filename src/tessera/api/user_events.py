"""Events that partners tell of: `/api/1.0/user_events`."""

import msgspec

from tessera.api import fields
from tessera.api.incentives import TAG, WHOSE, Payload, reply, under_both
from tessera.app import user_events
from tessera.app.house import House
from tessera.app.user_events import Triggered
from tessera.core.customers import Text
from tessera.core.errors import NotFound, UserNotFound, Validation
from tessera.web import guard
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route


class TriggerRequest(msgspec.Struct, frozen=True):
    """Body of `user_events/trigger_user_event`; `is_session_m` is accepted, and without effect."""

    retailer_id: Text
    user_id: Text
    event_lookup: Text
    is_session_m: bool = True


_decode_trigger = msgspec.json.Decoder(TriggerRequest)

TRIGGER = Operation(
    "Tell of an event",
    TAG,
    Payload[Triggered],
    TriggerRequest,
    "loyalty:write",
    refusals=(NotFound, UserNotFound, Validation),
    description="Tells of something that a customer did; the points that the program gives for it are deposited.",
    example={**WHOSE, "event_lookup": "visit"},
    name="triggerEvent",
)


def routes(house: House) -> list[Route]:
    """The routes of events."""

    async def trigger(request: Request) -> Response:
        caller = await guard.caller(house, request, "loyalty:write")
        asked = fields.decode(_decode_trigger, await request.body(fields.BODY_BYTES_MAX))
        return reply(await user_events.trigger(house, caller, asked.retailer_id, asked.user_id, asked.event_lookup))

    return under_both("/api/1.0/user_events/trigger_user_event", trigger, TRIGGER)
