"""The token endpoint: the phases that all grants share, in numbered order.

     1  parse                the parameters, those of every grant among them (`Grants.parameters`)
     2  grant known          the request names a grant of the table
     3  authenticate client  by its credentials: no grant is for clients that have none
     4  sender constraint    the key or the certificate that the token is to be bound to
     5  target               the resource that the token is for (RFC 8707), or the platform
     6  scopes               within those that the client was given there
     7  authorize            the grant's own step: the only one that may read, or bring changes
     8  limits               on tokens of this client
     9  commit               the changes of the grant, an assertion and a DPoP proof, all or nothing; not without any
    10  seal                 the token
    11  count                in memory

The route runs phases 1 to 3 in its own lines (`api/oauth/token.routes`) and hands their results to `issue`. The
client's credentials end with phase 3: a grant is given its own parameters only. A grant cannot forget a phase: it
brings only phase 7. Once changes of a grant are committed nothing refuses the request, so that no code is used up in
vain. A DPoP proof or an assertion can be: of requests that are checked at once, those beyond a limit on tokens are
refused although their proofs are used up by then, so that the limit holds exactly. A request that brings nothing to
commit waits on nothing.
"""

from typing import NamedTuple

import msgspec

from tessera.app.clients import limits
from tessera.app.context import Context
from tessera.app.grants import client_credentials
from tessera.app.grants.grant import Authorization, Grant, Grants, TokenRequest
from tessera.app.tokens import dpop, formats
from tessera.app.tokens.verification import consume
from tessera.core import scopes
from tessera.core.clients.applications import Application, TokenBinding
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import InvalidScope, InvalidTarget, Unavailable
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas
from tessera.core.scopes import Scopes
from tessera.core.tokens import access_tokens, certificate_binding, resource_servers
from tessera.core.tokens.access_tokens import Claims, TokenReply
from tessera.core.tokens.dpop import DPoPProof
from tessera.core.tokens.resource_servers import Resources
from tessera.core.wire import Params
from tessera.ports import Conflict

GRANTS = Grants(client_credentials.GRANT)
"""The grants of this service."""

ATTEMPTS_MAX = 10
"""How often a grant decides again when the facts that its changes rely on have changed meanwhile."""

_UNBOUND, _TO_KEY, _TO_CERTIFICATE = TokenBinding.NONE, TokenBinding.DPOP, TokenBinding.TLS


class Granted(msgspec.Struct, frozen=True, gc=False):
    """The answer to a token request, and the quotas of the limits on tokens."""

    reply: TokenReply
    quotas: Quotas = ()


class _Sender(NamedTuple):
    """The key or certificate that the sender holds, and the DPoP proof of that, which is still to be used up."""

    binding: TokenBinding = _UNBOUND
    thumbprint: bytes = b""
    proof: DPoPProof | None = None


_NO_SENDER = _Sender()


def named(context: Context, grants: Grants, grant_type: str | None) -> Grant:
    """Phase 2: the grant that a token request names.

    Raises InvalidRequest and UnsupportedGrantType, and Unavailable when changes of other processes have not been heard
    for too long.
    """
    grant = grants.named(grant_type)
    if context.refuses_when_stale:
        context.require_feed(context.clock.now())
    return grant


async def issue(
    context: Context, grant: Grant, caller: Authenticated, params: Params, request_credentials: RequestCredentials
) -> Granted:
    """Phases 4 to 11: a token for the client that has authenticated. See the phases above.

    Raises the OAuthRefusal of the first phase that fails, and as `ports.Store.commit` does.
    """
    request, proof = _checked(context, grant, caller, params, request_credentials)  # 4, 5, 6
    for _ in range(ATTEMPTS_MAX):
        authorization = await grant.authorize(context, request, caller)  # 7
        claims = _claims(context, request, authorization, caller)
        if proof is None and caller.assertion is None and not authorization.changes:
            break
        if await _commit(context, caller, proof, claims, authorization):  # 8, 9
            break
    else:
        raise Unavailable("Too many requests for the same thing at once. Send it again.")
    return _seal(
        context, caller, claims, request_credentials, authorization
    )  # 8 (for those that had nothing to commit), 10, 11


def _checked(
    context: Context, grant: Grant, caller: Authenticated, params: Params, request_credentials: RequestCredentials
) -> tuple[TokenRequest, DPoPProof | None]:
    """Phases 4 to 6: the request as the grant sees it, and the DPoP proof, which is still to be used up."""
    now, application, resources = context.clock.now(), caller.application, context.directory.resources
    sender = _NO_SENDER
    if request_credentials.proofs or request_credentials.certificate is not None or application.options.token_binding:
        sender = _sender(context, caller, request_credentials, now)
    resource, scope = params.values.get("resource"), params.values.get("scope")
    own = {name: params.values[name] for name in grant.parameters if name in params.values} if grant.parameters else {}
    target: int | None = None
    granted: Scopes | None = None
    if resource is not None or not grant.brings_target:
        target = resources.target(application, resource)
        granted = scopes.narrow(resources.granted(application, target), scope)
    request = TokenRequest(
        parameters=own,
        scope=scope,
        binding=sender.binding,
        thumbprint=sender.thumbprint,
        target=target,
        scopes=granted,
        now=now,
    )
    return request, sender.proof


