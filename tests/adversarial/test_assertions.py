"""Client assertions at a real server: good ones, and every text that was ever taken for one elsewhere."""

import json
import time
from typing import Any, NamedTuple

import msgspec
import pytest

from tessera.app.clients import applications, credentials
from tessera.app.context import Context
from tessera.core.clients.assertions import TYPE
from tessera.core.keys import jws
from tessera.core.keys.jws import PrivateKey
from tests.support import assertions, operator_session, raw
from tests.support.raw import Answer, basic
from tests.support.target import Target, assert_refused


class Client(NamedTuple):
    """A client of the server that has a key, and the server's issuer."""

    target: Target
    client_id: str
    secret: str
    key: PrivateKey
    issuer: str

    def says(self, **other: object) -> dict[str, object]:
        """The claims of a good assertion, with others in place of them."""
        return assertions.claims(self.client_id, self.issuer, time.time(), **other)

    def good(self, **header: Any) -> str:
        """A good assertion, with more in its header."""
        return assertions.signed(self.key, self.says(), **header)

    def ask(self, assertion: str, **other: str) -> Answer:
        """A token request with this assertion."""
        return self.target.ask_token("", assertions.form(assertion, **other))


@pytest.fixture(scope="module")
def client(target: Target) -> Client:
    """An application with a key."""
    key = assertions.new_key()

    async def furnish(context: Context) -> tuple[str, str]:
        issued = await applications.create(context, "prover", 1)
        await credentials.add_key(context, issued.client_id, "key", assertions.jwk(key))
        return issued.client_id, issued.client_secret or ""

    client_id, secret = operator_session.do(target.folder, furnish)
    return Client(target, client_id, secret, key, f"http://127.0.0.1:{target.port}")


def test_a_good_assertion_opens_once(client: Client) -> None:
    """A token is had, works at the platform, and the same assertion gets no second one."""
    assertion = client.good(typ="client-authentication+jwt", kid="any")
    answer = client.ask(assertion)
    assert answer.status == 200, answer
    token = json.loads(answer.body)["access_token"]
    assert client.target.read(("Authorization", f"Bearer {token}")).status == 200
    assert_refused(client.ask(assertion), 401, "invalid_client")


def test_it_opens_the_other_endpoints_too(client: Client) -> None:
    """A client revokes its token by an assertion."""
    token = json.loads(client.ask(client.good()).body)["access_token"]
    body = assertions.form(client.good(), token=token)
    headers = [("Content-Type", "application/x-www-form-urlencoded")]
    assert raw.ask(client.target.port, "POST", "/oauth/revoke", body.encode(), headers).status == 200
    assert client.target.read(("Authorization", f"Bearer {token}")).status == 401


def _unsigned(header: dict[str, object], says: dict[str, object], signature: bytes = b"") -> str:
    parts = (msgspec.json.encode(header), msgspec.json.encode(says), signature)
    return ".".join(map(jws.encode, parts))


def corpus(client: Client) -> dict[str, str]:
    """Texts that libraries took, or died of, by what is wrong with them."""
    good = client.good()
    head, body, signature = good.split(".")
    other = assertions.new_key()
    says = client.says
    evil = "https://evil.example/"
    brought = {"jwk": json.loads(assertions.jwk(other))}
    return {
        "alg none": _unsigned({"alg": "none"}, says()),
        "alg None": _unsigned({"alg": "None"}, says(), b"x"),
        "no alg": _unsigned({"typ": "JWT"}, says(), b"x"),
        "alg is a number": _unsigned({"alg": 7}, says(), b"x"),
        "an unknown alg": _unsigned({"alg": "ES256K"}, says(), b"x"),
        "the key it brings": assertions.signed(other, says(), **brought),
        "the address it brings": assertions.signed(other, says(), jku=evil, x5u=evil),
        "another key under its name": assertions.signed(other, says(), kid="key"),
        "a name that is a path": assertions.signed(other, says(), kid="../../../../dev/null"),
        "critical": client.good(crit=["exp"]),
        "critical and empty": client.good(crit=[]),
        "not base64": client.good(b64=False, crit=["b64"]),
        "a DPoP proof": client.good(typ="dpop+jwt"),
        "an access token": client.good(typ="at+jwt"),
        "typ is a list": client.good(typ=["JWT"]),
        "no signature": f"{head}.{body}.",
        "a signature of zeros": f"{head}.{body}.{jws.encode(bytes(64))}",
        "a cut signature": good[:-4],
        "a DER signature": f"{head}.{body}.{jws.encode(bytes([0x30, 0x44]) + bytes(68))}",
        "another body": f"{head}.{jws.encode(msgspec.json.encode(says()))}.{signature}",
        "another spelling": f"{head}.{body}.{signature}=",
        "a blank before": f" {good}",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.x",
        "five parts": f"{head}.{body}.{signature}.x.y",
        "only dots": "." * 4000,
        "no JSON": f"{jws.encode(b'x')}.{body}.{signature}",
        "deep JSON": f"{jws.encode(b'[' * 900)}.{body}.{signature}",
        "a header that is no object": f"{jws.encode(b'[]')}.{body}.{signature}",
        "a body that is no object": assertions.signed(client.key, []),  # type: ignore[arg-type]  # what no honest client sends
        "two audiences": assertions.signed(client.key, says(aud=[client.issuer, "https://other.example"])),
        "another endpoint as audience": assertions.signed(client.key, says(aud=f"{client.issuer}/oauth/revoke")),
        "another server as audience": assertions.signed(client.key, says(aud="https://other.example")),
        "no audience": assertions.signed(client.key, says(aud=None)),
        "far away": assertions.signed(client.key, says(exp=int(time.time()) + 3700)),
        "expired": assertions.signed(client.key, says(exp=int(time.time()) - 1)),
        "to come": assertions.signed(client.key, says(nbf=int(time.time()) + 120)),
        "issued in the future": assertions.signed(client.key, says(iat=int(time.time()) + 120)),
        "no end": assertions.signed(client.key, says(exp=None)),
        "no name": assertions.signed(client.key, says(jti=None)),
        "another issuer": assertions.signed(client.key, says(iss="somebody")),
        "a broken name": assertions.signed_raw(client.key, b'{"iss":"\\ud800","sub":"\\ud800","exp":1,"jti":"x"}'),
        "an unknown client": assertions.signed(client.key, says(iss="nobody", sub="nobody")),
        "encrypted": "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoxMDAwMDAwMDAwfQ.a.b.c.d",
    }


