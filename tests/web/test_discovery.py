"""What the service tells of itself: walked with real requests, and the same whatever a request calls it."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tessera import wiring
from tessera.api.oauth import discovery
from tessera.app.clients import credentials
from tessera.app.context import Context
from tessera.core.clients.assertions import TYPE
from tessera.core.clients.certificates import Authorities
from tessera.core.keys.jws import Algorithm
from tessera.core.oauth import metadata
from tessera.settings import SettingsError, load
from tessera.web.asgi import App, Served
from tessera.web.routes import Route, Routes
from tests.reference.conftest import routes
from tests.support import assertions, operator_session, pki, raw
from tests.support.players import answer_of
from tests.support.possession import Holder
from tests.support.raw import Answer
from tests.support.scene import Scene, play
from tests.support.server import Server, free_port, running

__all__ = ["routes"]

UNTOLD = frozenset({"/oauth/token/info"})
"""Addresses below /oauth/ for which no standard has a member."""


@pytest.fixture(scope="module")
def server(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demonstration."""
    with running(tmp_path_factory.mktemp("told") / "data") as started:
        yield started


def fetch(server: Server, path: str, *headers: tuple[str, str]) -> Any:
    """A document."""
    answer = raw.ask(server.port, "GET", path, b"", list(headers))
    assert answer.status == 200, answer
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "public, max-age=300"
    return json.loads(answer.body)


def local(server: Server, address: str) -> str:
    """The path of an address that the server told of itself."""
    assert address.startswith(f"{server.url}/"), address
    return address.removeprefix(server.url)


def by_basic(server: Server, path: str, form: str, *headers: tuple[str, str]) -> Answer:
    """A form by a client that proves itself by HTTP Basic."""
    pair = f"{server.demo['client_id']}:{server.demo['client_secret']}".encode()
    basic = ("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    return raw.ask(server.port, "POST", path, form.encode(), [raw.FORM, basic, *headers])


def by_post(server: Server, path: str, form: str) -> Answer:
    """A form by a client that proves itself in it."""
    pair = f"client_id={server.demo['client_id']}&client_secret={server.demo['client_secret']}"
    return raw.ask(server.port, "POST", path, f"{form}&{pair}".encode(), [raw.FORM])


def bound(server: Server, address: str, holder: Holder) -> Answer:
    """A token request with a proof, at the second try with the nonce that it has to have."""
    nonce = None
    for _ in range(2):
        proof = ("DPoP", holder.proof("POST", address, nonce=nonce))
        answer = by_basic(server, local(server, address), "grant_type=client_credentials", proof)
        nonce = answer.header("dpop-nonce")
    return answer


KEY = assertions.new_key()


def by_assertion(server: Server, path: str, form: str) -> Answer:
    """A form by a client that proves itself by a signed assertion, once the server has heard of its key."""
    client_id = server.demo["client_id"]

    async def furnish(context: Context) -> None:
        if not await credentials.of_kind(context, client_id, credentials.KEY_KINDS):
            await credentials.add_key(context, client_id, "key", assertions.jwk(KEY))

    operator_session.do(server.folder, furnish)
    deadline = time.monotonic() + 10
    while True:
        assertion = assertions.signed(KEY, assertions.claims(client_id, server.url, time.time()))
        proof = urlencode({"client_assertion_type": TYPE, "client_assertion": assertion})
        answer = raw.ask(server.port, "POST", path, f"{form}&{proof}".encode(), [raw.FORM])
        if answer.status == 200 or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def by_bearer(server: Server, path: str, form: str) -> Answer:
    """A form by whoever holds another token of the client."""
    return raw.ask(server.port, "POST", path, form.encode(), [raw.FORM, raw.bearer(server.token())])


def by_dpop(server: Server, path: str, form: str) -> Answer:
    """The same with a token that is bound to a key, and a proof of that."""
    holder = Holder()
    answer = bound(server, f"{server.url}/oauth/token", holder)
    token, nonce = json.loads(answer.body)["access_token"], answer.header("dpop-nonce")
    proof = holder.proof("POST", f"{server.url}{path}", token=token, nonce=nonce)
    headers = [raw.FORM, ("Authorization", f"DPoP {token}"), ("DPoP", proof)]
    return raw.ask(server.port, "POST", path, form.encode(), headers)


METHODS: dict[str, Callable[[Server, str, str], Answer]] = {
    "client_secret_basic": by_basic,
    "client_secret_post": by_post,
    "private_key_jwt": by_assertion,
    "Bearer": by_bearer,
    "DPoP": by_dpop,
}


@pytest.mark.parametrize("path", [metadata.AUTHORIZATION_SERVER, metadata.OPENID_CONFIGURATION])
def test_what_is_told_works_and_what_works_is_told(server: Server, routes: list[Route], path: str) -> None:
    """Every endpoint answers, every method and grant gets a token, and no route below /oauth/ is left out."""
    told = fetch(server, path)
    assert told["issuer"] == server.url
    assert told["response_types_supported"] == []
    for grant in told["grant_types_supported"]:
        for method in told["token_endpoint_auth_methods_supported"]:
            answer = METHODS[method](server, local(server, told["token_endpoint"]), f"grant_type={grant}")
            assert answer.status == 200, (grant, method, answer)
    for method in told["revocation_endpoint_auth_methods_supported"]:
        assert METHODS[method](server, local(server, told["revocation_endpoint"]), "token=00").status == 200
    for method in told["introspection_endpoint_auth_methods_supported"]:
        assert METHODS[method](server, local(server, told["introspection_endpoint"]), "token=00").status == 200
    for scope in told["scopes_supported"]:
        answer = by_post(server, local(server, told["token_endpoint"]), f"grant_type=client_credentials&scope={scope}")
        granted = scope == "openid"  # what the demonstration has
        assert answer.status == (200 if granted else 400), answer
    for endpoint in ("token", "revocation", "introspection"):
        assert tuple(told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]) == tuple(Algorithm)
    assert told["tls_client_certificate_bound_access_tokens"] is False
    for algorithm in told["dpop_signing_alg_values_supported"]:
        answer = bound(server, told["token_endpoint"], Holder(Algorithm(algorithm)))
        assert json.loads(answer.body)["token_type"] == "DPoP", (algorithm, answer)
    assert [each for each in told["protected_resources"] if each != told["issuer"]] == []
    assert raw.ask(server.port, "GET", local(server, told["service_documentation"]), b"").status == 200
    addresses = {local(server, value) for name, value in told.items() if name.endswith(("_endpoint", "_uri"))}
    served = {route.path for route in routes if route.path.startswith("/oauth/")}
    assert addresses == served - UNTOLD


