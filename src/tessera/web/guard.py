"""Who is calling? The credentials of a platform request, and whether they reach far enough."""

from tessera.app import callers
from tessera.app.callers import Caller
from tessera.app.house import House
from tessera.core.errors import ArgumentError
from tessera.web import evidence
from tessera.web.messages import Request


async def caller(house: House, request: Request, scope: str) -> Caller:
    """The caller, known to hold `scope`.

    Only the `Authorization` header counts. Raises MissingCredentials, InvalidAuthToken, InsufficientScope, and
    ArgumentError when a token stands in the URL as well (RFC 6750 section 2).
    """
    found = await callers.identify(house, evidence.read(request, house.settings.trusted_proxies))
    request.client_id = found.client_id or found.api_key
    if request.query and b"access_token=" in request.query:
        raise ArgumentError("Send the token in the Authorization header only, not in the address.", check="token.query")
    callers.require(found, scope)
    return found
