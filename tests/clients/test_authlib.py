"""Authlib, unmodified, over requests and over httpx: a token from its request to its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.integrations.requests_client import OAuth2Session

from tests.support import operator_session
from tests.support.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

Client = Any
"""`OAuth2Session` or `OAuth2Client`: the library has no types."""


@pytest.fixture(autouse=True)
def loopback_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library insists on TLS otherwise, also on the loopback."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@contextmanager
def client_of(kind: Callable[..., Client], client_id: str, secret: str, method: str) -> Iterator[Client]:
    """A client of the library that authenticates by this method, also where it asks about tokens and ends them."""
    made = kind(
        client_id, secret, token_endpoint_auth_method=method, revocation_endpoint_auth_method=method, scope="openid"
    )
    with made as client:
        yield client


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("kind", [OAuth2Session, OAuth2Client])
def test_a_token_from_its_request_to_its_end(server: Server, kind: Callable[..., Client], method: str) -> None:
    """`fetch_token`, `introspect_token`, `revoke_token`: live and described at first, inactive after it was revoked."""
    made = operator_session.make_partner(server.folder, f"authlib {kind.__module__} {method}")
    with client_of(kind, made.client_id, str(made.client_secret), method) as client:
        token = client.fetch_token(f"{server.url}/oauth/token", grant_type="client_credentials")
        about = {"token": token["access_token"], "token_type_hint": "access_token"}
        told = client.introspect_token(f"{server.url}/oauth/introspect", **about).json()
        assert (told["active"], told["client_id"], told["scope"]) == (True, made.client_id, "openid")
        assert told["token_type"].lower() == "bearer"
        assert client.revoke_token(f"{server.url}/oauth/revoke", **about).status_code == 200
        assert client.introspect_token(f"{server.url}/oauth/introspect", **about).json() == {"active": False}


def test_another_clients_token_is_nothing_to_it(server: Server) -> None:
    """Asked about by another application the token is inactive, and revoking it does nothing."""
    made = operator_session.make_partner(server.folder, "authlib stranger")
    token = server.token()
    about = {"token": token}
    with client_of(OAuth2Client, made.client_id, str(made.client_secret), "client_secret_basic") as stranger:
        assert stranger.introspect_token(f"{server.url}/oauth/introspect", **about).json() == {"active": False}
        assert stranger.revoke_token(f"{server.url}/oauth/revoke", **about).status_code == 200
    demo = server.demo
    with client_of(OAuth2Client, demo["client_id"], demo["client_secret"], "client_secret_basic") as owner:
        assert owner.introspect_token(f"{server.url}/oauth/introspect", **about).json()["active"] is True
