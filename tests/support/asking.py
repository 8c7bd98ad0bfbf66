"""The OAuth endpoints without HTTP: authenticate the client, then do what it asks for."""

from tessera.app.clients import authentication
from tessera.app.context import House
from tessera.app.grants import token_endpoint
from tessera.app.grants.token_endpoint import Granted
from tessera.app.tokens import introspection, revocation
from tessera.core.presented import NOTHING, Evidence
from tessera.core.tokens.access_tokens import TokenReply
from tessera.core.tokens.introspection import Active
from tessera.core.wire import Params


async def issue(house: House, params: Params, evidence: Evidence = NOTHING) -> TokenReply:
    """Answer a token request. Raises as the endpoint would answer."""
    return (await grant(house, params, evidence)).reply


async def grant(house: House, params: Params, evidence: Evidence = NOTHING) -> Granted:
    """Answer a token request, with all quotas that the client is told. Raises as the endpoint would answer."""
    wanted = token_endpoint.requested(house, params)
    caller = await authentication.authenticate(house, params, evidence)
    issued = await token_endpoint.issue(house, wanted, caller, params, evidence)
    return issued._replace(quotas=caller.quotas + issued.quotas)


async def authenticate(house: House, params: Params, evidence: Evidence = NOTHING) -> str:
    """The client id of who authenticates. Raises as an endpoint would answer."""
    return (await authentication.authenticate(house, params, evidence)).client


async def revoke_own(house: House, params: Params) -> None:
    """Revoke the token in a request. Raises as the endpoint would answer."""
    await revocation.revoke_own(house, await authentication.authenticate(house, params, NOTHING), params)


async def introspect(house: House, params: Params) -> Active | None:
    """Introspect a token for the client of a request. Raises as the endpoint would answer."""
    caller = await authentication.authenticate(house, params, NOTHING)
    return await introspection.introspect(house, caller, params)
