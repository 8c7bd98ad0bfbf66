"""Telling of a token: to resource servers and its own application (RFC 7662), and to whoever holds it."""

from collections.abc import Callable

import msgspec

from tessera.app.clients import limits
from tessera.app.context import Context
from tessera.app.tokens import dpop, revocation, verification
from tessera.core.clients import credentials
from tessera.core.clients.applications import Application
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import InvalidRequest, InvalidToken, Refusal
from tessera.core.oauth import client_policy
from tessera.core.oauth.metadata import INTROSPECTION_SIGNED_WITH
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas
from tessera.core.times import SECOND
from tessera.core.tokens import certificate_binding, introspection
from tessera.core.tokens import dpop as proofs
from tessera.core.tokens.access_tokens import PURPOSE, Claims, seconds_left
from tessera.core.tokens.dpop import DPoPProof
from tessera.core.tokens.introspection import Active
from tessera.core.tokens.resource_servers import Resources
from tessera.core.wire import Params
from tessera.ports import StoreError

SIGNED_WITH = INTROSPECTION_SIGNED_WITH
"""What signs answers, for those who ask for signed ones."""


ITSELF = "A token cannot be asked about with itself. Send another one of the same client, or the client's credentials."

NO_TOKEN = "The token is absent, not valid, expired or revoked. Request a new one from /oauth/token."


class TokenApplication(msgspec.Struct, frozen=True, gc=False):
    """The application that a token was issued to, by its client id."""

    uid: str


class TokenInfo(msgspec.Struct, frozen=True, gc=False):
    """What a token says. `resource_owner_id` is null: no person stands behind it. Times are in seconds."""

    resource_owner_id: None
    scope: tuple[str, ...]
    expires_in: int
    application: TokenApplication
    created_at: int

    @property
    def client(self) -> str:
        """The client id of the application."""
        return self.application.uid

    @property
    def quotas(self) -> Quotas:
        """None: asking about one's own token counts against no limit."""
        return ()


class PersonalTokenInfo(msgspec.Struct, frozen=True, gc=False):
    """The same of a token that is about a person, whose id is `resource_owner_id`.

    The reference does not show it: no endpoint issues such tokens yet.
    """

    resource_owner_id: str
    scope: tuple[str, ...]
    expires_in: int
    application: TokenApplication
    created_at: int

    @property
    def client(self) -> str:
        """The client id of the application."""
        return self.application.uid

    @property
    def quotas(self) -> Quotas:
        """None, as for any token."""
        return ()


class Held(msgspec.Struct, frozen=True):
    """A live token that came with a request: what it says, whose it is, and the proof of its key, if it has one.

    The proof is still to be used up. `quotas` are those of the application's limits.
    """

    claims: Claims
    application: Application
    proof: DPoPProof | None
    quotas: Quotas = ()

    @property
    def client(self) -> str:
        """The client id of its application."""
        return self.application.client_id


async def introspect(context: Context, asker: Authenticated | Held, params: Params) -> Active | None:
    """Describe the token in a request; None when it is inactive or none of the asker's business.

    A client that authenticates by another token of its own is told of its own tokens alone (RFC 7662 section 2.1).
    Waits on nothing, once the token's application is known.

    Any `token_type_hint` is taken: all tokens are looked for alike. Raises InvalidRequest, InvalidToken when the token
    is the one by which it is asked, and as `tokens.consume` does.
    """
    token = revocation.asked_about(params)
    opened_before = token in context.directory.ring.remembered
    found = await verification.check(context, token)
    if isinstance(asker, Held):
        if found is not None and found[0].token_id == asker.claims.token_id:
            raise InvalidToken(ITSELF, detail="it is the token that was asked about", check="token.itself")
        if asker.proof is not None:
            await dpop.consume(context, asker.proof)
    else:
        await verification.consume(context, asker)
    resources = context.directory.resources
    if found is None or not _may_look(asker, *found, resources):
        if opened_before:  # what is no token of ours costs an attempt to open it: so the time tells neither
            context.directory.ring.open(token, PURPOSE, context.clock.now())
        return None
    return introspection.describe(*found, resources, context.issuer)


