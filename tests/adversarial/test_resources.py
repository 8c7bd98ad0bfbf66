"""Tokens for resource servers: only for those that were granted, for no more than that, and good nowhere else."""

import json
from pathlib import Path

import pytest

from tessera.app.clients import applications
from tessera.app.context import Context
from tessera.app.tokens import resource_servers
from tests.adversarial.asked import SIGNED, STOCK, TILLS, Asked, furnished, token_for, wait_for_tokens
from tests.support import operator_session
from tests.support.raw import bearer
from tests.support.server import running
from tests.support.target import assert_refused


@pytest.mark.parametrize("resource", [STOCK, SIGNED, TILLS])
def test_a_token_for_a_resource_opens_nothing_here(asked: Asked, resource: str) -> None:
    """The platform refuses it everywhere, and takes the same application's token of its own."""
    token = token_for(asked, "buyer", resource)
    assert set(asked.everywhere(bearer(token)).values()) == {401}
    assert 'error="invalid_token"' in asked.read(bearer(token)).all("www-authenticate")[1]
    assert asked.read(bearer(asked.token("buyer"))).status == 200


TARGETS = (
    "stock.example/api", "/api", "https:", "https://", ":", "https://stock.example/api%23", "https://stock.example/api%23a",
    "https://stock.example/api%20x", "urn:%C3%A9", "javascript:%3Cscript%3E", "https://stock.example/api%5C",
    "a" * 300 + ":b", "https://stock.example/" + "a" * 300, "https://unknown.example/api", "HTTPS://stock.example/api",
    "https://stock.example/api/", "https://STOCK.example/api", "https://stock.example:443/api", "https://stock.example",
    "https://stock.example/api?", "https://stock.example/%2561pi", "urn:tills2", "1", "0",
)  # fmt: skip


@pytest.mark.parametrize("resource", TARGETS)
def test_a_resource_that_is_none(asked: Asked, resource: str) -> None:
    """What is no absolute URI without a fragment, or not letter by letter that of a resource: `invalid_target`."""
    assert_refused(asked.token_for("buyer", resource), 400, "invalid_target")


def test_unknown_and_not_granted_are_one(asked: Asked) -> None:
    """A client cannot tell which resources there are."""
    unknown = asked.token_for("reader", "https://unknown.example/api")
    assert_refused(unknown, 400, "invalid_target")
    for resource in (STOCK, SIGNED, TILLS):
        assert asked.token_for("reader", resource).body == unknown.body
    assert asked.token_for("bound", TILLS).body == unknown.body
    issuer = json.loads(asked.introspect("buyer", asked.token("buyer")).body)["iss"]
    assert asked.token_for("bound", issuer).body == unknown.body, "no platform scope, no token for the platform"
    assert asked.token_for("buyer", issuer).status == 200


def test_a_resource_said_twice(asked: Asked) -> None:
    """The same one counts once; different ones are refused, in any order and number."""
    assert asked.token_for("buyer", STOCK, f"&resource={STOCK}&resource={STOCK}").status == 200
    for more in (TILLS, "https://unknown.example", SIGNED):
        assert_refused(asked.token_for("buyer", STOCK, f"&resource={more}"), 400, "invalid_target")
        assert_refused(asked.token_for("buyer", more, f"&resource={STOCK}&resource={STOCK}"), 400, "invalid_target")
    assert asked.token_for("buyer", "", f"&resource={STOCK}").status == 200, "sent empty is not sent"


def test_a_scope_is_narrowed_at_its_target(asked: Asked) -> None:
    """Never more than was granted there: not another resource's, not the platform's, not what the resource has."""
    for name, resource, scope in (
        ("buyer", STOCK, "open"), ("buyer", STOCK, "openid"), ("buyer", STOCK, "read openid"),
        ("bound", STOCK, "write"),
        ("buyer", TILLS, "close"), ("buyer", SIGNED, "write"), ("bound", STOCK, "tokens:introspect"),
    ):  # fmt: skip
        assert_refused(asked.token_for(name, resource, f"&scope={scope}"), 400, "invalid_scope")
    for name, scope in (("buyer", "read"), ("bound", "read")):
        told = json.loads(asked.token_for(name, STOCK, f"&scope={scope}").body)
        assert told["scope"] == scope
    who = f"grant_type=client_credentials&client_id={asked.values['buyer_id']}"
    answer = asked.ask_token("", f"{who}&client_secret={asked.values['buyer_secret']}&scope=read")
    assert_refused(answer, 400, "invalid_scope")


def test_without_a_resource_the_only_one_is_meant(asked: Asked) -> None:
    """An application without platform scope gets tokens for its only resource; they open nothing at the platform."""
    token = asked.token("bound")
    assert json.loads(asked.introspect("bound", token).body)["aud"] == STOCK
    assert set(asked.everywhere(bearer(token)).values()) == {401}


def test_a_removed_resource_takes_its_tokens_along(tmp_path: Path) -> None:
    """Dead once the resource is gone, and when another of the same name comes."""
    folder = tmp_path / "data"
    with running(folder) as server:
        asked = furnished(server.port, folder)
        token = token_for(asked, "buyer", STOCK)
        assert asked.active("buyer", token)
        operator_session.do(folder, lambda context: resource_servers.delete(context, STOCK))
        asked.becomes("buyer", token, active=False)

        async def again(context: Context) -> None:
            made = await resource_servers.create(context, STOCK, "Stock", "read write", server="stock server")
            await resource_servers.grant(context, await applications.find(context, "buyer"), made, "read write")

        operator_session.do(folder, again)
        wait_for_tokens(asked, STOCK)
        assert not asked.active("buyer", token)
