"""Tokens that come with a request: whose one is, and the proofs beside it, which are used up."""

from collections.abc import Sequence

from tessera.app import replay
from tessera.app.clients import private_key_jwt
from tessera.app.context import Context
from tessera.app.tokens import dpop, formats
from tessera.core.changes import Change
from tessera.core.clients.applications import Application
from tessera.core.clients.credentials import UNKNOWN_CLIENT, Authenticated
from tessera.core.errors import InvalidClient
from tessera.core.tokens import access_tokens
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.dpop import DPoPProof


async def consume(
    context: Context, caller: Authenticated, proof: DPoPProof | None = None, changes: Sequence[Change] = ()
) -> None:
    """Use up the client's assertion and its DPoP proof, where there are such, and commit changes: all or nothing.

    Raises InvalidClient and InvalidDPoPProof for a proof that was used before, at whichever process, and Conflict when
    a fact that one of the changes relies on no longer holds.
    """
    uses = [] if caller.assertion is None else [private_key_jwt.use(caller.assertion)]
    if proof is not None:
        uses.append(dpop.use(proof))
    used = await replay.consume(context, uses, changes) if uses or changes else None
    if used is None:
        return
    if proof is not None and used == dpop.use(proof):
        raise dpop.replayed()
    raise InvalidClient(UNKNOWN_CLIENT, detail="the assertion was used before", check="assertion.replay")


async def check(context: Context, token: str) -> tuple[Claims, Application] | None:
    """The claims of a live token and the application it was issued to; None for anything else.

    Raises Unavailable when what others revoked has not been heard for too long, and is to be.
    """
    now = context.clock.now()
    if context.refuses_when_stale:
        context.require_feed(now)
    directory = context.directory
    if "." in token:
        claims = await formats.signed(context, token, now)
    else:
        claims = access_tokens.unseal(directory.ring, token, now)
    if claims is None:
        return None
    application = directory.applications.numbered.get(claims.application)
    if application is None or claims.generation != application.generation:
        application = await directory.applications.for_token(claims.application, claims.generation)
    if application is None or not access_tokens.live(
        claims, application, directory.revocations, now, directory.resources
    ):
        return None
    return claims, application
