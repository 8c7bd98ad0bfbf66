"""Who is calling the platform API: an application by its token, or a digital property by its key and secret."""

from collections.abc import Callable

import msgspec

from tessera.app.clients import limits, property_authentication
from tessera.app.context import Context
from tessera.app.tokens import dpop, formats, verification
from tessera.core import scopes
from tessera.core.administration.audit import Actor
from tessera.core.clients import credentials
from tessera.core.clients.applications import Application
from tessera.core.errors import (
    InsufficientScope,
    InvalidAPIKey,
    InvalidAuthToken,
    MissingCredentials,
    Refusal,
)
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas
from tessera.core.scopes import Scopes
from tessera.core.tokens import access_tokens as core_tokens
from tessera.core.tokens import certificate_binding
from tessera.core.tokens import dpop as proofs
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.dpop import DPoPProof
from tessera.ports import StoreError

NO_TOKEN = "The token is not valid, expired or revoked. Request a new one from /oauth/token."


EVERYTHING = (scopes.EVERYTHING,)
"""Scopes of a digital property."""

FOREIGN_KEY = "The API key in the address is not one of your organization."


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Somebody who has proved to act for an organization (by number), within these scopes.

    It is an application (`client_id`) or a digital property (`api_key`), and calls from `source`. `quotas` are those of
    its limits.
    """

    organization: int
    scopes: Scopes
    client_id: str = ""
    api_key: str = ""
    source: str = ""
    quotas: Quotas = ()

    @property
    def client(self) -> str:
        """Its client id or API key."""
        return self.client_id or self.api_key

    def actor(self) -> Actor:
        """Who the audit says it was."""
        name = f"client {self.client_id}" if self.client_id else f"property {self.api_key}"
        return Actor(name, self.source or None)


class _Named(msgspec.Struct, frozen=True, gc=False):
    """Whose credentials these are, before it is known whether they are good for this request.

    Of a property nothing more is asked. Of a live token these are its claims, the application, and the token itself
    when it was sent by DPoP.
    """

    caller: Caller
    token: tuple[Claims, Application] | None = None
    by_dpop: str | None = None


async def identify(
    context: Context, request_credentials: RequestCredentials, accept: Callable[[Caller], None] = lambda _caller: None
) -> Caller:
    """The caller that the `Authorization` header proves, by Bearer, by DPoP or by Basic.

    `accept` is told the caller, and may refuse, before a DPoP proof is used up: that comes last.

    Raises MissingCredentials when there is no header, InvalidAuthToken for anything that proves nothing or comes from
    a network that its limits do not allow, TooManyRequests for more than they do, and DPoPChallenge for a token
    without the proof of the key it is bound to. These name the client or property that was presented, if there is one.
    """
    authorization = request_credentials.authorization
    if authorization is None:
        raise MissingCredentials(
            "Send Authorization: Bearer with a token from /oauth/token, or Basic credentials.", check="caller.absent"
        )
    named = await _named(context, authorization, request_credentials)
    caller, proof = named.caller, None
    try:
        if named.token is not None:
            proof, quotas = _hold(context, *named.token, named.by_dpop, request_credentials)
            if quotas:
                caller = msgspec.structs.replace(caller, quotas=quotas)
        accept(caller)
        if proof is not None:
            await dpop.consume(context, proof)
    except (Refusal, StoreError) as problem:
        problem.client, problem.quotas = caller.client, problem.quotas or caller.quotas
        raise
    if named.token is not None:
        context.state.usage.call(named.token[1].number)
    return caller


async def _named(context: Context, authorization: bytes, request_credentials: RequestCredentials) -> _Named:
    """Whose credentials stand in the header: the one place that tells the ways apart."""
    bearer = credentials.bearer(authorization)
    token = proofs.token(authorization) if bearer is None else bearer
    if token is None:
        pair = credentials.basic_pair(authorization)
        if pair is None:
            raise InvalidAuthToken(
                "The Authorization header is neither a Bearer token nor well-formed Basic.", check="caller.scheme"
            )
        found, quotas = await property_authentication.authenticate(context, request_credentials, *pair)
        return _Named(
            Caller(
                organization=found.organization,
                scopes=EVERYTHING,
                client_id="",
                api_key=found.api_key,
                source=request_credentials.source,
                quotas=quotas,
            )
        )
    live = await verification.check(context, token)
    if live is None or live[0].resource or live[0].subject:
        raise dpop.refusal(NO_TOKEN) if bearer is None else await _inactive(context, token, live)
    caller = Caller(live[1].organization, live[0].scopes, live[1].client_id, "", request_credentials.source)
    return _Named(caller, live, token if bearer is None else None)


def _hold(
    context: Context,
    claims: Claims,
    application: Application,
    by_dpop: str | None,
    request_credentials: RequestCredentials,
) -> tuple[DPoPProof | None, Quotas]:
    """Hold the sender of a live token to what it is bound to, and to the limits of its application, with its quotas.

    Raises InvalidAuthToken, DPoPChallenge and TooManyRequests. A proof that came along is still to be used up.
    """
    proof = None
    quotas: Quotas = ()
    if by_dpop is not None:
        proof = dpop.check(context, claims, application, by_dpop, request_credentials)
    elif claims.binding:
        dpop.check_bearer(claims)
        _check_certificate(claims, request_credentials)
    if application.options.limits:
        now = context.clock.now()
        outside = limits.outside(context, application, request_credentials, now)
        if outside:
            raise InvalidAuthToken(NO_TOKEN, detail=outside, check="limits.networks")
        quotas = limits.take_request(context, application, now)
    return proof, quotas


async def _inactive(context: Context, token: str, found: tuple[Claims, Application] | None) -> InvalidAuthToken:
    """One answer, whatever is wrong with a token; one for another resource server is dead here."""
    now = context.clock.now()
    claims = await formats.read(context, token, now)
    application = None if claims is None else await context.directory.applications.with_number(claims.application)
    if found is not None:
        return _elsewhere(found[0])
    if claims is None:
        return _refused("not a token of this service", check="token.unknown")
    return _ended(context, claims, application, now)


def _elsewhere(claims: Claims) -> InvalidAuthToken:
    """Refuse a live token that is not for this path."""
    if claims.subject:
        return _refused("the token is about a person, and this path is for servers", check="token.subject")
    return _refused("the token is for another resource, not for the platform", check="token.audience")


def _ended(context: Context, claims: Claims, application: Application | None, now: int) -> InvalidAuthToken:
    """Refuse a token of this service that is not live."""
    revocations = context.directory.revocations
    if claims.expires_at <= now:
        return _refused("the token has expired", check="token.expired")
    if claims.expires_at <= revocations.purged_until:
        detail = "the token has long expired: this server's clock is behind that of the purges"
        return _refused(detail, check="token.expired")
    if application is None or not application.enabled:
        detail = "the application of the token is deleted, or it or its organization is disabled"
        return _refused(detail, check="token.application")
    if revocations.holds(claims.token_id, claims.expires_at):
        return _refused("the token was revoked", check="token.revoked")
    if core_tokens.cut_off(claims, application):
        detail = "all tokens of the application or its organization were revoked after it was issued"
        return _refused(detail, check="token.ended")
    return _refused("the last credential of the application ended, or what it may do was narrowed", check="token.ended")


def _refused(detail: str, *, check: str) -> InvalidAuthToken:
    return InvalidAuthToken(NO_TOKEN, detail=detail, check=check)


def _check_certificate(claims: Claims, request_credentials: RequestCredentials) -> None:
    """Raises InvalidAuthToken for a token that is bound to a certificate, which did not come along."""
    if not certificate_binding.fits(claims, request_credentials):
        raise InvalidAuthToken(
            "The token is bound to a certificate. Connect with that.",
            detail="no certificate came along, or another one",
            check="binding.certificate",
        )


def require(caller: Caller, scope: str) -> None:
    """Raises InsufficientScope when the caller lacks the scope an endpoint needs."""
    if not scopes.allows(caller.scopes, scope):
        raise InsufficientScope(f"This token lacks the scope {scope}.", scope=scope)


async def own_api_key(context: Context, caller: Caller, api_key: str) -> None:
    """Raises InvalidAPIKey unless the key in the path names an enabled property of the caller's organization."""
    properties = context.directory.properties
    known = properties.known.get(api_key) or await properties.get(api_key)
    if known is None or known.organization != caller.organization:
        raise InvalidAPIKey(FOREIGN_KEY, check="address.api_key")
    if not known.enabled:
        raise InvalidAPIKey(FOREIGN_KEY, detail="the property is disabled", check="address.disabled")
