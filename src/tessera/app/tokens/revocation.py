"""Revoking a token."""

from tessera.app.context import Context
from tessera.app.tokens import formats
from tessera.app.tokens.verification import consume
from tessera.core.changes import RevokeToken
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import InvalidRequest
from tessera.core.tokens.access_tokens import Claims
from tessera.core.wire import Params


async def revoke_own(context: Context, caller: Authenticated, params: Params) -> None:
    """Revoke the token in a request, when it is the requesting client's own (RFC 7009 section 2.1).

    A token of another client and what is no token of ours are left as they are, and nobody is told.
    Any `token_type_hint` is taken: all tokens are looked for alike. Raises InvalidRequest, and as `consume` does.
    """
    token = asked_about(params)
    await consume(context, caller)
    claims = await formats.read(context, token, context.clock.now())
    if claims is not None and claims.application == caller.application.number:
        await revoke(context, token)


def asked_about(params: Params) -> str:
    """The token that a request is about. Raises InvalidRequest when it is absent or stands in the address."""
    token = params.get("token")
    if token is None:
        raise InvalidRequest("The parameter token is missing.", check="revoke.absent")
    if "token" in params.in_query:
        raise InvalidRequest("Send the parameter token in the body: an address ends in logs.", check="revoke.query")
    return token


async def revoke(context: Context, token: str) -> Claims | None:
    """Revoke a token of ours, durably and in force here at once; its claims, or None when we did not make it.

    One that has expired by this clock is revoked as well: by the others, or once the clock is right, it has not.
    """
    claims = await formats.read(context, token, context.clock.now())
    if claims is not None:
        await context.commit(RevokeToken(claims.token_id, claims.expires_at))
    return claims
