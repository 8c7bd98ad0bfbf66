"""Grants: which are known, and the phases that all of them go through."""

import pytest

from tessera.core import wire
from tessera.core.clients.applications import Application, QueryCredentials, held
from tessera.core.clients.credentials import Authenticated, Place, Presented
from tessera.core.errors import InvalidClient, InvalidRequest, InvalidScope, UnsupportedGrantType
from tessera.core.oauth import grants
from tessera.core.tokens import resource_servers
from tessera.core.tokens.access_tokens import Claims


def application(policy: QueryCredentials = QueryCredentials.ALLOW) -> Application:
    """An application with two scopes."""
    return Application(5, "id", 1, True, ("profiles:read", "loyalty:read"), 60, policy, 0, *held(()))


def params(query: bytes) -> wire.Params:
    """The parameters of a query string."""
    return wire.form(query, b"", b"")


def test_the_grant_type_is_present_and_known() -> None:
    """An absent grant type is malformed; one that is not in the table is unsupported; names are exact."""
    assert grants.known(params(b"grant_type=client_credentials")).name == "client_credentials"
    for query in (b"", b"grant_type="):
        with pytest.raises(InvalidRequest, match="grant_type is missing"):
            grants.known(params(query))
    for name in (b"password", b"Client_Credentials", b"client_credentials+", b"implicit"):
        with pytest.raises(UnsupportedGrantType):
            grants.known(params(b"grant_type=" + name))


@pytest.mark.parametrize(
    ("place", "policy", "passes"),
    [
        (Place.QUERY, QueryCredentials.ALLOW, True),
        (Place.QUERY, QueryCredentials.WARN, True),
        (Place.QUERY, QueryCredentials.DENY, False),
        (Place.BODY, QueryCredentials.DENY, True),
        (Place.BASIC, QueryCredentials.DENY, True),
    ],
)
def test_credentials_in_the_url(place: Place, policy: QueryCredentials, passes: bool) -> None:
    """Only `deny` refuses, and only credentials in the URL."""
    presented = Presented("id", "pw", place)
    if passes:
        grants.check_place(presented, application(policy))
    else:
        with pytest.raises(InvalidClient):
            grants.check_place(presented, application(policy))


def test_claims_are_what_the_application_was_given() -> None:
    """A token names its application and secret, starts now, and has the scopes asked for or all of them."""
    caller = Authenticated(application(), 9, Place.BODY)
    grant = grants.GRANTS["client_credentials"]

    assert grants.decide(grant, params(b""), caller, resource_servers.NONE, 7, 1_000) == Claims(
        5, 9, 7, 1_000, 60, ("profiles:read", "loyalty:read")
    )
    assert grants.decide(grant, params(b"scope=loyalty:read"), caller, resource_servers.NONE, 7, 1_000).scopes == (
        "loyalty:read",
    )
    with pytest.raises(InvalidScope):
        grants.decide(grant, params(b"scope=openid"), caller, resource_servers.NONE, 7, 1_000)
