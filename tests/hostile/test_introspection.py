"""Asking about tokens as somebody who should not: every answer that is no, is the same no."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tessera.app import applications, organizations, resources
from tessera.app.applications import Issued
from tessera.app.house import House
from tessera.core.applications import TokenFormat
from tests.support import deeds, raw, world
from tests.support.raw import Answer, basic, bearer
from tests.support.server import running
from tests.support.target import Target, assert_refused

NO = b'{"active":false}'
IN_FORCE_SECONDS = 5.0
STOCK = "https://stock.example/api"
SIGNED = "https://signed.example/api"
TILLS = "urn:tills"


class Asked(Target):
    """A target whose world has resource servers, and applications beside them."""

    def introspect(self, name: str, token: str, more: str = "", *headers: tuple[str, str]) -> Answer:
        """Ask about a token as the application with this name."""
        who = f"client_id={self.values[f'{name}_id']}&client_secret={self.values[f'{name}_secret']}"
        return self.post("introspect", f"{who}&token={token}{more}", *headers)

    def post(self, what: str, form: str, *headers: tuple[str, str], query: str = "") -> Answer:
        """One request to an OAuth endpoint."""
        return raw.ask(self.port, "POST", f"/oauth/{what}{query}", form.encode("latin-1"), [raw.FORM, *headers])

    def revoke(self, name: str, token: str, more: str = "") -> Answer:
        """Revoke a token as the application with this name."""
        who = f"client_id={self.values[f'{name}_id']}&client_secret={self.values[f'{name}_secret']}"
        return self.post("revoke", f"{who}&token={token}{more}")

    def token_for(self, name: str, resource: str, more: str = "") -> Answer:
        """Ask for a token for a resource."""
        who = f"client_id={self.values[f'{name}_id']}&client_secret={self.values[f'{name}_secret']}"
        return self.ask_token("", f"grant_type=client_credentials&{who}&resource={resource}{more}")

    def active(self, name: str, token: str) -> bool:
        """Whether this application is told that the token is live; anything but a plain no or yes fails."""
        answer = self.introspect(name, token)
        assert answer.status == 200, answer
        assert answer.header("cache-control") == "no-store"
        assert answer.header("content-type") == "application/json"
        told = json.loads(answer.body)["active"]
        assert told is True or answer.body == NO, answer
        return told is True

    def becomes(self, name: str, token: str, *, active: bool) -> None:
        """Wait until another process's deed is in force here."""
        deadline = time.monotonic() + IN_FORCE_SECONDS
        while self.active(name, token) is not active:
            assert time.monotonic() < deadline, "never in force"
            time.sleep(0.01)


async def furnish(house: House) -> dict[str, Issued]:
    """Resource servers with their applications, one of another organization, and who may have tokens for them."""
    made = {
        "buyer": await deeds.partner(house, "buyer"),
        "bound": await deeds.partner(house, "bound", scope=None),  # type: ignore[arg-type]
        "watcher": await deeds.partner(house, "watcher", scope="tokens:introspect"),
        "stock": await deeds.partner(house, "stock server", scope="profiles:read"),
    }
    other = await organizations.find(house, "Other Bakery")
    made["tills"] = await applications.create(house, "till server", other.number)
    made["their_watcher"] = await applications.create(
        house, "their watcher", other.number, scope="openid tokens:introspect"
    )
    stock = await resources.add(house, STOCK, "Stock", "read write", server="stock server")
    tills = await resources.add(house, TILLS, "Tills", "open close", server="till server")
    signed = await resources.add(house, SIGNED, "Signed", "read", server="stock server", token_format=TokenFormat.EDDSA)
    for name, resource, scope in (
        ("buyer", stock, "read write"), ("buyer", tills, "open"), ("buyer", signed, "read"), ("bound", stock, "read"),
    ):  # fmt: skip
        await resources.grant(house, await applications.find(house, name), resource, scope)
    return made


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A server with resource servers beside it."""
    folder = tmp_path_factory.mktemp("asked") / "data"
    with running(folder) as server:
        values = world.furnish(folder)
        for name, issued in deeds.do(folder, furnish).items():
            values |= {f"{name}_id": issued.client_id, f"{name}_secret": str(issued.client_secret)}
        asked = Asked(server.port, folder, values)
        deadline = time.monotonic() + IN_FORCE_SECONDS
        while asked.token_for("buyer", SIGNED).status != 200:
            assert time.monotonic() < deadline, "the resources never came into force"
            time.sleep(0.01)
        yield asked


def token_for(asked: Asked, name: str, resource: str) -> str:
    """A token for a resource."""
    answer = asked.token_for(name, resource)
    assert answer.status == 200, answer
    token: str = json.loads(answer.body)["access_token"]
    return token


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
        (f"token={token}", [bearer(token)]),
        (f"token={token}", [basic(client_id, "")]),
        (f"token={token}", [basic("", "")]),
        (f"token={token}&client_id={asked.values['stopped_id']}&client_secret={asked.values['stopped_secret']}", []),
    ):
        assert_refused(asked.post(what, form, *headers), 401, "invalid_client")
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
        f"{head}.{payload}.{signature[:-2]}AA",
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


def test_no_other_secret_is_a_token(asked: Asked) -> None:
    """A client id or secret, an API key, a property's secret: inactive."""
    for name in ("buyer_id", "buyer_secret", "api_key", "property_secret", "customer_id"):
        assert not asked.active("buyer", asked.values[name])


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


