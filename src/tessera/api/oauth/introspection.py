"""Asking about tokens: what a resource server asks, and what the holder of a token does."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.api.oauth import token as oauth_token
from tessera.app.context import Context
from tessera.app.tokens import introspection
from tessera.app.tokens.introspection import TokenInfo
from tessera.core.errors import InvalidToken
from tessera.core.tokens.introspection import INACTIVE, SIGNED, Active
from tessera.web import authorization, presented
from tessera.web.messages import JSON_NO_STORE_HEADERS, Request, Response, encode
from tessera.web.operations import Operation
from tessera.web.routes import Route
from tessera.web.surfaces import OAUTH


class IntrospectionRequest(msgspec.Struct, frozen=True):
    """The parameters of a question about a token, as the reference shows them."""

    token: Annotated[str, Meta(description="The token that is asked about.")]
    token_type_hint: Annotated[str, Meta(description="Changes nothing: any token is found.")] | UnsetType = UNSET
    client_id: Annotated[str, Meta(description="Left out with HTTP Basic.")] | UnsetType = UNSET
    client_secret: Annotated[str, Meta(description="Left out with HTTP Basic.")] | UnsetType = UNSET


class Inactive(msgspec.Struct, frozen=True):
    """All that is told of a token that is dead, unknown, no token, or nothing to the caller: `active` is false."""

    active: bool


SIGNED_TYPE = f"application/{SIGNED}".encode("ascii")

SIGNED_HEADERS = ((b"content-type", SIGNED_TYPE), *JSON_NO_STORE_HEADERS[1:])

INTROSPECT = Operation(
    summary="Ask about a token",
    tag="OAuth",
    reply=Active | Inactive,
    body=IntrospectionRequest,
    query=oauth_token.CREDENTIALS,
    refusals=(InvalidToken,),
    description="RFC 7662 section 2. Answered are: the token's own application; the application that a resource names"
    " as its server, for tokens for that resource; and one with the scope `tokens:introspect`, for those of its"
    " organization. To anybody else every token is inactive. Authenticate as for a token, or with another live token of"
    " the application in the `Authorization` header, which tells of the application's own tokens. With `Accept:"
    " application/token-introspection+jwt` the answer is signed (RFC 9701).",
    access="client",
    example={"token": "0154a5d817b2"},
    name="introspectToken",
)

INFO = Operation(
    summary="What your token says",
    tag="OAuth",
    reply=TokenInfo,
    description="For whoever has a token: its scopes, and the seconds of its life that are left.",
    access="bearer",
    name="getTokenInfo",
)


def routes(context: Context) -> list[Route]:
    """The routes by which one asks about tokens."""

    async def introspect(request: Request) -> Response:
        """RFC 7662 section 2."""
        request_credentials, params = await presented.read_oauth(request, context.settings)
        caller = await authorization.asker(context, request, params, request_credentials)
        told = await introspection.introspect(context, caller, params)
        if _wants_signed(request):
            return Response(200, introspection.signed(context, told, caller.client).encode("ascii"), SIGNED_HEADERS)
        return Response(200, _plain(told), JSON_NO_STORE_HEADERS)

    async def info(request: Request) -> Response:
        """What the token in the header says."""
        return Response(200, encode(await authorization.holder(context, request)), JSON_NO_STORE_HEADERS)

    return [
        Route("POST", "/oauth/introspect", introspect, OAUTH, INTROSPECT),
        Route("GET", "/oauth/token/info", info, OAUTH, INFO),
    ]


def _plain(told: Active | None) -> bytes:
    return INACTIVE if told is None else encode(told)


def _wants_signed(request: Request) -> bool:
    """Whether the caller asks for a signed answer by name (RFC 9701 section 4)."""
    for name, value in request.scope["headers"]:
        if name == b"accept" and SIGNED_TYPE in value.lower():
            return any(part.partition(b";")[0].strip().lower() == SIGNED_TYPE for part in value.split(b","))
    return False
