"""Timelines of customers: `timelines/:view`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tessera.api.platform import fields, users
from tessera.api.platform.users import FOUND, PREFIX, TAG
from tessera.app.context import Context
from tessera.app.customers import timelines
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.timelines import Asked
from tessera.core.customers.timeline import VIEWS, EventType, TimelineEvent
from tessera.core.errors import ArgumentError, NotFound
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route
from tessera.web.surfaces import PLATFORM

COUNT_MAX = 1000
COUNT = 50

GROUPING_FIELD = "event_type"


class Timeline(msgspec.Struct, frozen=True, gc=False):
    """Events of a customer, the newest first."""

    status: Literal["ok"]
    result: list[TimelineEvent]
    grouping_field: Annotated[str, Meta(description="The member by which the events can be told apart.")]
    count: Annotated[int, Meta(description="How many events there are in `result`.")]
    event_types: Annotated[list[EventType], Meta(description="The types of events that were looked for.")]


PARAMETERS = (
    Parameter("since", "only what happened after this moment, the first `count` of it"),
    Parameter("count", f"how many at most: 1 to {COUNT_MAX}, {COUNT} when left out", int),
    Parameter("event_types", "only these types, separated by commas"),
)
NAMES = (*(each.name for each in PARAMETERS), "event_types[]")

READ = Operation(
    summary="The timeline of a customer",
    tag=TAG,
    reply=Timeline,
    body=None,
    scope="loyalty:read",
    query=PARAMETERS,
    refusals=(*FOUND, NotFound),
    description=(
        "What happened to a customer, the newest first: points (`POINTS`), tier levels (`TIERS`), events and counted"
        " activity (`ACTIVITY`), or all of it (`ALL`)."
    ),
)


def routes(context: Context) -> list[Route]:
    """The routes of timelines."""

    async def answer(request: Request, api_key: str, named: CustomerRef, view: str) -> Response:
        caller = await authorization.caller(context, request, "loyalty:read")
        types = VIEWS.get(view.upper())
        if types is None:
            raise NotFound(f"There is no such timeline. Its name is one of {', '.join(VIEWS)}.", sent=view)
        asked = _asked(request, types)
        events = await timelines.read(context, caller, api_key, named, asked)
        return users.ok(Timeline("ok", events, GROUPING_FIELD, len(events), list(asked.types)))

    async def by_id(request: Request) -> Response:
        api_key, key, view = request.path_values
        return await answer(request, api_key, CustomerRef(key), view)

    async def by_external_id(request: Request) -> Response:
        api_key, key, view = request.path_values
        return await answer(request, api_key, CustomerRef(key, external=True), view)

    return [
        Route("GET", f"{PREFIX}/users/{{user_id}}/timelines/{{view}}", by_id, PLATFORM, READ),
        Route("GET", f"{PREFIX}/external/users/{{external_id}}/timelines/{{view}}", by_external_id, PLATFORM, READ),
    ]


def _asked(request: Request, types: tuple[EventType, ...]) -> Asked:
    """The part of a view that the query string asks for. Raises ArgumentError."""
    values = fields.every(request.query, NAMES)
    since = fields.moment(fields.once(values, "since"), "since")
    count = fields.whole_number(fields.once(values, "count"), "count", range(1, COUNT_MAX + 1))
    sent = [*values.get("event_types", []), *fields.listed(values, "event_types")]
    names = {name.strip().lower() for each in sent for name in each.split(",")} - {""}
    if not names <= set(types):
        raise ArgumentError(
            f"event_types must be of this view: {', '.join(types)}.", sent=min(names - {str(each) for each in types})
        )
    return Asked([each for each in types if each in names or not names], count or COUNT, since)
