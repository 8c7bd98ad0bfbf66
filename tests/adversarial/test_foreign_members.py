"""Any value in any member of a key, a header or a claim, at every endpoint that takes a signed text: never a 5xx."""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tessera.app.clients import applications
from tessera.app.clients import credentials as client_credentials
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.context import Context
from tessera.core.clients.applications import TokenFormat
from tessera.core.keys import jws
from tessera.core.keys.jws import Algorithm, PrivateKey
from tessera.core.keys.signing import SigningKey
from tests.support import assertions, operator_session, raw
from tests.support.json_values import ODD, anything, written
from tests.support.possession import Holder
from tests.support.raw import Answer
from tests.support.target import Header, Target

KEY_MEMBERS = (
    "kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "crv", "x", "y", "n", "e", "d", "k", "another",
)  # fmt: skip
HEADER_MEMBERS = ("alg", "kid", "typ", "cty", "crit", "jwk", "jku", "x5u", "x5c", "b64", "nonce", "another")
CLAIMS = (
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "htm", "htu", "ath", "nonce", "scope", "client_id", "cnf", "ref",
)  # fmt: skip

pytestmark = pytest.mark.engines("sqlite", "postgres")

Place = tuple[str, str]
"""Which part of a signed text is strange, and which of its members."""

PLACES: list[Place] = [
    *(("header", name) for name in HEADER_MEMBERS),
    *(("claims", name) for name in CLAIMS),
    *(("key", name) for name in KEY_MEMBERS),
]


class Parts(NamedTuple):
    """A good text before it is signed: its header, its claims, the key it brings if any, and who signs."""

    header: dict[str, Any]
    claims: dict[str, Any]
    jwk: dict[str, str] | None
    key: PrivateKey
    algorithm: Algorithm

    def with_value(self, place: Place, value: bytes) -> str:
        """The text with this very value in one place, signed as a good one is."""
        part, name = place
        header, claims = (json.dumps(each).encode() for each in (self.header, self.claims))
        if part == "header":
            header = written(self.header, name, value)
        elif part == "claims":
            also = ("iss", "client_id") if name == "sub" else ()  # where they differ, nobody looks further
            claims = written(self.claims, name, value, *also)
        else:
            header = written(self.header, "jwk", written(self.jwk or {}, name, value))
        return jws.signed(f"{jws.encode(header)}.".encode(), claims, self.key, self.algorithm)


class Strange(NamedTuple):
    """A server, a client of it that has a secret and a key, and a signed token with the server's key that signed it.

    `holder` has the key that the token `bound` is bound to.
    """

    target: Target
    client_id: str
    secret: str
    key: PrivateKey
    holder: Holder
    token: str
    bound: str
    signing: SigningKey

    @property
    def credentials(self) -> str:
        """The client's secret, as a form has it."""
        return f"client_id={self.client_id}&client_secret={self.secret}"

    def url(self, path: str) -> str:
        """The address of a path, as the server knows itself."""
        return f"http://127.0.0.1:{self.target.port}{path}"

    def post(self, path: str, form: str, *headers: Header) -> Answer:
        """Send a form."""
        return raw.ask(self.target.port, "POST", path, form.encode(), [raw.FORM, *headers])

    def assertion(self) -> Parts:
        """A good assertion."""
        issuer = self.url("")
        claims = assertions.claims(self.client_id, issuer, time.time())
        return Parts({"alg": "ES256", "typ": "JWT"}, claims, None, self.key, Algorithm.ES256)

    def proof(self, method: str, path: str) -> Parts:
        """A good proof for a request; the nonce is never good, which is looked at last."""
        says = {"jti": f"{time.time_ns()}", "htm": method, "htu": self.url(path), "iat": int(time.time()), "nonce": "n"}
        says["ath"] = jws.encode(hashlib.sha256(self.bound.encode()).digest())
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.holder.jwk}
        return Parts(header, says, self.holder.jwk, self.holder.key, Algorithm.ES256)

    def access_token(self) -> Parts:
        """A good access token, signed by the server's own key."""
        head, body, _ = self.token.split(".")
        header, claims = (json.loads(jws.decode(each)) for each in (head, body))
        return Parts(header, claims, None, self.signing._private, self.signing.algorithm)


Sent = Callable[[Strange, Place, bytes], Answer]


def asserted(path: str, more: str = "") -> Sent:
    """Sends an assertion to an endpoint."""

    def send(strange: Strange, place: Place, value: bytes) -> Answer:
        return strange.post(path, assertions.form(strange.assertion().with_value(place, value)) + more)

    return send


def proof_at_token(strange: Strange, place: Place, value: bytes) -> Answer:
    """A DPoP proof in a token request."""
    proof = strange.proof("POST", "/oauth/token").with_value(place, value)
    return strange.post("/oauth/token", f"grant_type=client_credentials&{strange.credentials}", ("DPoP", proof))


