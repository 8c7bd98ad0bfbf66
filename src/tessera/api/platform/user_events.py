"""Events that partners tell of: `/api/1.0/user_events`."""

import msgspec

from tessera.api.platform import fields
from tessera.api.platform.incentives import TAG, WHOSE, Payload, reply, under_both
from tessera.app.context import Context
from tessera.app.loyalty import user_events
from tessera.app.loyalty.user_events import Subject, Triggered
from tessera.core.errors import NotFound, UserNotFound, Validation
from tessera.core.text import Text
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route


class TriggerRequest(msgspec.Struct, frozen=True):
    """Body of `user_events/trigger_user_event`.

    `user_id` is an id of ours when `is_session_m` is true, an external id when it is false, and either when it is left
    out.
    """

    retailer_id: Text
    user_id: Text
    event_lookup: Text
    is_session_m: bool | None = None


_decode_trigger = msgspec.json.Decoder(TriggerRequest)

TRIGGER = Operation(
    summary="Tell of an event",
    tag=TAG,
    reply=Payload[Triggered],
    body=TriggerRequest,
    scope="loyalty:write",
    refusals=(NotFound, UserNotFound, Validation),
    description="Records something that a customer did, and deposits the points that the program gives for it."
    " `user_id` is the customer's id or, with `is_session_m` false, any of the customer's external ids. Without"
    " `is_session_m` it is looked up as an id first, then as an external id.",
    example={**WHOSE, "event_lookup": "visit"},
    name="triggerEvent",
)


def routes(context: Context) -> list[Route]:
    """The routes of events."""

    async def trigger(request: Request) -> Response:
        caller = await authorization.caller(context, request, "loyalty:write")
        asked = fields.decode(_decode_trigger, await request.body(fields.BODY_BYTES_MAX))
        by_our_id = asked.is_session_m
        subject = Subject(asked.user_id, by_our_id)
        return reply(await user_events.trigger(context, caller, asked.retailer_id, subject, asked.event_lookup))

    return under_both("/api/1.0/user_events/trigger_user_event", trigger, TRIGGER)
