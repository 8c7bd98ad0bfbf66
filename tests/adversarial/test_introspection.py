"""Asking about tokens as somebody who should not: every answer that is no, is the same no."""

import base64
import json
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tessera.app.clients import applications
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.app.tokens import resource_servers
from tests.adversarial.asked import NO, SIGNED, STOCK, TILLS, Asked, token_for
from tests.support import operator_session, raw, world
from tests.support.raw import Answer, basic, bearer
from tests.support.server import running
from tests.support.target import assert_refused

pytestmark = pytest.mark.engines("sqlite", "postgres")


def test_a_live_token_is_told_of_whole(asked: Asked) -> None:
    """Its members are those of RFC 7662, times in whole seconds, and `active` is a boolean."""
    token = asked.token("buyer")
    told = json.loads(asked.introspect("buyer", token).body)
    client_id = asked.values["buyer_id"]
    issuer = told["iss"]
    assert told == {
        "active": True,
        "scope": "openid",
        "client_id": client_id,
        "token_type": "bearer",
        "exp": told["iat"] + 14 * 86_400,
        "iat": told["iat"],
        "sub": client_id,
        "aud": issuer,
        "iss": issuer,
        "jti": told["jti"],
    }
    assert abs(told["iat"] - time.time()) < 600
    assert type(told["iat"]) is type(told["exp"]) is int
    assert len(told["jti"]) == 16
    for resource in (STOCK, SIGNED):
        assert json.loads(asked.introspect("stock", token_for(asked, "buyer", resource)).body)["aud"] == resource


SEES = {
    "buyer": ("own", "stock", "signed", "tills"),
    "stock": ("stock", "signed"),
    "tills": ("tills",),
    "watcher": ("own", "stock", "signed", "tills"),
    "their": ("theirs",),
    "their_watcher": ("theirs",),
    "reader": (),
    "accountant": (),
}
"""Who is told of which tokens."""


@pytest.mark.parametrize("asks", SEES)
def test_who_is_told_of_which_tokens(asked: Asked, asks: str) -> None:
    """The owner, the resource's server, and a watcher of the organization: of their tokens, and of no other."""
    tokens = {
        "own": asked.token("buyer"),
        "stock": token_for(asked, "buyer", STOCK),
        "signed": token_for(asked, "buyer", SIGNED),
        "tills": token_for(asked, "buyer", TILLS),
        "theirs": asked.token("their"),
    }
    assert tuple(name for name, token in tokens.items() if asked.active(asks, token)) == SEES[asks]
    assert all(asked.active("their" if name == "theirs" else "buyer", token) for name, token in tokens.items())


def test_everything_beside_the_scope_of_watchers_gives_no_sight(asked: Asked) -> None:
    """`openid`, which opens the platform, and a property's secret, do not open other applications' tokens."""
    token = asked.token("buyer")
    assert not asked.active("client", token)
    answer = asked.post("introspect", f"token={token}", basic(asked.values["api_key"], asked.values["property_secret"]))
    assert_refused(answer, 401, "invalid_client")


@pytest.mark.parametrize("what", ["introspect", "revoke"])
def test_nobody_asks_without_proof(asked: Asked, what: str) -> None:
    """Without credentials, with a client id alone, a wrong secret, or the token itself: 401, and the token lives."""
    token, client_id = asked.token("buyer"), asked.values["buyer_id"]
    for form, headers in (
        (f"token={token}", []),
        (f"token={token}&client_id={client_id}", []),
        (f"token={token}&client_id={client_id}&client_secret=", []),
        (f"token={token}&client_id={client_id}&client_secret={asked.values['wrong_secret']}", []),
        (f"token={token}&client_id={client_id}&client_secret={asked.values['client_secret']}", []),
        (f"token={token}", [basic(client_id, "")]),
        (f"token={token}", [basic("", "")]),
        (f"token={token}&client_id={asked.values['stopped_id']}&client_secret={asked.values['stopped_secret']}", []),
    ):
        assert_refused(asked.post(what, form, *headers), 401, "invalid_client")
    by_itself = asked.post(what, f"token={token}", bearer(token))
    error = "invalid_token" if what == "introspect" else "invalid_client"
    assert (by_itself.status, json.loads(by_itself.body)["error"]) == (401, error)
    assert asked.active("buyer", token)


