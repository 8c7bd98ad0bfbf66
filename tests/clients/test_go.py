"""golang.org/x/oauth2, unmodified: `clientcredentials` gets a token, and its client calls the platform."""

import pytest

from tests.clients import trials
from tests.support.server import Server

pytestmark = pytest.mark.other_language


@pytest.mark.parametrize("style", ["basic", "body", "unsaid"])
def test_the_library_gets_a_token_and_uses_it(server: Server, style: str) -> None:
    """By HTTP Basic, in the body, and by finding out by itself which of them works."""
    told = trials.run_go(server, STYLE=style)
    assert told == {"status": 200, "type": "Bearer", "valid": True, "scope": "openid"}


@pytest.mark.parametrize("style", ["basic", "body"])
def test_the_library_understands_a_refusal(server: Server, style: str) -> None:
    """A wrong secret comes out as the error code of the answer."""
    assert trials.run_go(server, STYLE=style, CLIENT_SECRET="wrong") == {"error": "invalid_client"}