def test_the_algorithms_of_the_setting_are_told(engine: str, tmp_path: Path) -> None:
    """In both documents and in the challenge: the server is held to them, and another one proves nothing."""
    with running(tmp_path / "data", TESSERA_SIGNING_ALGORITHMS="fapi2", TESSERA_DPOP_NONCES="off") as held:
        names = ["EdDSA", "Ed25519", "ES256", "PS256"]
        told, platform = fetch(held, metadata.AUTHORIZATION_SERVER), fetch(held, metadata.PROTECTED_RESOURCE)
        for endpoint in ("token", "revocation", "introspection"):
            assert told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] == names
        assert told["dpop_signing_alg_values_supported"] == platform["dpop_signing_alg_values_supported"] == names
        address = f"{held.url}/oauth/token"
        assert bound(held, address, Holder(Algorithm.PS256)).status == 200
        assert json.loads(bound(held, address, Holder(Algorithm.RS256)).body)["error"] == "invalid_dpop_proof"
        path = f"/priv/v1/apps/{held.demo['api_key']}/users/{held.demo['customer_id']}"
        answer = raw.ask(held.port, "GET", path, b"", [("Authorization", "DPoP 00"), ("DPoP", "x")])
        assert f'algs="{" ".join(names)}"' in (answer.header("www-authenticate") or "")


def test_the_keys_are_public_and_each_has_a_name_of_its_own(server: Server) -> None:
    """The JWK set has public keys for signatures only, each with its own `kid`, and no RSA key below 2048 bits."""
    keys = fetch(server, metadata.KEYS)["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 3
    assert {key["alg"] for key in keys} == {"EdDSA", "ES256", "RS256"}
    for key in keys:
        assert key.keys() <= {"kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"}
        assert key["use"] == "sig"
        if key["kty"] == "RSA":
            assert len(base64.urlsafe_b64decode(key["n"] + "==")) >= 256


def test_the_platform_s_challenge_leads_to_a_token(server: Server) -> None:
    """From a 401 of the platform a client finds the resource, its authorization server, and how to get a token."""
    answer = raw.ask(server.port, "GET", f"/priv/v1/apps/{server.demo['api_key']}/users/nobody", b"")
    assert answer.status == 401
    challenge = next(each for each in answer.all("www-authenticate") if each.startswith("Bearer "))
    address = challenge.partition('resource_metadata="')[2].partition('"')[0]
    resource = fetch(server, local(server, address))
    assert resource["resource"] == server.url
    [issuer] = resource["authorization_servers"]
    told = fetch(server, metadata.AUTHORIZATION_SERVER)
    assert told["issuer"] == issuer
    assert resource["resource"] in told["protected_resources"]


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "evil.example")],
        [("Host", "127.0.0.1")],
        [("Host", "evil.example:8443"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https")],
        [("Host", "[2001:db8::1]"), ("Forwarded", "host=evil.example;proto=https")],
    ],
)
def test_no_header_changes_what_is_told(server: Server, headers: list[tuple[str, str]]) -> None:
    """An odd Host, or a header that speaks of another, changes nothing in any document."""
    for path in (metadata.AUTHORIZATION_SERVER, metadata.OPENID_CONFIGURATION, metadata.PROTECTED_RESOURCE):
        assert fetch(server, path, *headers) == fetch(server, path)
    answer = raw.ask(server.port, "GET", "/priv/v1/apps/a/users/b", b"", headers)
    assert f'resource_metadata="{server.url}/' in (answer.all("www-authenticate")[1])