def _sender(context: Context, caller: Authenticated, request_credentials: RequestCredentials, now: int) -> _Sender:
    """The sender constraint of a request (RFC 9449 section 5, RFC 8705 section 3).

    Raises InvalidDPoPProof, UseDPoPNonce, and InvalidRequest for a certificate that is missing.
    """
    wanted, sender = caller.application.options.token_binding, _NO_SENDER
    if request_credentials.proofs or wanted is _TO_KEY:
        proof = dpop.requested(context, caller.application, request_credentials, now)
        sender = _Sender(_TO_KEY, proof.thumbprint, proof)
    if request_credentials.certificate is not None or wanted is _TO_CERTIFICATE:
        thumbprint = certificate_binding.requested(caller, request_credentials, sender.binding)
        if thumbprint:
            sender = _Sender(_TO_CERTIFICATE, thumbprint)
    return sender


async def _commit(
    context: Context, caller: Authenticated, proof: DPoPProof | None, claims: Claims, authorization: Authorization
) -> bool:
    """Phases 8 and 9; False when a fact that the grant's changes rely on no longer holds. Then nothing was written."""
    application, now = caller.application, claims.issued_at
    if application.options.limits and not _reusable(context, application, claims, authorization):
        limits.check_tokens(context, application, now)
    try:
        await consume(context, caller, proof, authorization.changes)
    except Conflict:
        return False
    return True


def _seal(
    context: Context,
    caller: Authenticated,
    claims: Claims,
    request_credentials: RequestCredentials,
    authorization: Authorization,
) -> Granted:
    """Phases 10 and 11, and phase 8 for a request that had nothing to commit. A live token may be handed out again."""
    application, usage, now = caller.application, context.state.usage, claims.issued_at
    options = application.options
    if options.token_reuse:
        reusable = _reusable(context, application, claims, authorization)
        if reusable is not None:
            usage.count(caller, now, request_credentials.source, claims.resource, 0)
            return Granted(access_tokens.reply(*reusable, now))
    quotas: Quotas = ()
    if options.limits:
        quotas = limits.take_token(context, application, now, committed=bool(authorization.changes))
    token = formats.write(context, claims, application)
    usage.count(caller, now, request_credentials.source, claims.resource)
    if options.token_reuse and not authorization.changes:
        context.state.token_reuse.keep(application, claims, token)
    return Granted(access_tokens.reply(token, claims, now), quotas)


def _reusable(
    context: Context, application: Application, claims: Claims, authorization: Authorization
) -> tuple[str, Claims] | None:
    """A live token that says the same. The token for which something was committed is always a new one."""
    if not application.options.token_reuse or authorization.changes:
        return None
    return context.state.token_reuse.find(application, claims, claims.issued_at)


def _claims(context: Context, request: TokenRequest, authorization: Authorization, caller: Authenticated) -> Claims:
    """The claims of the token, within the request and the authorization. Raises InvalidTarget and InvalidScope."""
    application, target, granted = caller.application, request.target, request.scopes
    if target is None or granted is None or authorization.scopes is not None or authorization.target is not None:
        target, granted = _within(context.directory.resources, application, request, authorization)
    return Claims(
        application=application.number,
        credential=caller.credential,
        token_id=access_tokens.new_id(context.entropy.random_bytes(access_tokens.ID_RANDOM_BYTES), request.now),
        issued_at=request.now,
        lifetime_seconds=application.token_lifetime_seconds,
        scopes=granted,
        resource=target,
        binding=request.binding,
        thumbprint=request.thumbprint,
        generation=application.generation,
        subject=authorization.subject,
        grant=authorization.grant,
    )


def _within(
    resources: Resources, application: Application, request: TokenRequest, authorization: Authorization
) -> tuple[int, Scopes]:
    """Phases 5 and 6 once more, where the authorization says less than the client may have, or has its own target.

    Raises InvalidTarget when the request names another resource, and InvalidScope when no scope is left, or the request
    asks for one that was not authorized.
    """
    target = authorization.target
    if target is None:
        target = resources.target(application, None) if request.target is None else request.target
    elif request.target not in (None, target):
        raise InvalidTarget(
            resource_servers.NOT_GRANTED, detail="the authorization is for another resource", check="target.granted"
        )
    allowed = resources.granted(application, target)
    if authorization.scopes is not None:
        allowed = tuple(name for name in allowed if name in authorization.scopes)
    if not allowed:
        raise InvalidScope(
            "Nothing is left of the authorization that this client may have.",
            detail="the client may not have any of the authorized scopes",
            check="scope.granted",
        )
    return target, scopes.narrow(allowed, request.scope)
