"""Behind proxies that share connections: nobody gets another's answer, and nothing runs that was sent as a body."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tessera.app.clients import credentials, limit_settings
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.context import Context
from tests.framing.corpus import sized
from tests.proxy.attacks import Pieces, attack, attacks
from tests.proxy.gateways import GATEWAYS, SMUGGLED, Gateway
from tests.proxy.nginx import ADDRESS
from tests.support import operator_session, pki
from tests.support.server import Server, running

OFFICE = "192.0.2.7"
CUSTOMERS = 5
FORM = b"Content-Type: application/x-www-form-urlencoded"
REVOKES = f"POST /oauth/revoke?{SMUGGLED} HTTP/1.1".encode()
CERTIFICATE = pki.certificate("Partner")
AGAIN = frozenset({502, 503, 504})
"""What a proxy says by itself when the server has closed a connection at the wrong moment."""


class Stolen(NamedTuple):
    """What a smuggled request would leave behind: three live tokens that it would revoke, and a customer."""

    by_secret: str
    by_certificate: str
    by_network: str
    customer: str


class Town:
    """A server that trusts the proxies in front of it, its two callers, and the clients that a stranger would be."""

    def __init__(self, server: Server) -> None:
        self.server = server
        demo = server.demo
        self.users = f"/priv/v1/apps/{demo['api_key']}"
        self.behind = httpx.Client(
            base_url=server.url, transport=httpx.HTTPTransport(local_address=ADDRESS), timeout=60
        )
        """Comes to the server as the proxies do, and may say anything."""

        async def furnish(context: Context) -> dict[str, str]:
            made = {
                name: await operator_session.partner(context, name)
                for name in ("victim", "secret", "certificate", "network")
            }
            await credentials.add_certificate(context, made["certificate"].client_id, "it", CERTIFICATE.pem)
            await limit_settings.change(context, "network", LimitChanges(networks=(OFFICE,)))
            secrets = {f"{name}_secret": str(issued.client_secret) for name, issued in made.items()}
            return secrets | {f"{name}_id": issued.client_id for name, issued in made.items()}

        self.values = operator_session.do(server.folder, furnish)
        self.victim = self._token("victim")
        for number in range(CUSTOMERS):
            self.create(f"victim-{number}")
        self.create("bait")

    def create(self, customer: str) -> None:
        """Create a customer."""
        self.behind.post(
            f"{self.users}/users",
            json={"user": {"external_id": customer}},
            headers={"authorization": f"Bearer {self.victim}"},
        ).raise_for_status()

    def exists(self, customer: str) -> bool:
        """Whether there is such a customer."""
        address = f"{self.users}/external/users/{customer}"
        return self.behind.get(address, headers={"authorization": f"Bearer {self.victim}"}).status_code == 200

    def bait(self, customer: str) -> Stolen:
        """Tokens that nobody is to revoke, and a customer whom nobody is to create."""
        return Stolen(self._token("secret"), self._token("certificate"), self._token("network"), customer)

    def left(self, stolen: Stolen) -> list[str]:
        """What has been done by smuggled requests."""
        tokens = {"secret": stolen.by_secret, "certificate": stolen.by_certificate, "network": stolen.by_network}
        done = [f"a token by {name} was revoked" for name, token in tokens.items() if not self._lives(name, token)]
        return [*done, *(["a customer was created"] if self.exists(stolen.customer) else [])]

    def _said(self, name: str) -> dict[str, str]:
        """What a trusted proxy says of this client's requests."""
        return {
            "certificate": {"client-cert": pki.header(CERTIFICATE.der).decode()},
            "network": {"x-forwarded-for": OFFICE},
        }.get(name, {})

    def _form(self, name: str) -> dict[str, str]:
        form = {"client_id": self.values[f"{name}_id"]}
        return form if name == "certificate" else form | {"client_secret": self.values[f"{name}_secret"]}

    def _token(self, name: str) -> str:
        form = {"grant_type": "client_credentials", **self._form(name)}
        answer = self.behind.post("/oauth/token", data=form, headers=self._said(name)).raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def _lives(self, name: str, token: str) -> bool:
        headers = {"authorization": f"Bearer {token}", **self._said(name)}
        return self.behind.get(f"{self.users}/external/users/bait", headers=headers).status_code == 200

    def smuggled(self, stolen: Stolen) -> list[bytes]:
        """Requests that would steal: each whole, but the last, which whoever comes next would make whole."""
        customer = b'{"user":{"external_id":"%b"}}' % stolen.customer.encode()
        authority = b"Authorization: Bearer " + self.victim.encode()
        users, mark = self.users.encode(), SMUGGLED.encode()
        return [
            *[
                sized(
                    "&".join(f"{key}={value}" for key, value in {**self._form(name), "token": token}.items()).encode(),
                    FORM,
                    *[f"{header}: {value}".encode() for header, value in self._said(name).items()],
                    line=REVOKES,
                )
                for name, token in zip(("secret", "certificate", "network"), stolen[:3], strict=True)
            ],
            sized(
                customer,
                b"Content-Type: application/json",
                authority,
                line=b"POST %b/users?%b HTTP/1.1" % (users, mark),
            ),
            b"GET %b/external/users/bait?%b HTTP/1.1\r\nX: " % (users, mark),
        ]