@pytest.mark.parametrize("what", ["introspect", "revoke"])
def test_the_form_of_a_question(asked: Asked, what: str) -> None:
    """`token` is required, once, in the body; other methods than POST are not answered."""
    who = f"client_id={asked.values['buyer_id']}&client_secret={asked.values['buyer_secret']}"
    token = asked.token("buyer")
    for form, query in (
        (who, ""),
        (f"{who}&token=", ""),
        (f"{who}&token={token}&token={token}", ""),
        (f"{who}&token={token}", f"?token={token}"),
        (who, f"?token={token}"),
        (f"{who}&token={token}%zz", ""),
    ):
        assert_refused(asked.post(what, form, query=query), 400, "invalid_request")
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert raw.ask(asked.port, method, f"/oauth/{what}?{who}&token={token}").status == 405
    assert asked.active("buyer", token)


HINTS = ("access_token", "refresh_token", "id_token", "", "unknown", "access_token%20refresh_token", "%F0%9F%98%80")


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("resource", [None, STOCK, SIGNED])
def test_a_hint_changes_nothing(asked: Asked, hint: str, resource: str | None) -> None:
    """Right, wrong or unknown: the token is found, told of, and revoked, whatever form it has."""
    token = asked.token("buyer") if resource is None else token_for(asked, "buyer", resource)
    more = f"&token_type_hint={hint}"
    assert json.loads(asked.introspect("buyer", token, more).body)["active"] is True
    assert asked.revoke("buyer", token, more).body == b"{}"
    assert asked.introspect("buyer", token, more).body == NO


@pytest.mark.parametrize("resource", [None, STOCK, SIGNED])
def test_another_client_s_token_stays_alive(asked: Asked, resource: str | None) -> None:
    """Revoking is for the token's own client: the resource's server and a watcher see it, and cannot end it."""
    token = asked.token("buyer") if resource is None else token_for(asked, "buyer", resource)
    for name in ("client", "their", "stock", "watcher", "their_watcher", "reader"):
        answer = asked.revoke(name, token)
        assert (answer.status, answer.body) == (200, b"{}")
        assert asked.active("buyer", token), name
    assert asked.revoke("buyer", token).status == 200
    for name in ("buyer", "stock", "watcher"):
        assert not asked.active(name, token)
    assert asked.revoke("buyer", token).status == 200, "revoking twice is no error"


def forged(token: str) -> list[str]:
    """What a sealed token may be bent into."""
    letters = [place for place, digit in enumerate(token) if digit.isalpha()]
    flips = [f"{token[:at]}{int(token[at], 16) ^ 1:x}{token[at + 1 :]}" for at in range(0, len(token), 7)]
    return [
        *flips,
        *(token[:-cut] for cut in (1, 2, 3, 16, 32, 64, 94, 95)),
        *(token[cut:] for cut in (1, 2, 32)),
        *(token + more for more in ("0", "00", "ff" * 16, "=", ".", "..", "%2B", "%20", "%C3%A9")),
        *(more + token for more in ("0", "00", "%20", "Bearer%20")),
        *(token[:at] + blank + token[at:] for at in (1, 2, 48, 95) for blank in ("%20", "+", "-", ":", "%20%20")),
        token.upper(),
        *(token[:at] + token[at].upper() + token[at + 1 :] for at in letters[::8]),
        "0", "00", "null", "undefined", "-", ".", "..", "...", "a.b.c", "%F0%9F%98%80", "f" * 4000,
    ]  # fmt: skip


def test_a_bent_token_is_no_token(asked: Asked) -> None:
    """Truncated, extended, changed in any digit, in another case or with blanks: inactive, byte for byte the same."""
    token = asked.token("buyer")
    for bent in forged(token):
        if bent == token:
            continue
        answer = asked.introspect("buyer", bent)
        assert (answer.status, answer.body) == (200, NO), bent
    assert asked.active("buyer", token)


