"""Custom profiles: `models/user_profile` of a customer."""

import msgspec

from tessera.api.platform import fields, users
from tessera.api.platform.user_schema import OwnProfile
from tessera.api.platform.users import FOUND, TAG
from tessera.app.context import Context
from tessera.app.customers import updates
from tessera.app.customers.customers import CustomerRef
from tessera.core.customers.profiles import CustomProfile
from tessera.core.errors import Unavailable, Validation
from tessera.web import authorization
from tessera.web.messages import Request, Response
from tessera.web.operations import Operation
from tessera.web.routes import Route


class CustomProfileRequest(msgspec.Struct, frozen=True):
    """The members of a partner's own; each may be any JSON."""

    user_profile: CustomProfile


class CustomProfileReply(msgspec.Struct, frozen=True, gc=False):
    """The custom profile with its version, `_version`."""

    status: str
    user_profile: msgspec.Raw


_decode = msgspec.json.Decoder(CustomProfileRequest)

REPLACE = Operation(
    summary="Put a custom profile in the place of the one that stands",
    tag=TAG,
    reply=OwnProfile,
    body=CustomProfileRequest,
    scope="profiles:write",
    refusals=(*FOUND, Validation, Unavailable),
    example={"user_profile": {"favourite_shop": "Harbour", "sizes": [38, 39]}},
    name="replaceCustomProfile",
)
MERGE = Operation(
    summary="Change members of the custom profile; null removes one",
    tag=TAG,
    reply=OwnProfile,
    body=CustomProfileRequest,
    scope="profiles:write",
    refusals=(*FOUND, Validation, Unavailable),
    example={"user_profile": {"favourite_shop": "Harbour", "sizes": [38, 39]}},
    name="updateCustomProfile",
)


def routes(context: Context) -> list[Route]:
    """The routes of custom profiles."""

    async def customize(request: Request, api_key: str, named: CustomerRef, *, whole: bool) -> Response:
        caller = await authorization.caller(context, request, "profiles:write")
        sent = fields.decode(_decode, await request.body(fields.BODY_BYTES_MAX)).user_profile
        done = await updates.customize(context, caller, api_key, named, sent, whole=whole)
        return users.ok(CustomProfileReply("ok", done))

    async def replace(request: Request, api_key: str, named: CustomerRef) -> Response:
        return await customize(request, api_key, named, whole=True)

    async def merge(request: Request, api_key: str, named: CustomerRef) -> Response:
        return await customize(request, api_key, named, whole=False)

    return [
        *users.under_both("POST", "/models/user_profile", replace, REPLACE),
        *users.under_both("PUT", "/models/user_profile", merge, MERGE),
    ]
