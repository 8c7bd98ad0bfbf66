"""Tokens: issue one, say whose one is, revoke one."""

from typing import NamedTuple

from tessera.app import client_keys, dpop, proofs, rails, token_forms
from tessera.app.house import House
from tessera.core import binding, grants, tokens
from tessera.core.applications import Application, TokenBinding
from tessera.core.changes import RevokeToken
from tessera.core.credentials import UNKNOWN_CLIENT
from tessera.core.dpop import Proof
from tessera.core.errors import InvalidClient, InvalidRequest
from tessera.core.evidence import Evidence
from tessera.core.grants import Authenticated, Grant
from tessera.core.quotas import Quotas
from tessera.core.tokens import Claims, TokenReply
from tessera.core.wire import Params


def requested(house: House, params: Params) -> Grant:
    """The grant that a token request asks for, before the client is looked at.

    Raises InvalidRequest, UnsupportedGrantType; Unavailable when what others changed has not been heard for too long.
    """
    grant = grants.known(params)
    if house.refuses_when_stale:
        house.require_feed(house.clock.now())
    return grant


class Granted(NamedTuple):
    """The answer to a token request, and the quotas of the limits on tokens."""

    reply: TokenReply
    quotas: Quotas = ()


async def issue(house: House, grant: Grant, caller: Authenticated, params: Params, evidence: Evidence) -> Granted:
    """Answer the token request of a client that has authenticated. In the steady state this waits on nothing.

    Raises the OAuthRefusal of the first check that fails: target, scope, DPoP proof, limits. What may be used once, an
    assertion or a DPoP proof, is used up when all of them have passed, so that the request can be sent again.
    """
    now = house.clock.now()
    token_id = tokens.new_id(house.entropy.random_bytes(tokens.ID_RANDOM_BYTES), now)
    claims = grants.decide(grant, params, caller, house.directory.resources, token_id, now)
    options = caller.application.options
    proof = None
    if evidence.proofs or options.token_binding is TokenBinding.DPOP:
        claims, proof = dpop.bind(house, caller.application, claims, evidence, now)
    if evidence.certificate is not None or options.token_binding is TokenBinding.TLS:
        claims = binding.bind(claims, caller, evidence)
    if proof is not None or caller.assertion is not None:
        reused = options.token_reuse and house.token_reuse.find(caller.application, claims, now)
        if options.rails and not reused:
            rails.check_tokens(house, caller.application, now)
        await consume(house, caller, proof)
    if options.token_reuse:
        known = house.token_reuse.find(caller.application, claims, now)
        if known is not None:
            house.usage.count(caller, now, evidence.source, claims.resource, 0)
            return Granted(tokens.reply(*known, now))
    quotas = rails.take_token(house, caller.application, now) if options.rails else ()
    token = token_forms.write(house, claims, caller.application)
    house.usage.count(caller, now, evidence.source, claims.resource)
    if options.token_reuse:
        house.token_reuse.keep(caller.application, claims, token)
    return Granted(tokens.reply(token, claims, now), quotas)


async def consume(house: House, caller: Authenticated, proof: Proof | None = None) -> None:
    """Use up the client's assertion and its DPoP proof, where there are such: both, or none of them.

    Raises InvalidClient and InvalidDPoPProof for one that was used before, at whichever process.
    """
    uses = [] if caller.assertion is None else [client_keys.use(caller.assertion)]
    if proof is not None:
        uses.append(dpop.use(proof))
    used = await proofs.consume(house, uses) if uses else None
    if used is None:
        return
    if proof is not None and used == dpop.use(proof):
        raise dpop.replayed()
    raise InvalidClient(UNKNOWN_CLIENT, detail="the assertion was used before", check="assertion.replay")


async def check(house: House, token: str) -> tuple[Claims, Application] | None:
    """The claims of a live token and the application it was issued to; None for anything else.

    Raises Unavailable when what others revoked has not been heard for too long, and is to be.
    """
    now = house.clock.now()
    if house.refuses_when_stale:
        house.require_feed(now)
    directory = house.directory
    if "." in token:
        claims = await token_forms.signed(house, token, now)
    else:
        claims = tokens.unseal(directory.ring, token, now)
    if claims is None:
        return None
    application = directory.applications.numbered.get(claims.application)
    if application is None or claims.generation != application.generation:
        application = await directory.applications.for_token(claims.application, claims.generation)
    if application is None or not tokens.live(claims, application, directory.revocations, now, directory.resources):
        return None
    return claims, application


async def revoke_own(house: House, caller: Authenticated, params: Params) -> None:
    """Revoke the token in a request, when it is the requesting client's own (RFC 7009 section 2.1).

    A token of another client and what is no token of ours are left as they are, and nobody is told.
    Any `token_type_hint` is taken: all tokens are looked for alike. Raises InvalidRequest, and as `consume` does.
    """
    token = asked_about(params)
    await consume(house, caller)
    claims = await token_forms.read(house, token, house.clock.now())
    if claims is not None and claims.application == caller.application.number:
        await revoke(house, token)


def asked_about(params: Params) -> str:
    """The token that a request is about. Raises InvalidRequest when it is absent or stands in the address."""
    token = params.get("token")
    if token is None:
        raise InvalidRequest("The parameter token is missing.", check="revoke.absent")
    if "token" in params.in_query:
        raise InvalidRequest("Send the parameter token in the body: an address ends in logs.", check="revoke.query")
    return token


async def revoke(house: House, token: str) -> Claims | None:
    """Revoke a token of ours, durably and in force here at once; its claims, or None when we did not make it.

    One that has expired by this clock is revoked as well: by the others, or once the clock is right, it has not.
    """
    claims = await token_forms.read(house, token, house.clock.now())
    if claims is not None:
        await house.commit(RevokeToken(claims.token_id, claims.expires_at))
    return claims
