"""Mutual TLS through a real proxy: clients that prove themselves by certificates, and tokens bound to them."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tessera.app.clients import applications, credentials
from tessera.app.context import Context
from tests.proxy import haproxy, nginx
from tests.support import operator_session, pki
from tests.support.operator import until
from tests.support.pki import Pair
from tests.support.server import running


class Door(NamedTuple):
    """The proxy's address, the server's own, its demonstration, and whom clients trust."""

    url: str
    behind: str
    demo: dict[str, str]
    trust: Path
    folder: Path
    certificate_id: str
    subject_id: str

    def client(self, pair: Pair | None) -> httpx.Client:
        """A client with this certificate, or with none."""
        context = ssl.create_default_context(cafile=str(self.trust))
        if pair is not None:
            file = self.folder / "client.pem"
            file.write_bytes(pair.pem + pair.key_pem)
            context.load_cert_chain(file)
        return httpx.Client(verify=context, timeout=30)

    def ask(self, client: httpx.Client, client_id: str, **headers: str) -> httpx.Response:
        """A token request without a secret."""
        data = {"grant_type": "client_credentials", "client_id": client_id}
        return client.post(f"{self.url}/oauth/token", data=data, headers=headers)

    def read(self, client: httpx.Client, token: str, url: str = "", **headers: str) -> int:
        """The status of a read of the platform."""
        address = f"{url or self.url}/priv/v1/apps/{self.demo['api_key']}/users/{self.demo['customer_id']}"
        return client.get(address, headers={"authorization": f"Bearer {token}", **headers}).status_code


OURS = pki.authority("Clients")
OWN = pki.certificate("Partner")
NAMED = pki.certificate("Whoever", OURS, "dns:app.partner.example")
STRANGER = pki.certificate("Whoever", pki.authority("Clients"), "dns:app.partner.example")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A server behind HAProxy, with a client by certificate and one by subject."""
    folder = tmp_path_factory.mktemp("door")
    root = pki.authority("Authority of the proxy")
    (folder / "ca.pem").write_bytes(OURS.pem)
    (folder / "trust.pem").write_bytes(root.pem)

    async def furnish(context: Context) -> tuple[str, str]:
        by_certificate = (await applications.create(context, "by certificate", 1)).client_id
        by_subject = (await applications.create(context, "by subject", 1)).client_id
        await credentials.add_certificate(context, by_certificate, "certificate", OWN.pem)
        await credentials.add_subject(context, by_subject, "subject", "san_dns:app.partner.example")
        return by_certificate, by_subject

    settings = {"TESSERA_CLIENT_CERTIFICATE_PROXIES": "127.0.0.2", "TESSERA_MTLS_CA_FILE": str(folder / "ca.pem")}
    with running(folder / "data", **settings) as server:
        ids = operator_session.do(folder / "data", furnish)
        with haproxy.proxy(folder / "proxy", server.port, haproxy.server_certificate(root), OURS.pem) as port:
            url = f"https://127.0.0.1:{port}"
            yield Door(url, server.url, server.demo, folder / "trust.pem", folder, *ids)


def test_a_certificate_opens_and_binds(door: Door) -> None:
    """The token works over a connection with the certificate, and over no other."""
    with door.client(OWN) as own, door.client(NAMED) as other, door.client(None) as nobody:
        answer = door.ask(own, door.certificate_id)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        assert door.read(own, token) == 200
        assert [door.read(client, token) for client in (other, nobody)] == [401, 401]


def test_a_subject_opens_under_our_authority(door: Door) -> None:
    """A certificate that our authority signed does; one with the same names of another authority does not."""
    with door.client(NAMED) as named, door.client(STRANGER) as stranger, door.client(OWN) as own:
        answer = door.ask(named, door.subject_id)
        assert answer.status_code == 200, answer.text
        assert door.read(named, answer.json()["access_token"]) == 200
        assert [door.ask(client, door.subject_id).status_code for client in (stranger, own)] == [401, 401]


def test_a_client_cannot_write_the_header_itself(door: Door) -> None:
    """Through the proxy a header of the client's is replaced; past the proxy it is not believed."""
    header = pki.header(OWN.der).decode()
    with door.client(OWN) as own, door.client(None) as nobody, door.client(NAMED) as other:
        token = door.ask(own, door.certificate_id).json()["access_token"]
        for client in (nobody, other):
            assert door.ask(client, door.certificate_id, **{"client-cert": header}).status_code == 401
            assert door.read(client, token, **{"client-cert": header}) == 401
        assert door.read(nobody, token, door.behind, **{"client-cert": header}) == 401


def test_a_start_that_counts_on_the_other_setting_is_told(tmp_path: Path) -> None:
    """Where `trusted_proxies` alone names the proxy, the log says at the start which setting certificates need."""

    async def furnish(context: Context) -> None:
        issued = await applications.create(context, "by certificate", 1)
        await credentials.add_certificate(context, issued.client_id, "certificate", OWN.pem)

    folder = tmp_path / "data"
    with running(folder) as server:
        assert "client_certificates_ignored" not in server.output
        operator_session.do(folder, furnish)
    with running(folder, TESSERA_TRUSTED_PROXIES="127.0.0.2") as server:
        told = until(lambda: server.output, lambda output: "client_certificates_ignored" in output)
        assert "by certificate cannot use certificates: the setting client_certificate_proxies" in told
    with running(folder, TESSERA_CLIENT_CERTIFICATE_PROXIES="127.0.0.2") as server:
        assert "client_certificates_ignored" not in server.output


def test_the_nginx_of_the_docs_hands_over_nothing_of_its_clients(tmp_path: Path) -> None:
    """Neither a certificate nor an address that a client made up gets through, and no query gets into its log."""
    root = pki.authority()
    own = pki.certificate("nginx", root, "ip:127.0.0.1", usage=pki.SERVERS)
    (tmp_path / "trust.pem").write_bytes(root.pem)

    async def furnish(context: Context) -> str:
        issued = await applications.create(context, "by certificate", 1)
        await credentials.add_certificate(context, issued.client_id, "certificate", OWN.pem)
        return issued.client_id

    believing = {"TESSERA_CLIENT_CERTIFICATE_PROXIES": "127.0.0.1", "TESSERA_TRUSTED_PROXIES": "127.0.0.1"}
    headers = {
        "client-cert": pki.header(OWN.der).decode(),
        "forwarded": "for=192.0.2.1",
        "x-forwarded-for": "192.0.2.1",
    }
    with running(tmp_path / "data", **believing) as server:
        data = {"grant_type": "client_credentials", "client_id": operator_session.do(tmp_path / "data", furnish)}
        assert httpx.post(f"{server.url}/oauth/token", data=data, headers=headers, timeout=60).status_code == 200
        with nginx.example(tmp_path / "nginx", server.port, own) as port:
            context = ssl.create_default_context(cafile=str(tmp_path / "trust.pem"))
            url = f"https://127.0.0.1:{port}/oauth/token"
            answer = httpx.post(
                url, data=data, headers=headers, params={"secret": "hidden"}, verify=context, timeout=60
            )
            assert answer.status_code == 401
            assert answer.json()["error"] == "invalid_client"
        logged = (tmp_path / "nginx" / "access.log").read_text()
        assert "POST /oauth/token 401" in logged
        assert "hidden" not in logged
        assert [line for line in server.output.splitlines() if "192.0.2.1" in line and "401" in line] == []
