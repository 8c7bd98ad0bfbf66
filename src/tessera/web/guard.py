"""Who is calling? The credentials of a platform request, and whether they reach far enough."""

from tessera.app import callers, dpop
from tessera.app.callers import Caller
from tessera.app.house import House
from tessera.core.errors import ArgumentError
from tessera.web import evidence
from tessera.web.messages import Headers, Request


def fresh_nonce(house: House) -> Headers:
    """The nonce for the next DPoP proof, so that whoever keeps calling is never sent back for one (RFC 9449 8.2)."""
    nonce = dpop.nonce(house, house.clock.now())
    return ((b"dpop-nonce", nonce.encode("ascii")),) if nonce else ()


async def caller(house: House, request: Request, scope: str) -> Caller:
    """The caller, known to hold `scope`.

    Only the `Authorization` header counts. Raises MissingCredentials, InvalidAuthToken, DPoPChallenge,
    InsufficientScope, and ArgumentError when a token stands in the URL as well (RFC 6750 section 2).
    """
    shown = evidence.read(request, house.settings)
    found = await callers.identify(house, shown)
    if shown.proofs:
        request.also_answer += fresh_nonce(house)
    if request.query and b"access_token=" in request.query:
        raise ArgumentError("Send the token in the Authorization header only, not in the address.", check="token.query")
    callers.require(found, scope)
    return found
