"""Unmodified OAuth client libraries get a token and call the platform with it."""

from collections.abc import Callable
from typing import NamedTuple

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from oauthlib.oauth2.rfc6749.errors import InvalidScopeError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.support.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Outcome(NamedTuple):
    """What a library made of the token reply, and the status of the platform call that it made with it."""

    token: dict[str, object]
    status: int


Library = Callable[[Server, str], Outcome]


@pytest.fixture(autouse=True)
def loopback_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries insist on TLS otherwise, also on the loopback."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def token_url(server: Server) -> str:
    """The token endpoint."""
    return f"{server.url}/oauth/token"


def profile_url(server: Server) -> str:
    """A customer's profile."""
    return f"{server.url}/priv/v1/apps/{server.demo['api_key']}/users/{server.demo['customer_id']}"


def authlib_httpx(server: Server, method: str) -> Outcome:
    """Authlib over httpx."""
    user, secret = server.demo["client_id"], server.demo["client_secret"]
    with OAuth2Client(user, secret, token_endpoint_auth_method=method, scope="openid") as client:
        token = client.fetch_token(token_url(server), grant_type="client_credentials")
        return Outcome(dict(token), client.get(profile_url(server)).status_code)


def authlib_requests(server: Server, method: str) -> Outcome:
    """Authlib over requests, without a scope."""
    user, secret = server.demo["client_id"], server.demo["client_secret"]
    with AuthlibSession(user, secret, token_endpoint_auth_method=method) as client:
        token = client.fetch_token(token_url(server), grant_type="client_credentials")
        return Outcome(dict(token), client.get(profile_url(server)).status_code)


def requests_oauthlib(server: Server, method: str) -> Outcome:
    """requests-oauthlib with oauthlib's backend application client."""
    user, secret = server.demo["client_id"], server.demo["client_secret"]
    with OAuth2Session(client=BackendApplicationClient(client_id=user)) as session:
        if method == "client_secret_basic":
            token = session.fetch_token(token_url(server), auth=HTTPBasicAuth(user, secret))
        else:
            token = session.fetch_token(token_url(server), client_secret=secret, include_client_id=True)
        return Outcome(dict(token), session.get(profile_url(server)).status_code)


def oauthlib_httpx(server: Server, method: str) -> Outcome:
    """The bare oauthlib: it writes the request and reads the reply, httpx carries them."""
    user, secret = server.demo["client_id"], server.demo["client_secret"]
    client = BackendApplicationClient(client_id=user)
    if method == "client_secret_basic":
        body = client.prepare_request_body(include_client_id=False)
    else:
        body = client.prepare_request_body(client_secret=secret, include_client_id=True)
    auth = httpx.BasicAuth(user, secret) if method == "client_secret_basic" else None
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(token_url(server), content=body, headers=form, auth=auth, timeout=60)
    token = client.parse_request_body_response(answer.text)
    url, headers, _ = client.add_token(profile_url(server))
    return Outcome(dict(token), httpx.get(url, headers=headers, timeout=60).status_code)


LIBRARIES = [authlib_httpx, authlib_requests, requests_oauthlib, oauthlib_httpx]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_a_library_gets_a_token_and_uses_it(server: Server, library: Library, method: str) -> None:
    """By both standard ways of authenticating; the platform lets the token in that the library sends."""
    outcome = library(server, method)
    assert outcome.status == 200
    assert outcome.token["token_type"] == "bearer"
    assert outcome.token["expires_in"] == 1209599
    assert isinstance(outcome.token["access_token"], str)
    assert outcome.token["scope"] in ("openid", ["openid"])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_library_understands_a_refused_client(server: Server, method: str) -> None:
    """A wrong secret comes out as the library's own error for an invalid client."""
    user = server.demo["client_id"]
    with OAuth2Session(client=BackendApplicationClient(client_id=user)) as session:
        if method == "client_secret_basic":
            with pytest.raises(InvalidClientError):
                session.fetch_token(token_url(server), auth=HTTPBasicAuth(user, "wrong"))
        else:
            with pytest.raises(InvalidClientError):
                session.fetch_token(token_url(server), client_secret="wrong", include_client_id=True)


def test_a_library_understands_a_refused_scope(server: Server) -> None:
    """A scope beyond the application's comes out as the library's own error for an invalid scope."""
    user, secret = server.demo["client_id"], server.demo["client_secret"]
    with (
        OAuth2Session(client=BackendApplicationClient(client_id=user, scope=["admin"])) as session,
        pytest.raises(InvalidScopeError),
    ):
        session.fetch_token(token_url(server), auth=HTTPBasicAuth(user, secret))


def test_basic_works_on_the_platform_after_a_challenge(server: Server) -> None:
    """A client that sends its API key and secret only after a 401 has asked for Basic is let in."""
    challenge = httpx.get(profile_url(server), timeout=60)
    assert challenge.status_code == 401
    assert challenge.headers.get_list("www-authenticate")[0].startswith("Basic ")
    pair = (server.demo["api_key"], server.demo["property_secret"])
    assert httpx.get(profile_url(server), auth=pair, timeout=60).status_code == 200
