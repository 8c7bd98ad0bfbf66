"""Merging customers: `/priv/v1/apps/:api_key/external/users/:external_id/merge_accounts`."""

import msgspec

from tessera.api.platform import fields, users
from tessera.api.platform.user_schema import OneUser
from tessera.api.platform.users import FOUND, TAG
from tessera.app.context import Context
from tessera.app.customers import merging
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.merging import Merged
from tessera.core.errors import MissingData, Unavailable, Validation
from tessera.core.text import Id, Text
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route


class MergedUser(msgspec.Struct, frozen=True):
    """The customer that is merged in, by its id or by an external id."""

    id: Id | None = None
    external_id: Text | None = None


class MergeRequest(msgspec.Struct, frozen=True):
    """Body of `merge_accounts`."""

    user: MergedUser


_decode = msgspec.json.Decoder(MergeRequest)

MERGE = Operation(
    summary="Merge another customer into this one",
    tag=TAG,
    reply=OneUser,
    body=MergeRequest,
    scope="profiles:write",
    refusals=(*FOUND, MissingData, Validation, Unavailable),
    description="Points, levels, external ids, custom profile, tags, counts and purchases of the customer in the body"
    " go to the one in the address, in one commit. Afterwards the id of the merged customer is unknown, and its"
    " external ids lead to the survivor. This cannot be undone.",
    example={"user": {"external_id": "card-000002"}},
)


def routes(context: Context) -> list[Route]:
    """The routes of merging."""

    async def merge(request: Request, api_key: str, named: CustomerRef) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        sent = fields.decode(_decode, await request.body(fields.BODY_BYTES_MAX)).user
        if sent.id is None and sent.external_id is None:
            raise MissingData("The field user.id is missing. Send user.id or user.external_id.")
        merged = Merged(sent.id, sent.external_id)
        return users.reply(await merging.merge(context, caller, api_key, named, merged))

    return [*users.under_both("POST", "/merge_accounts", merge, MERGE)]