def _part(members: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def bent_signed(token: str) -> list[str]:
    """What a signed token may be bent into."""
    head, payload, signature = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=="))
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    heads = [
        {**header, "alg": "none"},
        {**header, "alg": "None"},
        {**header, "alg": "HS256"},
        {**header, "alg": "RS256"},
        {**header, "alg": ["EdDSA"]},
        {**header, "typ": "JWT"},
        {**header, "typ": None},
        {**header, "kid": "x"},
        {**header, "kid": 1},
        {**header, "crit": ["exp"]},
        {**header, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}},
        {**header, "jku": "https://evil.example/keys"},
        {**header, "x5u": "https://evil.example/keys"},
        {name: value for name, value in header.items() if name != "kid"},
        {},
        [],
        "at+jwt",
    ]
    payloads = [
        {**said, "scope": "read write"},
        {**said, "exp": said["exp"] + 1},
        {**said, "aud": STOCK},
        {**said, "client_id": "someone"},
        {},
        [],
    ]
    return [
        *(f"{_part(each)}.{payload}.{signature}" for each in heads),
        *(f"{_part(each)}.{payload}." for each in heads),
        *(f"{head}.{_part(each)}.{signature}" for each in payloads),
        *(f"{head}.{_part(each)}." for each in payloads),
        f"{head}.{payload}",
        f"{head}.{payload}.",
        f".{payload}.{signature}",
        f"{head}..{signature}",
        f"{token}.",
        f"{token}.a",
        f".{token}",
        f"{token}=",
        f"{token[:-1]}",
        f"{head}.{payload}.{signature[:-2]}{'BA' if signature.endswith('AA') else 'AA'}",
        f"{head}.{payload}.{'A' * len(signature)}",
        f"{head}.{'A' * 3000}.{signature}",
        f"%20{token}",
        f"{token}%20",
    ]


def test_a_bent_signed_token_is_no_token(asked: Asked) -> None:
    """Other algorithms, keys, headers, members or signatures: inactive, and dead at the platform."""
    token = token_for(asked, "buyer", SIGNED)
    for bent in bent_signed(token):
        answer = asked.introspect("buyer", bent)
        assert (answer.status, answer.body) == (200, NO), bent
    assert asked.active("buyer", token)


def test_a_signed_answer_is_given_to_who_asks_for_one(asked: Asked) -> None:
    """By the name of its type alone, in any case and among others; it is signed for the caller, and opens nothing."""
    token = asked.token("buyer")
    kind = "application/token-introspection+jwt"
    for accept, signed in (
        (kind, True), (f"application/json;q=0.1, {kind.upper()};q=1", True), ("*/*", False), ("application/*", False),
        ("application/json", False), (f"{kind}2", False), (f"x{kind}", False), ("", False),
    ):  # fmt: skip
        for subject in (token, "00"):
            answer = asked.introspect("buyer", subject, "", ("Accept", accept))
            assert answer.status == 200
            assert answer.header("content-type") == (kind if signed else "application/json"), accept
            assert answer.header("cache-control") == "no-store"
    text = asked.introspect("buyer", token, "", ("Accept", kind)).body.decode()
    assert json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))["aud"] == asked.values["buyer_id"]
    assert not asked.active("buyer", text)
    assert asked.read(bearer(text)).status == 401
    refused = asked.post("introspect", f"token={token}", ("Accept", kind))
    assert_refused(refused, 401, "invalid_client")


def test_no_other_secret_is_a_token(asked: Asked) -> None:
    """A client id or secret, an API key, a property's secret: inactive."""
    for name in ("buyer_id", "buyer_secret", "api_key", "property_secret", "customer_id"):
        assert not asked.active("buyer", asked.values[name])


