"""The token endpoint: the phases that all grants share."""

from typing import NamedTuple

from tessera.app.clients import limits
from tessera.app.context import Context
from tessera.app.tokens import dpop, formats
from tessera.app.tokens.verification import consume
from tessera.core.clients.applications import TokenBinding
from tessera.core.clients.credentials import Authenticated
from tessera.core.oauth import grants
from tessera.core.oauth.grants import Grant
from tessera.core.presented import Evidence
from tessera.core.quotas import Quotas
from tessera.core.tokens import access_tokens, certificate_binding
from tessera.core.tokens.access_tokens import TokenReply
from tessera.core.wire import Params


def requested(context: Context, params: Params) -> Grant:
    """The grant that a token request asks for, before the client is looked at.

    Raises InvalidRequest, UnsupportedGrantType; Unavailable when what others changed has not been heard for too long.
    """
    grant = grants.known(params)
    if context.refuses_when_stale:
        context.require_feed(context.clock.now())
    return grant


class Granted(NamedTuple):
    """The answer to a token request, and the quotas of the limits on tokens."""

    reply: TokenReply
    quotas: Quotas = ()


async def issue(context: Context, grant: Grant, caller: Authenticated, params: Params, evidence: Evidence) -> Granted:
    """Answer the token request of a client that has authenticated. In the steady state this waits on nothing.

    Raises the OAuthRefusal of the first check that fails: target, scope, DPoP proof, limits. What may be used once, an
    assertion or a DPoP proof, is used up when all of them have passed, so that the request can be sent again.
    """
    now = context.clock.now()
    token_id = access_tokens.new_id(context.entropy.random_bytes(access_tokens.ID_RANDOM_BYTES), now)
    claims = grants.decide(grant, params, caller, context.directory.resources, token_id, now)
    options = caller.application.options
    proof = None
    if evidence.proofs or options.token_binding is TokenBinding.DPOP:
        claims, proof = dpop.bind(context, caller.application, claims, evidence, now)
    if evidence.certificate is not None or options.token_binding is TokenBinding.TLS:
        claims = certificate_binding.bind(claims, caller, evidence)
    if proof is not None or caller.assertion is not None:
        reused = options.token_reuse and context.state.token_reuse.find(caller.application, claims, now)
        if options.rails and not reused:
            limits.check_tokens(context, caller.application, now)
        await consume(context, caller, proof)
    if options.token_reuse:
        known = context.state.token_reuse.find(caller.application, claims, now)
        if known is not None:
            context.state.usage.count(caller, now, evidence.source, claims.resource, 0)
            return Granted(access_tokens.reply(*known, now))
    quotas = limits.take_token(context, caller.application, now) if options.rails else ()
    token = formats.write(context, claims, caller.application)
    context.state.usage.count(caller, now, evidence.source, claims.resource)
    if options.token_reuse:
        context.state.token_reuse.keep(caller.application, claims, token)
    return Granted(access_tokens.reply(token, claims, now), quotas)
