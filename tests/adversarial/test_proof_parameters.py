"""Whatever a client may prove itself with beside its secret, sent doubled, empty, misspelled, mis-encoded or too long.

The two parameters of an assertion, and the headers DPoP, Client-Cert and Client-Cert-Chain.
"""

import json
import time
from typing import NamedTuple
from urllib.parse import quote_plus

import pytest

from tessera.app.clients import applications, credentials
from tessera.app.context import Context
from tessera.core.clients.assertions import TYPE
from tests.support import assertions, operator_session, pki
from tests.support.raw import Answer
from tests.support.target import Header, Target, assert_refused

NAMES = ("client_assertion", "client_assertion_type")
JSON = ("Content-Type", "application/json")


class Prover(NamedTuple):
    """A client with a key, and one assertion of it, which nothing here may use up."""

    target: Target
    values: dict[str, str]

    def send(self, place: str, parameters: str) -> Answer:
        """Form-encoded parameters in the query string or in the body."""
        return self.target.ask_token(*((parameters, "") if place == "query" else ("", parameters)))

    def without(self, name: str) -> str:
        """The good request but for one parameter, form-encoded."""
        return "&".join(f"{key}={quote_plus(value)}" for key, value in self.values.items() if key != name)

    def value(self, name: str) -> str:
        """A parameter of the good request, form-encoded."""
        return quote_plus(self.values[name])


@pytest.fixture
def prover(target: Target) -> Prover:
    """A client of the server that has a key."""
    key = assertions.new_key()

    async def furnish(context: Context) -> str:
        issued = await applications.create(context, f"prover {context.new_uuid()}", 1)
        await credentials.add_key(context, issued.client_id, "key", assertions.jwk(key))
        return issued.client_id

    client_id = operator_session.do(target.folder, furnish)
    says = assertions.claims(client_id, f"http://127.0.0.1:{target.port}", time.time(), exp=int(time.time()) + 300)
    good = {"grant_type": "client_credentials", "client_assertion_type": TYPE}
    return Prover(target, {**good, "client_assertion": assertions.signed(key, says)})


@pytest.mark.parametrize("place", ["query", "form"])
@pytest.mark.parametrize("name", NAMES)
def test_an_assertion_s_parameters_are_said_once_whole_and_by_name(prover: Prover, name: str, place: str) -> None:
    """Doubled, under a name that is like it, broken or too long: an invalid request, which uses nothing up."""
    value, others = prover.value(name), prover.without(name)
    spelled = f"%{ord(name[0]):02x}{name[1:]}"
    for bad in (
        f"{name}={value}&{name}={value}",
        f"{name}={value}&{name}=x",
        f"{name}=&{name}={value}",
        f"{name}={value}&{spelled}={value}",
        *(f"{form.format(name)}={value}" for form in ("{}[]", "{}[a]", "{}.a", "{}+", "%20{}", "{}%00x")),
        f"{name}={value}%",
        *(f"{name}={value}{end}" for end in ("%00", "%zz", "%ff", "%ed%a0%80", "%0d%0aX:y", "%7f")),
        f"{name}={'a' * 4097}",
        f"{name}=",
        name,
    ):
        assert_refused(prover.send(place, f"{others}&{bad}"), 400, "invalid_request")
    both = prover.target.ask_token(f"{name}={value}", f"{others}&{name}={value}")
    assert_refused(both, 400, "invalid_request")
    assert prover.send(place, f"{others}&{name}={value}").status == 200


@pytest.mark.parametrize("name", NAMES)
def test_an_assertion_in_json_is_text_said_once(prover: Prover, name: str) -> None:
    """Another value than a text, a broken one, or a member twice: an invalid request."""
    members = {key: json.dumps(value) for key, value in prover.values.items()}
    for bad in ("null", "1", "true", "[]", "{}", f"[{members[name]}]", '"\\u0000"', '"\\ud800"', '""', '"x'):
        body = ",".join(f'"{key}":{value}' for key, value in {**members, name: bad}.items())
        assert_refused(prover.target.ask_token("", f"{{{body}}}", JSON), 400, "invalid_request")
    body = ",".join(f'"{key}":{value}' for key, value in members.items())
    assert_refused(prover.target.ask_token("", f'{{{body},"{name}":{members[name]}}}', JSON), 400, "invalid_request")
    assert prover.target.ask_token("", f"{{{body}}}", JSON).status == 200


def test_an_empty_assertion_is_none(prover: Prover) -> None:
    """With both parameters empty nothing was presented; with a secret beside them, it is the secret."""
    empty = "client_assertion=&client_assertion_type=&grant_type=client_credentials"
    assert_refused(prover.send("form", empty), 401, "invalid_client")
    values = prover.target.values
    by_secret = f"&client_id={values['client_id']}&client_secret={values['client_secret']}"
    assert prover.send("form", empty + by_secret).status == 200
    assert_refused(prover.send("form", f"{prover.without('')}{by_secret}"), 400, "invalid_request")


STRAY = (
    "", ",", "x", "..", "a.b.c", "a.b.c, a.b.c", ":", "::", ":eA==:", '"x"', "{}", "null", "%00", "%0d%0aX: y",
    "eyJhbGciOiJub25lIn0.e30.", "=?utf-8?q?x?=", "\xff\xfe", "\xc3\xa9", "\t", "a" * 4000, "." * 4000, ":" * 4000,
    "-----BEGIN CERTIFICATE-----", "[" * 4000,
)  # fmt: skip


def by_secret(target: Target, *headers: Header) -> Answer:
    """A good token request with these headers."""
    values = target.values
    body = f"grant_type=client_credentials&client_id={values['client_id']}&client_secret={values['client_secret']}"
    return target.ask_token("", body, *headers)


def test_a_stray_proof_earns_nothing_beside_a_secret(target: Target) -> None:
    """Whatever stands in DPoP, once or twice: an invalid proof, never a bearer token instead; the platform says 401."""
    token = target.token()
    for value in STRAY:
        for headers in ((("DPoP", value),), (("DPoP", value), ("dpop", value))):
            assert_refused(by_secret(target, *headers), 400, "invalid_dpop_proof")
            assert target.read(("Authorization", f"DPoP {token}"), *headers).status == 401


@pytest.mark.parametrize("name", ["Client-Cert", "Client-Cert-Chain"])
def test_a_stray_certificate_changes_nothing_beside_a_secret(target: Target, behind: Target, name: str) -> None:
    """From a trusted proxy or from anybody: a bearer token by the secret, bound to nothing, and good without it."""
    for value in STRAY:
        for server in (target, behind):
            for headers in (((name, value),), ((name, value), (name.lower(), value))):
                answer = by_secret(server, *headers)
                assert answer.status == 200, (value, answer)
                assert json.loads(answer.body)["token_type"] == "bearer"
    token = ("Authorization", f"Bearer {json.loads(answer.body)['access_token']}")
    assert behind.read(token).status == 200


@pytest.mark.parametrize("value", STRAY)
def test_a_stray_chain_makes_no_certificate_a_proof(behind: Target, value: str) -> None:
    """A certificate that nobody knows proves nobody, whatever chain comes with it."""
    client = f"grant_type=client_credentials&client_id={behind.values['client_id']}"
    leaf = ("Client-Cert", pki.header(pki.certificate("Nobody").der).decode())
    assert_refused(behind.ask_token("", client, leaf, ("Client-Cert-Chain", value)), 401, "invalid_client")
