"""The grant table, and the phases that all grants share, in numbered order.

    1  known and allowed     the grant type is one we know, and this application may use it
    2  target chosen         the resource that the token is for (RFC 8707), or the platform
    3  scopes narrowed       to what the application was given there
    4  the grant's own rule  what only this grant asks for
    5  claims                what the token will say

A grant cannot forget a phase: `decide` runs them, and a grant only brings phase 4.
"""

from collections.abc import Callable

import msgspec

from tessera.core import scopes, wire
from tessera.core.clients.applications import Application, AuthenticationMethod, JSONRequests, QueryCredentials
from tessera.core.clients.credentials import (
    UNKNOWN_CLIENT,
    Assertion,
    Authenticated,
    Certificate,
    Credentials,
    Place,
    Presented,
)
from tessera.core.errors import InvalidClient, InvalidRequest, UnsupportedGrantType
from tessera.core.tokens.access_tokens import Claims
from tessera.core.tokens.resource_servers import Resources


class Grant(msgspec.Struct, frozen=True):
    """One row of the grant table: its name, and its own rule, which raises a refusal or returns."""

    name: str
    rule: Callable[[wire.Params, Application], None]


def _client_credentials(_params: wire.Params, _application: Application) -> None:
    """RFC 6749 section 4.4: the authenticated client itself is the authorization."""


GRANTS = {grant.name: grant for grant in (Grant("client_credentials", _client_credentials),)}


def known(params: wire.Params) -> Grant:
    """Phase 1, before the client is looked at: the grant type is present and known.

    Raises InvalidRequest when it is absent, UnsupportedGrantType when it is not in the table.
    """
    name = params.values.get("grant_type")
    if name is None:
        raise InvalidRequest(
            "The parameter grant_type is missing. Send grant_type=client_credentials.", check="grant.absent"
        )
    grant = GRANTS.get(name)
    if grant is None:
        raise UnsupportedGrantType(
            f"This grant type is not supported. Use {' or '.join(GRANTS)}.", check="grant.unknown", sent=name
        )
    return grant


def check_place(presented: Credentials, application: Application) -> None:
    """Refuse credentials in the URL where the application's policy denies them.

    Raises InvalidClient. To be called only for a caller that has proved itself, so the detail helps nobody else.
    """
    if presented.place is Place.QUERY and application.query_credentials is QueryCredentials.DENY:
        raise InvalidClient(
            UNKNOWN_CLIENT,
            detail="this application may not present credentials in the query string",
            check="client.query",
        )


def check_json(params: wire.Params, application: Application) -> None:
    """Refuse a JSON body where the application's policy denies it.

    Raises InvalidRequest. To be called only for a caller that has proved itself.
    """
    if params.is_json and application.options.json_requests is JSONRequests.DENY:
        raise InvalidRequest(
            "This application may not send JSON. Send the body as application/x-www-form-urlencoded.",
            check="request.json_denied",
        )


_METHODS: dict[type[Credentials], AuthenticationMethod] = {
    Presented: AuthenticationMethod.CLIENT_SECRET,
    Assertion: AuthenticationMethod.PRIVATE_KEY_JWT,
    Certificate: AuthenticationMethod.TLS,
}


def check_method(presented: Credentials, application: Application) -> None:
    """Refuse a way of authentication that is switched off for the application.

    Raises InvalidClient. To be called only for a caller that has proved itself, so the detail helps nobody else.
    """
    allowed = application.options.authentication_methods
    if allowed and not allowed & _METHODS[type(presented)]:
        raise InvalidClient(UNKNOWN_CLIENT, detail="this way of authentication is switched off", check="client.method")


def decide(
    grant: Grant, params: wire.Params, caller: Authenticated, known: Resources, token_id: int, now: int
) -> Claims:
    """Phases 2 to 5: the claims of the token this request earns.

    Raises InvalidTarget, InvalidScope, or what the grant's own rule raises.
    """
    application = caller.application
    values = params.values
    target = known.target(application, values.get("resource"))
    granted = scopes.narrow(known.granted(application, target), values.get("scope"))
    grant.rule(params, application)
    return Claims(
        application=application.number,
        credential=caller.credential,
        token_id=token_id,
        issued_at=now,
        lifetime_seconds=application.token_lifetime_seconds,
        scopes=granted,
        resource=target,
        generation=application.generation,
    )
