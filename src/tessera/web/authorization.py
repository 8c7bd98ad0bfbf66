"""Who is calling? The credentials of a request, and whether they reach far enough.

Each way in which somebody authenticates has one function here, and all go through `_noted`, so that none can forget to
say who it was.
"""

import re
from typing import Protocol, TypeVar

from tessera.app import callers
from tessera.app.callers import Caller
from tessera.app.clients import authentication as client_authentication
from tessera.app.context import Context
from tessera.app.tokens import dpop, introspection
from tessera.app.tokens.introspection import Held, PersonalTokenInfo, TokenInfo
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import ArgumentError, InvalidRequest
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas
from tessera.core.wire import Params
from tessera.web import presented
from tessera.web.messages import Headers, Request

_TOKEN = re.compile(rb"(?:bearer|dpop) ", re.IGNORECASE)
_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")


class Known(Protocol):
    """Result of an authentication."""

    @property
    def client(self) -> str:
        """The client id or API key of who has authenticated."""

    @property
    def quotas(self) -> Quotas:
        """The quotas of its limits."""


K = TypeVar("K", bound=Known)


def _noted(request: Request, found: K) -> K:
    """Note who has authenticated. An authentication that is refused says so itself (`Refusal.client`)."""
    request.client, request.quotas = found.client, found.quotas
    return found


def fresh_nonce(context: Context) -> Headers:
    """The nonce for the next DPoP proof, so that whoever keeps calling is never sent back for one (RFC 9449 8.2)."""
    nonce = dpop.nonce(context, context.clock.now())
    return ((b"dpop-nonce", nonce.encode("ascii")),) if nonce else ()


async def caller(context: Context, request: Request, scope: str) -> Caller:
    """The caller, known to hold `scope`.

    Only the `Authorization` header counts. Raises MissingCredentials, InvalidAuthToken, DPoPChallenge,
    InsufficientScope, and ArgumentError when a token stands in the URL as well (RFC 6750 section 2).
    """
    request_credentials = presented.read(request, context.settings)

    def accept(found: Caller) -> None:
        if request.query and b"access_token=" in request.query:
            raise ArgumentError(
                "Send the token in the Authorization header only, not in the address.", check="token.query"
            )
        callers.require(found, scope)

    found = _noted(request, await callers.identify(context, request_credentials, accept))
    if request_credentials.proofs:
        request.also_answer += fresh_nonce(context)
    return found


async def client(
    context: Context, request: Request, params: Params, request_credentials: RequestCredentials
) -> Authenticated:
    """The client that authenticates at an OAuth endpoint. Raises as `app.clients.authenticate` does."""
    return _noted(request, await client_authentication.authenticate(context, params, request_credentials))


async def asker(
    context: Context, request: Request, params: Params, request_credentials: RequestCredentials
) -> Authenticated | Held:
    """The client that asks about a token: by its credentials, or by another token in the header, beside nothing else.

    Raises as `app.clients.authenticate` and `app.introspection.by_token` do.
    """
    if _TOKEN.match(request_credentials.authorization or b"") and not any(
        each in params.values for each in _CREDENTIALS
    ):
        found = _noted(request, await introspection.by_token(context, params, request_credentials))
        if request_credentials.proofs:
            request.also_answer += fresh_nonce(context)
        _refuse_token_in_address(request)
        return found
    return await client(context, request, params, request_credentials)


async def holder(context: Context, request: Request) -> TokenInfo | PersonalTokenInfo:
    """Describe the token sent with a request. Raises as `app.introspection.holder_s` does.

    Raises InvalidRequest when a token stands in the URL as well (RFC 6750 section 2).
    """
    request_credentials = presented.read(request, context.settings)

    told = _noted(
        request, await introspection.holder_s(context, request_credentials, lambda: _refuse_token_in_address(request))
    )
    if request_credentials.proofs:
        request.also_answer += fresh_nonce(context)
    return told


def _refuse_token_in_address(request: Request) -> None:
    if request.query and b"access_token=" in request.query:
        raise InvalidRequest("Send the token in the Authorization header only, not in the address.")
