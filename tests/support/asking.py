"""The OAuth endpoints without HTTP: authenticate the client, then do what it asks for."""

import msgspec

from tessera.app.clients import authentication
from tessera.app.context import Context
from tessera.app.grants import token_endpoint
from tessera.app.grants.grant import Grants
from tessera.app.grants.token_endpoint import Granted
from tessera.app.tokens import introspection, revocation
from tessera.core.presented import NOTHING, RequestCredentials
from tessera.core.tokens.access_tokens import TokenReply
from tessera.core.tokens.introspection import Active
from tessera.core.wire import Params


async def issue(context: Context, params: Params, request_credentials: RequestCredentials = NOTHING) -> TokenReply:
    """Answer a token request. Raises as the endpoint would answer."""
    return (await grant(context, params, request_credentials)).reply


async def grant(
    context: Context,
    params: Params,
    request_credentials: RequestCredentials = NOTHING,
    grants: Grants = token_endpoint.GRANTS,
) -> Granted:
    """Answer a token request, with all quotas that the client is told. Raises as the endpoint would answer."""
    named = token_endpoint.named(context, grants, params.get("grant_type"))
    client = await authentication.authenticate(context, params, request_credentials)
    issued = await token_endpoint.issue(context, named, client, params, request_credentials)
    return msgspec.structs.replace(issued, quotas=client.quotas + issued.quotas)


async def authenticate(context: Context, params: Params, request_credentials: RequestCredentials = NOTHING) -> str:
    """The client id of who authenticates. Raises as an endpoint would answer."""
    return (await authentication.authenticate(context, params, request_credentials)).client


async def revoke_own(context: Context, params: Params) -> None:
    """Revoke the token in a request. Raises as the endpoint would answer."""
    await revocation.revoke_own(context, await authentication.authenticate(context, params, NOTHING), params)


async def introspect(context: Context, params: Params) -> Active | None:
    """Introspect a token for the client of a request. Raises as the endpoint would answer."""
    caller = await authentication.authenticate(context, params, NOTHING)
    return await introspection.introspect(context, caller, params)