class Victim:
    """A caller who asks for one customer after another, and looks at whether it is told of the right one."""

    def __init__(self, town: Town, port: int) -> None:
        self.town = town
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self.asked = self.answered = 0

    def ask(self) -> None:
        """Ask once. Raises AssertionError when the answer is somebody else's."""
        customer = f"victim-{self.asked % CUSTOMERS}"
        self.asked += 1
        answer = self.client.get(
            f"{self.town.users}/external/users/{customer}", headers={"authorization": f"Bearer {self.town.victim}"}
        )
        if answer.status_code not in AGAIN:
            self.answered += 1
            told = answer.json().get("user", {}).get("external_id") if answer.content else None
            assert told == customer, f"asked for {customer}, and was answered {answer.status_code} {answer.text}"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The server."""
    believed = {"TESSERA_TRUSTED_PROXIES": ADDRESS, "TESSERA_CLIENT_CERTIFICATE_PROXIES": ADDRESS}
    with running(tmp_path_factory.mktemp("town") / "data", **believed) as server:
        made = Town(server)
        yield made
        made.behind.close()


def test_what_would_be_smuggled_has_its_effect_when_it_is_sent(town: Town) -> None:
    """Sent by a trusted proxy as requests, not as bodies, they revoke and create: their traces would be seen."""
    stolen = town.bait("sent")
    assert town.left(stolen) == []
    for request in town.smuggled(stolen)[:-1]:
        with httpx.HTTPTransport(local_address=ADDRESS) as transport:
            head, _, body = request.partition(b"\r\n\r\n")
            line, *fields = head.decode().split("\r\n")
            method, target, _ = line.split(" ")
            headers = dict(field.split(": ", 1) for field in fields)
            sent = httpx.Request(method, town.server.url + target, headers=headers, content=body)
            assert transport.handle_request(sent).status_code == 200
    assert len(town.left(stolen)) == len(stolen)


@pytest.mark.parametrize("gateway", GATEWAYS, ids=lambda gateway: gateway.__name__)
def test_nobody_gets_another_s_answer(town: Town, tmp_path: Path, gateway: Gateway) -> None:
    """After each attack, and during all of them, a victim's answers are its own; and nothing smuggled was run."""
    stolen = town.bait(gateway.__name__)
    every = attacks(town.smuggled(stolen))
    with gateway(tmp_path / "proxy", town.server.port) as port:
        victim = Victim(town, port)
        victim.ask()
        for pieces in every:
            attack(port, pieces)
            victim.ask()
            victim.ask()
        assert town.left(stolen) == []
        during(port, every, victim)
        victim.client.close()
    assert town.left(stolen) == []
    assert victim.answered > victim.asked * 0.9


def during(port: int, every: list[Pieces], victim: Victim) -> None:
    """Have the victim ask for as long as the attacks go on."""
    attacking = threading.Thread(target=lambda: [attack(port, pieces) for pieces in every])
    attacking.start()
    try:
        while attacking.is_alive():
            victim.ask()
    finally:
        attacking.join()