def test_what_is_set_up_for_certificates_is_told(tmp_path: Path) -> None:
    """With a proxy that hands them over and an authority both ways are told of, with the proxy alone only one."""

    async def scenario(scene: Scene) -> None:
        scene.context.settings = load(client_certificate_proxies=("127.0.0.1",))
        for authorities, added in (
            (None, ["self_signed_tls_client_auth"]),
            (Authorities(pki.authority().pem), ["self_signed_tls_client_auth", "tls_client_auth"]),
        ):
            scene.context.authorities = authorities
            app = App(partial(wiring.serving, scene.context.settings), Served(Routes(discovery.routes(scene.context))))
            answer = await answer_of(app, "GET", metadata.AUTHORIZATION_SERVER, [], b"")
            assert json.loads(answer.body)["token_endpoint_auth_methods_supported"][3:] == added

    play(tmp_path, scenario)


MTLS = "https://mtls.id.example"


def test_an_address_for_certificates_is_told_and_taken(engine: str, tmp_path: Path) -> None:
    """The metadata has the endpoints there (RFC 8705 section 5); proofs and assertions may name it."""
    flags = {"TESSERA_MTLS_ADDRESS": MTLS, "TESSERA_CLIENT_CERTIFICATE_PROXIES": "127.0.0.1"}
    with running(tmp_path / "data", **flags, TESSERA_DPOP_NONCES="off") as server:
        told = fetch(server, metadata.AUTHORIZATION_SERVER)
        assert told["mtls_endpoint_aliases"] == {
            name: told[name].replace(server.url, MTLS)
            for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint")
        }
        assert told["issuer"] == server.url
        assert by_assertion(server, "/oauth/token", "grant_type=client_credentials").status == 200
        for address, status in ((server.url, 200), (MTLS, 200), ("https://mtls.id.example.net", 400)):
            headers = ("DPoP", Holder().proof("POST", f"{address}/oauth/token"))
            assert by_basic(server, "/oauth/token", "grant_type=client_credentials", headers).status == status
            says = assertions.claims(server.demo["client_id"], f"{address}/oauth/token", time.time())
            form = urlencode({"client_assertion_type": TYPE, "client_assertion": assertions.signed(KEY, says)})
            body = f"grant_type=client_credentials&{form}".encode()
            answer = raw.ask(server.port, "POST", "/oauth/token", body, [raw.FORM])
            assert answer.status == (200 if status == 200 else 401), (address, answer)


def test_an_address_for_certificates_is_told_where_they_are_taken(tmp_path: Path) -> None:
    """Without a proxy that hands certificates over there is nothing to go there for."""

    async def scenario(scene: Scene) -> None:
        for proxies, told in (((), False), (("127.0.0.1",), True)):
            scene.context.settings = load(client_certificate_proxies=proxies, mtls_address=MTLS)
            app = App(partial(wiring.serving, scene.context.settings), Served(Routes(discovery.routes(scene.context))))
            answer = await answer_of(app, "GET", metadata.AUTHORIZATION_SERVER, [], b"")
            assert ("mtls_endpoint_aliases" in json.loads(answer.body)) is told

    play(tmp_path, scenario)


@pytest.mark.parametrize("address", ["mtls.id.example", f"{MTLS}/", "http://mtls.id.example", f"{MTLS}?a"])
def test_an_address_for_certificates_that_is_none_is_refused(address: str) -> None:
    """As an issuer is, by its own name."""
    with pytest.raises(SettingsError, match=r"(?i)mtls_address.*the address"):
        load(mtls_address=address)


def test_a_key_is_told_for_longer_than_anybody_keeps_the_set() -> None:
    """Whoever has the set from before knows the key when it signs, by default ten times over."""
    assert load().key_publish_seconds > 10 * discovery.CACHED_SECONDS


def test_an_issuer_with_a_path_has_its_documents_where_the_path_is_inserted(tmp_path: Path) -> None:
    """The documents are at the addresses with the issuer's path behind, and every address in them begins with it."""
    issuer = f"http://127.0.0.1:{free_port()}/id/one"
    with running(tmp_path / "data", "--issuer", issuer) as server:
        for path in (metadata.AUTHORIZATION_SERVER, metadata.OPENID_CONFIGURATION):
            told = fetch(server, f"{path}/id/one")
            assert told["issuer"] == issuer
            assert told["token_endpoint"] == f"{issuer}/oauth/token"
            assert fetch(server, path) == told
        assert fetch(server, f"{metadata.PROTECTED_RESOURCE}/id/one")["resource"] == issuer
        assert raw.ask(server.port, "GET", f"{metadata.AUTHORIZATION_SERVER}/id", b"").status == 404
        challenge = raw.ask(server.port, "GET", "/priv/v1/apps/a/users/b", b"").all("www-authenticate")[1]
        origin = issuer.removesuffix("/id/one")
        assert f'resource_metadata="{origin}{metadata.PROTECTED_RESOURCE}/id/one"' in challenge
