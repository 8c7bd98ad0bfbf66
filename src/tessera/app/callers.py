"""Who is calling the platform API: an application by its token, or a digital property by its key and secret."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tessera.app import token_forms, tokens
from tessera.app.house import House
from tessera.core import applications, credentials, scopes
from tessera.core.audit import Actor
from tessera.core.errors import InsufficientScope, InvalidAPIKey, InvalidAuthToken, MissingCredentials, NotFound
from tessera.core.evidence import Evidence
from tessera.core.loyalty.program import Program
from tessera.core.organizations import NO_PROPERTY
from tessera.core.scopes import Scopes

T = TypeVar("T")


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Somebody who has proved to act for an organization (by number), within these scopes.

    It is an application (`client_id`) or a digital property (`api_key`), and calls from `source`.
    """

    organization: int
    scopes: Scopes
    client_id: str = ""
    api_key: str = ""
    source: str = ""

    def actor(self) -> Actor:
        """Who the audit says it was."""
        name = f"client {self.client_id}" if self.client_id else f"property {self.api_key}"
        return Actor(name, self.source or None)


async def identify(house: House, evidence: Evidence) -> Caller:
    """The caller that the `Authorization` header proves, by Bearer or by Basic.

    Raises MissingCredentials when there is no header, InvalidAuthToken for anything that proves nothing.
    """
    authorization = evidence.authorization
    if authorization is None:
        raise MissingCredentials(
            "Send Authorization: Bearer with a token from /oauth/token, or Basic credentials.", check="caller.absent"
        )
    token = credentials.bearer(authorization)
    if token is not None:
        found = await tokens.check(house, token)
        if found is None:
            raise await _token_refused(house, token)
        return Caller(found[1].organization, found[0].scopes, found[1].client_id, "", evidence.source)
    pair = credentials.basic_pair(authorization)
    if pair is None:
        raise InvalidAuthToken(
            "The Authorization header is neither a Bearer token nor well-formed Basic.", check="caller.scheme"
        )
    return await _property_caller(house, *pair, evidence.source)


async def _token_refused(house: House, token: str) -> InvalidAuthToken:
    """One text for all that is wrong with a token; what it was is for the operator alone."""
    now = house.clock.now()
    claims = await token_forms.read(house, token, now)
    application = None if claims is None else await house.directory.applications.with_number(claims.application)
    if claims is None:
        detail, check = "not a token of this service", "token.unknown"
    elif claims.expires_at <= now:
        detail, check = "the token has expired", "token.expired"
    elif application is None or not application.enabled:
        detail, check = "the application of the token is deleted or disabled", "token.application"
    elif claims.token_id in house.directory.revocations:
        detail, check = "the token was revoked", "token.revoked"
    else:
        detail, check = (
            "all tokens of the application, or its last secret, were ended after it was issued",
            "token.ended",
        )
    text = "The token is not valid, expired or revoked. Request a new one from /oauth/token."
    return InvalidAuthToken(text, detail=detail, check=check)


async def _property_caller(house: House, api_key: str, secret: str, source: str) -> Caller:
    known = await house.directory.properties.get(api_key) or NO_PROPERTY
    digest = applications.secret_digest(house.directory.pepper, secret)
    if not known.opens_with(digest):
        raise InvalidAuthToken(
            "The API key or its secret is wrong.",
            check="caller.property" if known is not NO_PROPERTY else "caller.api_key",
        )
    return Caller(known.organization, (scopes.EVERYTHING,), "", api_key, source)


def require(caller: Caller, scope: str) -> None:
    """Raises InsufficientScope when the caller lacks the scope an endpoint needs."""
    if not scopes.allows(caller.scopes, scope):
        raise InsufficientScope(f"This token lacks the scope {scope}.", scope=scope)


async def own_api_key(house: House, caller: Caller, api_key: str) -> None:
    """Raises InvalidAPIKey unless the key in the path names a digital property of the caller's organization."""
    properties = house.directory.properties
    known = properties.known.get(api_key) or await properties.get(api_key)
    if known is None or known.organization != caller.organization:
        raise InvalidAPIKey("The API key in the address is not one of your organization.", check="address.api_key")


async def program(house: House, organization: int) -> Program:
    """The loyalty program of an organization. Raises NotFound when it is gone."""
    programs = house.directory.programs
    known = programs.known.get(organization) or await programs.get(organization)
    if known is None:
        raise NotFound("The organization does not exist any more.")
    return known


async def with_program(house: House, organization: int, make: Callable[[Program], T]) -> T:
    """What `make` makes of an organization's program.

    When the program in memory lacks a level or an account, which another process may just have added, it is read anew
    and `make` called again. Raises NotFound when the organization is gone.
    """
    try:
        return make(await program(house, organization))
    except LookupError:
        house.directory.programs.drop(organization)
        return make(await program(house, organization))


async def own_retailer(house: House, caller: Caller, retailer_id: str) -> Program:
    """The program that `retailer_id` names. Raises NotFound unless it is the caller's own."""
    known = await program(house, caller.organization)
    if known.retailer_id != retailer_id:
        raise NotFound("retailer_id names no retailer of your organization.")
    return known
