"""Scopes: nobody gets more than the application was given, and nothing odd comes back."""

import json
from urllib.parse import quote_plus

import pytest

from tests.support.raw import bearer
from tests.support.target import Target, assert_refused


def ask(target: Target, name: str, scope: str) -> tuple[str, str]:
    """Query-free token request of an application with a scope: the form, and the scope as sent."""
    form = f"client_id={target.values[f'{name}_id']}&client_secret={target.values[f'{name}_secret']}"
    return f"grant_type=client_credentials&{form}&scope={quote_plus(scope)}", scope


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("reader", "openid"), ("reader", "profiles:write"), ("reader", "profiles:read openid"),
        ("reader", "profiles:read profiles:read loyalty:read"), ("reader", "profiles:*"), ("reader", "*"),
        ("reader", "PROFILES:READ"), ("accountant", "loyalty:read loyalty:write profiles:read"), ("client", "admin"),
        ("client", "profiles:read"),
    ],
)  # fmt: skip
def test_a_scope_beyond_what_the_application_has_is_refused(target: Target, name: str, scope: str) -> None:
    """Asking for more, alone or among what is allowed, is an invalid scope."""
    assert_refused(target.ask_token("", ask(target, name, scope)[0]), 400, "invalid_scope")


@pytest.mark.parametrize(
    "scope", ['"openid"', "openid\\", "openid\u2028", "é", "openid\u00a0profiles:read", "\U0001f511", "   "]
)
def test_a_malformed_scope_is_refused_without_an_echo(target: Target, scope: str) -> None:
    """Characters that no scope has are an invalid scope; the answer repeats none of them."""
    assert_refused(target.ask_token("", ask(target, "client", scope)[0]), 400, "invalid_scope")


@pytest.mark.parametrize("scope", ["openid\r\nX-Injected: 1", "openid\x00", "openid\tprofiles:read", "\x7f"])
def test_a_scope_with_control_characters_is_no_request(target: Target, scope: str) -> None:
    """Control characters are refused before anybody looks at the scope, and never reach a header."""
    answer = target.ask_token("", ask(target, "client", scope)[0])
    assert_refused(answer, 400, "invalid_request")
    assert answer.header("x-injected") is None


def test_a_narrowed_token_carries_no_more_than_was_asked(target: Target) -> None:
    """The reply names the narrowed scope, and the platform holds the token to it."""
    answer = target.ask_token("", ask(target, "accountant", "loyalty:read")[0])
    reply = json.loads(answer.body)
    assert reply["scope"] == "loyalty:read"
    statuses = target.everywhere(bearer(reply["access_token"]))
    allowed = {endpoint for endpoint, status in statuses.items() if status != 403}
    assert allowed == {"POST /api/1.0/user_tiers/tier_status", "POST /incentives/api/1.0/user_tiers/tier_status"}


def test_a_token_without_a_scope_for_it_names_the_one_it_lacks(target: Target) -> None:
    """403 with the scope named once, in a challenge that carries nothing else of the request."""
    answer = target.read(bearer(target.token("accountant")))
    assert answer.status == 403
    assert answer.all("www-authenticate") == [
        'Bearer realm="tessera", error="insufficient_scope", scope="profiles:read"'
    ]
