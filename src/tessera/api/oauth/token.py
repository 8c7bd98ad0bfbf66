"""The OAuth endpoints."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.app.context import Context
from tessera.app.grants import token_endpoint
from tessera.app.grants.grant import Grants
from tessera.app.tokens import revocation
from tessera.core.errors import InvalidDPoPProof, InvalidScope, InvalidTarget, UnsupportedGrantType, UseDPoPNonce
from tessera.core.tokens.access_tokens import TokenReply
from tessera.web import authorization, presented
from tessera.web.messages import JSON_NO_STORE_HEADERS, Request, Response, encode
from tessera.web.operations import Operation, Parameter
from tessera.web.routes import Route
from tessera.web.surfaces import OAUTH

TOKEN_PATH = "/oauth/token"


class TokenRequest(msgspec.Struct, frozen=True):
    """The parameters of a token request, as the reference shows them."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, Meta(description="Identifies the application; left out with HTTP Basic.")] | UnsetType = (
        UNSET
    )
    client_secret: Annotated[str, Meta(description="Left out with HTTP Basic.")] | UnsetType = UNSET
    scope: (
        Annotated[str, Meta(description="Names with one space between them; left out, all that the application has.")]
        | UnsetType
    ) = UNSET
    resource: (
        Annotated[
            str, Meta(description="The resource server that the token is for (RFC 8707); left out, the platform.")
        ]
        | UnsetType
    ) = UNSET


class RevokeRequest(msgspec.Struct, frozen=True):
    """The parameters of a revocation, as the reference shows them."""

    token: Annotated[str, Meta(description="The token that is to be dead.")]
    token_type_hint: Annotated[str, Meta(description="Changes nothing: any token is found.")] | UnsetType = UNSET
    client_id: Annotated[str, Meta(description="Left out with HTTP Basic.")] | UnsetType = UNSET
    client_secret: Annotated[str, Meta(description="Left out with HTTP Basic.")] | UnsetType = UNSET


class RevokeReply(msgspec.Struct, frozen=True):
    """Nothing: the token is dead, or was not this client's to revoke."""


CREDENTIALS = (
    Parameter("client_id", "With `client_secret`, when the credentials are to stand in the address."),
    Parameter("client_secret", "Better sent by HTTP Basic or in the body: an address ends in logs."),
)

TOKEN = Operation(
    summary="Request a token",
    tag="OAuth",
    reply=TokenReply,
    body=TokenRequest,
    query=(
        Parameter("grant_type", "Always `client_credentials`; here or in the body."),
        *CREDENTIALS,
        Parameter("scope", "Names with one space between them; here or in the body."),
        Parameter("resource", "What the token is for (RFC 8707); here or in the body."),
    ),
    refusals=(UnsupportedGrantType, InvalidScope, InvalidTarget, InvalidDPoPProof, UseDPoPNonce),
    description="RFC 6749 section 4.4. Present the credentials in exactly one way, best by HTTP Basic, and each"
    " parameter once.",
    access="client",
    example={"grant_type": "client_credentials"},
    name="requestToken",
)

REVOKE = Operation(
    summary="Revoke a token of your own",
    tag="OAuth",
    reply=RevokeReply,
    body=RevokeRequest,
    query=CREDENTIALS,
    description="RFC 7009 section 2. The answer is the same for a token that is expired, unknown, or another client's,"
    " which stays alive. Authenticate as for a token.",
    access="client",
    example={"token": "0154a5d817b2"},
    name="revokeToken",
)


def routes(context: Context, grants: Grants = token_endpoint.GRANTS) -> list[Route]:
    """The OAuth routes of this context."""

    async def token(request: Request) -> Response:
        """RFC 6749 section 3.2."""
        request_credentials, params = await presented.read_oauth(
            request, context.settings, grants.parameters
        )  # phase 1
        grant = token_endpoint.named(context, grants, params.get("grant_type"))  # 2
        client = await authorization.client(context, request, params, request_credentials)  # 3
        issued = await token_endpoint.issue(context, grant, client, params, request_credentials)  # 4 to 11
        request.quotas += issued.quotas
        if request_credentials.proofs:
            request.also_answer += authorization.fresh_nonce(context)
        return Response(200, encode(issued.reply), JSON_NO_STORE_HEADERS)

    async def revoke(request: Request) -> Response:
        """RFC 7009 section 2: an answer of 200 says that the token is dead, or was not this client's to revoke."""
        request_credentials, params = await presented.read_oauth(request, context.settings)
        client = await authorization.client(context, request, params, request_credentials)
        await revocation.revoke_own(context, client, params)
        return Response(200, b"{}", JSON_NO_STORE_HEADERS)

    return [Route("POST", TOKEN_PATH, token, OAUTH, TOKEN), Route("POST", "/oauth/revoke", revoke, OAUTH, REVOKE)]
