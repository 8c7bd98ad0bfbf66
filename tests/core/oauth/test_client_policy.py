"""The ways in which an application lets itself be authenticated."""

from contextlib import nullcontext

import pytest

from tessera.core.clients.applications import Application, AuthenticationMethod, QueryCredentials, held
from tessera.core.clients.credentials import Place
from tessera.core.errors import InvalidClient
from tessera.core.oauth import client_policy


def application(policy: QueryCredentials) -> Application:
    """An application with two scopes."""
    return Application(5, "id", 1, True, ("profiles:read", "loyalty:read"), 60, policy, 0, *held(()))


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
    with nullcontext() if passes else pytest.raises(InvalidClient):
        client_policy.check(application(policy), AuthenticationMethod.CLIENT_SECRET, place, is_json=False)