def test_the_corpus_opens_nothing(client: Client) -> None:
    """Each is refused at once with the one text, and a good assertion is taken after all of them."""
    texts = set()
    for what, assertion in corpus(client).items():
        begun = time.monotonic()
        answer = client.ask(assertion)
        assert answer.status == 401, (what, answer)
        assert time.monotonic() - begun < 30, what
        assert_refused(answer, 401, "invalid_client")
        texts.add(answer.body)
    assert len(texts) == 1
    assert client.ask(client.good()).status == 200


@pytest.mark.parametrize("secret", ["own", "public", ""])
def test_a_secret_signs_nothing(client: Client, secret: str) -> None:
    """HS256 with the client's secret, its public key or nothing is refused with the reason, known client or not."""
    chosen = {"own": client.secret, "public": assertions.pem(client.key).decode(), "": ""}[secret]
    answers = [
        client.ask(assertions.with_secret(chosen, client.says(**other), "HS256"))
        for other in ({}, {"iss": "nobody", "sub": "nobody"})
    ]
    assert all(answer.status == 401 and b"private_key_jwt" in answer.body for answer in answers)
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize("size", [4097, 100_000])
def test_huge_assertions_are_not_looked_at(client: Client, size: int) -> None:
    """A text over the limit is refused by its length."""
    answer = client.ask("." * size)
    assert answer.status in {400, 413}
    huge = client.good(x="y" * 1100)
    assert_refused(client.ask(huge), 401, "invalid_client")


def test_one_way_at_a_time(client: Client) -> None:
    """An assertion beside a secret or HTTP Basic, or for another client than the request names, is no request."""
    other = client.target.values["client_id"]
    assert_refused(client.ask(client.good(), client_secret=client.secret), 400, "invalid_request")
    body = assertions.form(client.good())
    assert_refused(client.target.ask_token("", body, basic(client.client_id, client.secret)), 400, "invalid_request")
    assert_refused(client.ask(client.good(), client_id=other), 400, "invalid_request")
    assert_refused(client.target.ask_token("", f"{body}&client_assertion=x"), 400, "invalid_request")
    assert client.ask(client.good(), client_id=client.client_id).status == 200


@pytest.mark.parametrize("kind", ["", "jwt-bearer", TYPE.upper(), TYPE.replace("jwt", "saml2"), f"{TYPE} ", f" {TYPE}"])
def test_there_is_one_type(client: Client, kind: str) -> None:
    """The type is compared byte for byte, and has to be there."""
    assert_refused(client.ask(client.good(), client_assertion_type=kind), 400, "invalid_request")


def test_an_assertion_in_the_address_counts_as_a_credential_there(client: Client) -> None:
    """An application that may not send credentials in a URL may send no assertion there either."""
    query = assertions.form(client.good())
    assert client.target.ask_token(query).status == 200


def test_odd_hosts_do_not_change_the_issuer(client: Client) -> None:
    """What the request calls the server is no audience."""
    evil = "https://evil.example"
    body = assertions.form(assertions.signed(client.key, client.says(aud=evil)))
    for name in ("X-Forwarded-Host", "Forwarded"):
        value = "evil.example" if name != "Forwarded" else "host=evil.example;proto=https"
        answer = client.target.ask_token("", body, (name, value), ("X-Forwarded-Proto", "https"))
        assert_refused(answer, 401, "invalid_client")
