"""Tags and behaviour events of a customer: `tags` and `events`."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.api.platform import fields, users
from tessera.api.platform.users import FOUND, TAG
from tessera.app.context import Context
from tessera.app.customers import activity
from tessera.app.customers.customers import CustomerRef
from tessera.core import times
from tessera.core.customers.customers import Text
from tessera.core.customers.tags import Given, Tag
from tessera.core.errors import Unavailable, Validation
from tessera.core.text import TEXT_MAX
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route

NAMES_MAX = 100
TTL_SECONDS_MAX = 10 * 366 * 86400
COUNT_MAX = 10**9
COUNTED_MAX = 2**53 - 1
COUNT = "How often the tag was given, as it was read."
EXPIRES_AT = "When the tag ends, as `YYYY-MM-DD HH:MM:SS` in UTC or in ISO 8601."


class SentTag(msgspec.Struct, frozen=True):
    """A tag as an answer has it. With a `count` it has that many at least; without one it is given once more."""

    name: Text
    count: Annotated[int, Meta(ge=1, le=COUNTED_MAX, description=COUNT)] | None = None
    expires_at: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description=EXPIRES_AT)] | None = None


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to give, by their names or as they were answered; with `ttl`, in seconds, they end."""

    tags: Annotated[list[Text | SentTag], Meta(min_length=1, max_length=NAMES_MAX)]
    ttl: Annotated[int, Meta(ge=1, le=TTL_SECONDS_MAX)] | None = None


class TagView(msgspec.Struct, frozen=True, gc=False):
    """A tag: how often it was given and, where it ends, when."""

    name: str
    count: int
    expires_at: str | UnsetType = UNSET


class TagsReply(msgspec.Struct, frozen=True, gc=False):
    """All tags of the customer that have not ended, by name."""

    status: Literal["ok"]
    tags: list[TagView]


class EventsRequest(msgspec.Struct, frozen=True):
    """How often the customer did each of these."""

    events: Annotated[dict[Text, Annotated[int, Meta(ge=1, le=COUNT_MAX)]], Meta(min_length=1, max_length=NAMES_MAX)]


class EventsReply(msgspec.Struct, frozen=True, gc=False):
    """How often the customer did each of these so far."""

    status: Literal["ok"]
    events: dict[str, int]


_decode_tags = msgspec.json.Decoder(TagsRequest)
_decode_events = msgspec.json.Decoder(EventsRequest)

READ_TAGS = Operation(
    summary="The tags of a customer",
    tag=TAG,
    reply=TagsReply,
    body=None,
    scope="profiles:read",
    refusals=FOUND,
    name="getTags",
)
GIVE_TAGS = Operation(
    summary="Give a customer tags, counted, and ending where a ttl is given",
    tag=TAG,
    reply=TagsReply,
    body=TagsRequest,
    scope="profiles:write",
    refusals=(*FOUND, Validation, Unavailable),
    description="A text gives the tag once more. A tag as an answer has it, with its `count`, is not counted again: it"
    " has that many at least, and ends when it says.",
    example={"tags": ["coffee", "harbour"], "ttl": 86400},
    name="addTags",
)
COUNT_EVENTS = Operation(
    summary="Count what a customer did",
    tag=TAG,
    reply=EventsReply,
    body=EventsRequest,
    scope="profiles:write",
    refusals=(*FOUND, Validation, Unavailable),
    example={"events": {"visit": 1, "survey": 2}},
    name="countEvents",
)


def routes(context: Context) -> list[Route]:
    """The routes of tags and events."""

    async def read_tags(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:read")
        return _tags(await activity.read_tags(context, caller, api_key, named))

    async def give_tags(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        sent = fields.decode(_decode_tags, await request.body(fields.BODY_BYTES_MAX))
        return _tags(await activity.tag(context, caller, api_key, named, _given(sent.tags), sent.ttl))

    async def count_events(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        sent = fields.decode(_decode_events, await request.body(fields.BODY_BYTES_MAX))
        counted = await activity.count(context, caller, api_key, named, sent.events)
        return users.ok(EventsReply("ok", {name: each.count for name, each in counted.items()}))

    return [
        *users.under_both("GET", "/tags", read_tags, READ_TAGS),
        *users.under_both("POST", "/tags", give_tags, GIVE_TAGS),
        *users.under_both("POST", "/events", count_events, COUNT_EVENTS),
    ]


def _given(sent: Sequence[str | SentTag]) -> list[Given]:
    """The tags that were sent. Raises ArgumentError."""
    found = []
    for place, each in enumerate(sent):
        if isinstance(each, str):
            found.append(Given(each))
            continue
        ends = None if each.expires_at is None else fields.core_time(each.expires_at, f"tags[{place}].expires_at")
        found.append(Given(each.name, each.count, ends))
    return found


def _tags(held: list[Tag]) -> Response:
    views = [
        TagView(each.name, each.count, UNSET if each.expires_at is None else times.core_time(each.expires_at))
        for each in held
    ]
    return users.ok(TagsReply("ok", views))