def proof_at(path: str) -> Sent:
    """Sends a DPoP proof with a token to be read with."""

    def send(strange: Strange, place: Place, value: bytes) -> Answer:
        proof = strange.proof("GET", path).with_value(place, value)
        return raw.ask(
            strange.target.port, "GET", path, b"", [("Authorization", f"DPoP {strange.bound}"), ("DPoP", proof)]
        )

    return send


def token_at_platform(strange: Strange, place: Place, value: bytes) -> Answer:
    """An access token at the platform."""
    return strange.target.read(raw.bearer(strange.access_token().with_value(place, value)))


def token_for_introspection(strange: Strange, place: Place, value: bytes) -> Answer:
    """An access token that its own client asks about."""
    token = strange.access_token().with_value(place, value)
    return strange.post("/oauth/introspect", f"{strange.credentials}&token={quote_plus(token)}")


def token_for_revocation(strange: Strange, place: Place, value: bytes) -> Answer:
    """An access token that another client wants revoked: it is read, and stays what it is."""
    values, token = strange.target.values, strange.access_token().with_value(place, value)
    other = f"client_id={values['client_id']}&client_secret={values['client_secret']}"
    return strange.post("/oauth/revoke", f"{other}&token={quote_plus(token)}")


def token_info(strange: Strange, place: Place, value: bytes) -> Answer:
    """An access token that is asked about by itself."""
    token = strange.access_token().with_value(place, value)
    return raw.ask(strange.target.port, "GET", "/oauth/token/info", b"", [raw.bearer(token)])


EVERYWHERE: dict[str, Sent] = {
    "an assertion for a token": asserted("/oauth/token"),
    "an assertion for introspection": asserted("/oauth/introspect", "&token=x"),
    "an assertion for revocation": asserted("/oauth/revoke", "&token=x"),
    "a proof for a token": proof_at_token,
    "a proof at the platform": proof_at("/priv/v1/apps/x/users/y"),
    "a proof at token info": proof_at("/oauth/token/info"),
    "a token at the platform": token_at_platform,
    "a token for introspection": token_for_introspection,
    "a token for revocation": token_for_revocation,
    "a token at token info": token_info,
}


@pytest.fixture(scope="module")
def strange(target: Target) -> Strange:
    """A client that takes part in all of it."""
    key = assertions.new_key()

    async def furnish(context: Context) -> tuple[str, str]:
        issued = await applications.create(
            context, "strange", 1, options=ApplicationChanges(token_format=TokenFormat.EDDSA)
        )
        await client_credentials.add_key(context, issued.client_id, "key", assertions.jwk(key))
        return issued.client_id, issued.client_secret or ""

    client_id, secret = operator_session.do(target.folder, furnish)
    form = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}"
    token = json.loads(target.ask_token("", form).body)["access_token"]
    holder, address = Holder(), f"http://127.0.0.1:{target.port}/oauth/token"
    nonce = target.ask_token("", form, ("DPoP", holder.proof("POST", address))).header("dpop-nonce")
    answer = target.ask_token("", form, ("DPoP", holder.proof("POST", address, nonce=nonce)))
    bound = json.loads(answer.body)["access_token"]
    return Strange(
        target, client_id, secret, key, holder, token, bound, operator_session.do(target.folder, _signing_key)
    )


async def _signing_key(context: Context) -> SigningKey:
    """The key that signs now."""
    return context.directory.signing.signing(Algorithm.EDDSA, context.clock.now())


@pytest.mark.parametrize("sent", EVERYWHERE.values(), ids=EVERYWHERE)
def test_every_odd_value_in_every_member_is_answered(strange: Strange, sent: Sent) -> None:
    """Each value that was trouble somewhere, in each member: an answer, and no defect."""
    for place in PLACES:
        for value in ODD:
            answer = sent(strange, place, value)
            assert answer.status < 500, (place, value, answer)


@pytest.mark.parametrize("sent", EVERYWHERE.values(), ids=EVERYWHERE)
def test_any_value_in_any_member_is_answered(strange: Strange, sent: Sent) -> None:
    """So is any other value."""

    @settings(max_examples=150, deadline=None, database=None)
    @given(st.sampled_from(PLACES), anything)
    def answered(place: Place, value: bytes) -> None:
        answer = sent(strange, place, value)
        assert answer.status < 500, (place, value, answer)

    answered()


def test_the_good_ones_are_taken(strange: Strange) -> None:
    """What the others are made of is taken: they fail for their strange member and nothing else."""
    unmoved = ("header", "another"), b"1"
    assert EVERYWHERE["an assertion for a token"](strange, *unmoved).status == 200
    assert EVERYWHERE["a token at the platform"](strange, *unmoved).status == 200
    assert b'"active":true' in EVERYWHERE["a token for introspection"](strange, *unmoved).body
    assert b"use_dpop_nonce" in EVERYWHERE["a proof for a token"](strange, *unmoved).body
    for name in ("a proof at the platform", "a proof at token info"):
        assert EVERYWHERE[name](strange, *unmoved).header("dpop-nonce"), name
