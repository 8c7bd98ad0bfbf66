"""The OAuth endpoints without HTTP: authenticate the client, then do what it asks for."""

from tessera.app import clients, introspection, tokens
from tessera.app.house import House
from tessera.core.evidence import NOTHING, Evidence
from tessera.core.introspection import Active
from tessera.core.tokens import TokenReply
from tessera.core.wire import Params


async def issue(house: House, params: Params, evidence: Evidence = NOTHING) -> TokenReply:
    """Answer a token request. Raises as the endpoint would answer."""
    grant = tokens.requested(house, params)
    caller = await clients.authenticate(house, params, evidence)
    return await tokens.issue(house, grant, caller, params, evidence)


async def authenticate(house: House, params: Params, evidence: Evidence = NOTHING) -> str:
    """The client id of who authenticates. Raises as an endpoint would answer."""
    return (await clients.authenticate(house, params, evidence)).client


async def revoke_own(house: House, params: Params) -> None:
    """Revoke the token in a request. Raises as the endpoint would answer."""
    await tokens.revoke_own(house, await clients.authenticate(house, params, NOTHING), params)


async def introspect(house: House, params: Params) -> Active | None:
    """Introspect a token for the client of a request. Raises as the endpoint would answer."""
    caller = await clients.authenticate(house, params, NOTHING)
    return await introspection.introspect(house, caller, params)