def _may_look(asker: Authenticated | Held, claims: Claims, owner: Application, resources: Resources) -> bool:
    if isinstance(asker, Held):
        return asker.application.number == owner.number
    return introspection.may_look(asker.application, claims, owner, resources)


async def by_token(context: Context, params: Params, request_credentials: RequestCredentials) -> Held:
    """The client that asks about tokens with one of its own in the header (RFC 7662 section 2.1).

    Raises InvalidToken unless it is live, for the platform, and not held back by a limit; DPoPChallenge for one
    without the proof of its key, InvalidRequest when `client_id` names another client or the application may not send
    JSON, TooManyRequests.
    """
    held = await _held(context, request_credentials)
    try:
        if held.claims.subject:
            raise InvalidToken(NO_TOKEN, detail="the token is about a person", check="token.subject")
        if held.claims.resource:
            raise InvalidToken(NO_TOKEN, detail="the token is for another resource", check="token.audience")
        if params.get("client_id") not in (None, held.client):
            raise InvalidRequest(
                "The client_id parameter names another client than the Authorization header.", check="client.two_ids"
            )
        if params.is_json:
            client_policy.check_json(held.application)
        if held.application.options.limits:
            now = context.clock.now()
            outside = limits.outside(context, held.application, request_credentials, now)
            if outside:
                raise InvalidToken(NO_TOKEN, detail=outside, check="limits.networks")
            held = msgspec.structs.replace(held, quotas=limits.take_request(context, held.application, now))
    except Refusal as refusal:
        raise _named(refusal, held) from None
    context.state.usage.call(held.application.number)
    return held


def _named(refusal: Refusal, held: Held) -> Refusal:
    """The refusal, with the client that authenticated."""
    refusal.client, refusal.quotas = held.client, refusal.quotas or held.quotas
    return refusal


def signed(context: Context, told: Active | None, client_id: str) -> str:
    """The answer as a signed text for the one who asked (RFC 9701 section 5)."""
    now = context.clock.now()
    key = context.directory.signing.signing(SIGNED_WITH, now)
    content = {"active": False} if told is None else told
    said = {"iss": context.issuer, "aud": client_id, "iat": now // SECOND, "token_introspection": content}
    return key.sign(introspection.SIGNED, msgspec.json.encode(said))


async def holder_s(
    context: Context, request_credentials: RequestCredentials, accept: Callable[[], None] = lambda: None
) -> TokenInfo | PersonalTokenInfo:
    """What the token of a request says. Raises InvalidToken unless there is one, and it is live.

    Raises DPoPChallenge for a token without the proof of the key it is bound to. `accept` is called before that is used
    up, and may refuse.
    """
    held = await _held(context, request_credentials)
    try:
        accept()
        if held.proof is not None:
            await dpop.consume(context, held.proof)
    except (Refusal, StoreError) as problem:
        problem.client = held.client
        raise
    claims = held.claims
    left = seconds_left(claims, context.clock.now())
    more = (claims.scopes, left, TokenApplication(held.client), claims.issued_at // SECOND)
    return PersonalTokenInfo(claims.subject, *more) if claims.subject else TokenInfo(None, *more)


async def _held(context: Context, request_credentials: RequestCredentials) -> Held:
    """The live token in the header, held to what it is bound to. Raises InvalidToken and DPoPChallenge."""
    authorization = request_credentials.authorization or b""
    bound = proofs.token(authorization)
    token = credentials.bearer(authorization) if bound is None else bound
    found = None if token is None else await verification.check(context, token)
    if found is None:
        raise InvalidToken(NO_TOKEN)
    claims, application = found
    proof = None
    try:
        if bound is None:
            dpop.check_bearer(claims)
        else:
            proof = dpop.check(context, claims, application, bound, request_credentials)
        if not certificate_binding.fits(claims, request_credentials):
            raise InvalidToken(NO_TOKEN)
    except Refusal as refusal:
        refusal.client = application.client_id
        raise
    return Held(claims, application, proof)
