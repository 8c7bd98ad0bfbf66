"""The certificate in a header counts from those proxies only that may hand certificates over."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tessera.app.clients import applications, credentials, limit_settings
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.context import Context
from tests.support import operator_session, pki, raw, world
from tests.support.pki import Pair
from tests.support.raw import Answer
from tests.support.server import running
from tests.support.target import Header, Target, assert_refused


class Client(NamedTuple):
    """A client that proves itself by a certificate."""

    client_id: str
    secret: str
    pair: Pair

    def ask(self, target: Target, *headers: Header) -> Answer:
        """A token request with these headers and no other credential."""
        return target.ask_token("", f"grant_type=client_credentials&client_id={self.client_id}", *headers)


def header(pair: Pair) -> Header:
    """The certificate as a proxy hands it over."""
    return "Client-Cert", pki.header(pair.der).decode()


def _client(target: Target, name: str = "mutual") -> Client:
    pair = pki.certificate("Partner")

    async def furnish(context: Context) -> tuple[str, str]:
        issued = await applications.create(context, name, 1)
        await credentials.add_certificate(context, issued.client_id, "certificate", pair.pem)
        return issued.client_id, issued.client_secret or ""

    return Client(*operator_session.do(target.folder, furnish), pair)


@pytest.fixture(scope="module")
def client(behind: Target) -> Client:
    """A client of that server."""
    return _client(behind)


def test_nobody_else_hands_over_certificates(target: Target) -> None:
    """Without such proxies the right certificate in the header, in any spelling of its name, proves nothing."""
    client = _client(target)
    name, value = header(client.pair)
    plain = client.ask(target)
    assert_refused(plain, 401, "invalid_client")
    for spelled in (name, name.upper(), name.lower()):
        for more in ((), (("X-Forwarded-For", "127.0.0.1"),), (("Forwarded", "for=127.0.0.1"),)):
            answer = client.ask(target, (spelled, value), *more)
            assert (answer.status, answer.body) == (plain.status, plain.body)
    for spelled in ("X-Client-Cert", "X-SSL-Client-Cert", "SSL-Client-Cert", "Client_Cert", "X-Forwarded-Client-Cert"):
        assert_refused(client.ask(target, (spelled, value)), 401, "invalid_client")


@pytest.mark.parametrize(
    "trusting",
    [
        {"TESSERA_TRUSTED_PROXIES": "127.0.0.0/8"},
        {"TESSERA_TRUSTED_PROXIES": "127.0.0.0/8", "TESSERA_CLIENT_CERTIFICATE_PROXIES": "127.0.0.2 10.0.0.0/8"},
    ],
)
def test_a_proxy_that_tells_addresses_hands_over_no_certificates(tmp_path: Path, trusting: dict[str, str]) -> None:
    """Its word on the client's address is taken, and the certificate that comes with it proves nothing."""
    folder = tmp_path / "data"
    with running(folder, **trusting) as server:
        target = Target(server.port, folder, world.furnish(folder))
        client = _client(target)
        for peer in ("10.0.0.7", "127.0.0.2"):  # who is believed is who connects, not who is told of
            assert_refused(client.ask(target, header(client.pair), ("X-Forwarded-For", peer)), 401, "invalid_client")
        operator_session.do(
            folder, lambda context: limit_settings.change(context, "mutual", LimitChanges(networks=("192.0.2.7",)))
        )
        secret = f"grant_type=client_credentials&client_id={client.client_id}&client_secret={client.secret}"
        from_there = ("X-Forwarded-For", "192.0.2.7")
        assert target.ask_token("", secret, from_there).status == 200
        assert target.ask_token("", secret).status == 401
        assert_refused(client.ask(target, header(client.pair), from_there), 401, "invalid_client")
        document = raw.ask(target.port, "GET", "/.well-known/oauth-authorization-server").body
        assert (b"self_signed_tls_client_auth" in document) is ("TESSERA_CLIENT_CERTIFICATE_PROXIES" in trusting)


def test_a_proxy_that_hands_certificates_over_tells_no_addresses(behind: Target) -> None:
    """One trust is not the other: what such a proxy says of its client's address is not believed."""
    client = _client(behind, "from elsewhere")
    operator_session.do(
        behind.folder,
        lambda context: limit_settings.change(context, "from elsewhere", LimitChanges(networks=("192.0.2.7",))),
    )
    for said in (("X-Forwarded-For", "192.0.2.7"), ("Forwarded", "for=192.0.2.7")):
        assert_refused(client.ask(behind, header(client.pair), said), 401, "invalid_client")


def test_a_trusted_proxy_s_word_is_taken(behind: Target, client: Client) -> None:
    """The token is bound: it works with the certificate, and not without it or with another."""
    answer = client.ask(behind, header(client.pair))
    assert answer.status == 200, answer
    token = ("Authorization", f"Bearer {json.loads(answer.body)['access_token']}")
    assert behind.read(token, header(client.pair)).status == 200
    for headers in ((), (header(pki.certificate("Partner")),), (("Client-Cert", ":x:"),), (header(client.pair),) * 2):
        refused = behind.read(token, *headers)
        assert refused.status == 401
        assert b'error="invalid_token"' in b" ".join(value.encode() for value in refused.all("www-authenticate"))


@pytest.mark.parametrize(
    "value", ["", ":", "::", "x", ":eA:", ":eA==:", ':eA=="', "-----BEGIN CERTIFICATE-----", ":" + "A" * 16_000 + ":"]
)
def test_a_header_that_holds_no_certificate_proves_nothing(behind: Target, client: Client, value: str) -> None:
    """Malformed headers are refused as a wrong credential is."""
    assert_refused(client.ask(behind, ("Client-Cert", value)), 401, "invalid_client")


def test_two_certificates_prove_nothing(behind: Target, client: Client) -> None:
    """The header stands once; a certificate of somebody else proves nothing, and nor does the own one in the chain."""
    own, other = header(client.pair), header(pki.certificate("Other"))
    for headers in (
        (own, own),
        (own, other),
        (other,),
        (other, ("Client-Cert-Chain", own[1])),
        (("Client-Cert-Chain", own[1]),),
    ):
        assert_refused(client.ask(behind, *headers), 401, "invalid_client")


def test_the_client_has_to_be_named(behind: Target, client: Client) -> None:
    """RFC 8705 section 2: the certificate alone does not say which client it is."""
    assert_refused(behind.ask_token("", "grant_type=client_credentials", header(client.pair)), 401, "invalid_client")


def test_a_secret_beside_a_certificate_is_the_secret(behind: Target, client: Client) -> None:
    """A proxy hands over whatever certificate there is: a wrong secret is wrong all the same."""
    body = f"grant_type=client_credentials&client_id={client.client_id}&client_secret=wrong"
    assert_refused(behind.ask_token("", body, header(client.pair)), 401, "invalid_client")