def test_what_a_token_says_to_its_holder(asked: Asked) -> None:
    """`/oauth/token/info` tells of a live token in the header, and of nothing else."""
    token = asked.token("buyer")

    def info(*headers: tuple[str, str], query: str = "") -> Answer:
        return raw.ask(asked.port, "GET", f"/oauth/token/info{query}", b"", list(headers))

    told = json.loads(info(bearer(token)).body)
    assert told == {
        "resource_owner_id": None,
        "scope": ["openid"],
        "expires_in": told["expires_in"],
        "application": {"uid": asked.values["buyer_id"]},
        "created_at": told["created_at"],
    }
    assert 0 < told["expires_in"] < 14 * 86_400
    assert asked.revoke("buyer", token).status == 200
    who = basic(asked.values["buyer_id"], asked.values["buyer_secret"])
    for headers in ((bearer(token),), (bearer("00"),), (bearer(""),), (who,), ()):
        answer = info(*headers)
        assert answer.status == 401
        assert json.loads(answer.body)["error"] == "invalid_token"
        (challenge,) = answer.all("www-authenticate")
        assert challenge.startswith('Bearer realm="tessera", error="invalid_token"')
        assert answer.header("cache-control") == "no-store"
    alive = asked.token("buyer")
    assert info(bearer(alive), bearer(alive)).status == 400
    assert info(bearer(alive), query=f"?access_token={alive}").status == 400
    assert info(query=f"?access_token={alive}").status == 401


async def _disable(context: Context, client_id: str) -> None:
    await applications.disable(context, client_id)


async def _delete(context: Context, client_id: str) -> None:
    await applications.delete(context, client_id)


async def _end_secret(context: Context, client_id: str) -> None:
    await applications.expire_secret(context, client_id, "first")


async def _revoke_all(context: Context, client_id: str) -> None:
    await applications.revoke_tokens(context, client_id)


async def _ungrant(context: Context, client_id: str) -> None:
    found = await applications.find(context, client_id)
    await resource_servers.take_back(context, found, await resource_servers.find(context, STOCK))


async def _grant_less(context: Context, client_id: str) -> None:
    found = await applications.find(context, client_id)
    await resource_servers.grant(context, found, await resource_servers.find(context, STOCK), "write")


End = Callable[[Context, str], Coroutine[Any, Any, object]]
"""What an operator does to an application, by its client id."""


@pytest.mark.parametrize("operation", [_disable, _delete, _end_secret, _revoke_all, _ungrant, _grant_less])
def test_what_ends_a_token_ends_it_for_who_asks(asked: Asked, operation: End) -> None:
    """Whatever an operator does to the application: the resource's server is told that the token is dead."""

    async def make(context: Context) -> Issued:
        made = await operator_session.partner(context, f"doomed by {operation}"[:60], scope=None)
        found = await applications.find(context, made.client_id)
        await resource_servers.grant(context, found, await resource_servers.find(context, STOCK), "read write")
        return made

    made = operator_session.do(asked.folder, make)
    values = asked.values | {"doomed_id": made.client_id, "doomed_secret": str(made.client_secret)}
    mine = asked._replace(values=values)
    token, other = mine.token("doomed"), token_for(asked, "buyer", STOCK)
    assert mine.active("stock", token)
    operator_session.do(asked.folder, lambda context: operation(context, made.client_id))
    mine.becomes("stock", token, active=False)
    assert asked.active("stock", other)


def test_all_tokens_of_an_organization_are_dead_at_once(tmp_path: Path) -> None:
    """In every application of it and for good, also after a restart; new ones live, and no other organization's die."""
    folder = tmp_path / "data"
    with running(folder) as server:
        values = world.furnish(folder)
        asked = Asked(server.port, folder, values)
        theirs, admins, ours = asked.token("their"), asked.token("their_admin"), asked.token()
        assert asked.active("their", theirs)

        async def revoke(context: Context) -> None:
            await organizations.revoke_tokens(context, await organizations.find(context, "Other Bakery"))

        operator_session.do(folder, revoke)
        asked.becomes("their", theirs, active=False)
        asked.becomes("their_admin", admins, active=False)
        again = asked.token("their")
        assert [asked.active("their", again), asked.active("client", ours)] == [True, True]
    with running(folder) as server:
        asked = asked._replace(port=server.port)
        assert not asked.active("their", theirs)
        assert [asked.active("their", again), asked.active("client", ours)] == [True, True]