async def _disable(house: House, client_id: str) -> None:
    await applications.disable(house, client_id)


async def _delete(house: House, client_id: str) -> None:
    await applications.delete(house, client_id)


async def _end_secret(house: House, client_id: str) -> None:
    await applications.expire_secret(house, client_id, "first")


async def _revoke_all(house: House, client_id: str) -> None:
    await applications.revoke_tokens(house, client_id)


async def _ungrant(house: House, client_id: str) -> None:
    found = await applications.find(house, client_id)
    await resources.take_back(house, found, await resources.find(house, STOCK))


async def _grant_less(house: House, client_id: str) -> None:
    found = await applications.find(house, client_id)
    await resources.grant(house, found, await resources.find(house, STOCK), "write")


@pytest.mark.parametrize("deed", [_disable, _delete, _end_secret, _revoke_all, _ungrant, _grant_less])
def test_what_ends_a_token_ends_it_for_who_asks(asked: Asked, deed: object) -> None:
    """Whatever an operator does to the application: the resource's server is told that the token is dead."""

    async def make(house: House) -> Issued:
        made = await deeds.partner(house, f"doomed by {deed}"[:60], scope=None)  # type: ignore[arg-type]
        found = await applications.find(house, made.client_id)
        await resources.grant(house, found, await resources.find(house, STOCK), "read write")
        return made

    made = deeds.do(asked.folder, make)
    values = asked.values | {"doomed_id": made.client_id, "doomed_secret": str(made.client_secret)}
    mine = asked._replace(values=values)
    token, other = mine.token("doomed"), token_for(asked, "buyer", STOCK)
    assert mine.active("stock", token)
    deeds.do(asked.folder, lambda house: deed(house, made.client_id))  # type: ignore[operator]
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

        async def revoke(house: House) -> None:
            await organizations.revoke_tokens(house, await organizations.find(house, "Other Bakery"))

        deeds.do(folder, revoke)
        asked.becomes("their", theirs, active=False)
        asked.becomes("their_admin", admins, active=False)
        again = asked.token("their")
        assert [asked.active("their", again), asked.active("client", ours)] == [True, True]
    with running(folder) as server:
        asked = asked._replace(port=server.port)
        assert not asked.active("their", theirs)
        assert [asked.active("their", again), asked.active("client", ours)] == [True, True]


def test_a_removed_resource_takes_its_tokens_along(tmp_path: Path) -> None:
    """Dead once the resource is gone, and when another of the same name comes."""
    folder = tmp_path / "data"
    with running(folder) as server:
        values = world.furnish(folder)
        for name, issued in deeds.do(folder, furnish).items():
            values |= {f"{name}_id": issued.client_id, f"{name}_secret": str(issued.client_secret)}
        asked = Asked(server.port, folder, values)
        deadline = time.monotonic() + IN_FORCE_SECONDS
        while asked.token_for("buyer", STOCK).status != 200:
            assert time.monotonic() < deadline
        token = token_for(asked, "buyer", STOCK)
        assert asked.active("buyer", token)
        deeds.do(folder, lambda house: resources.remove(house, STOCK))
        asked.becomes("buyer", token, active=False)

        async def again(house: House) -> None:
            made = await resources.add(house, STOCK, "Stock", "read write", server="stock server")
            await resources.grant(house, await applications.find(house, "buyer"), made, "read write")

        deeds.do(folder, again)
        deadline = time.monotonic() + IN_FORCE_SECONDS
        while asked.token_for("buyer", STOCK).status != 200:
            assert time.monotonic() < deadline
        assert not asked.active("buyer", token)
