"""A server with two workers, in which there is a client for each way of proving oneself, and a receiver of webhooks."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tessera.app.clients import credentials
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.demo import demo
from tessera.app.organizations import organizations
from tessera.app.webhooks import webhooks
from tests.support import assertions, key_server, operator_session, pki
from tests.support.receiver import Receiver, receiving_beside
from tests.support.server import Server, running

KEY = assertions.new_key()
CERTIFICATE = pki.certificate("Partner")

SETTINGS = {"TESSERA_OUTBOUND_NETWORKS_ALLOWED": "127.0.0.0/8", "TESSERA_CLIENT_CERTIFICATE_PROXIES": "127.0.0.1"}
"""Key sets are got from this machine; requests of this machine may name a certificate, as those of a proxy do."""

SECONDS = 30.0
"""A request that ends in an error inside of the server may never be answered."""


class Clients(NamedTuple):
    """An application for each way."""

    key: Issued
    published: Issued
    certificate: Issued
    admin: Issued


class Place(NamedTuple):
    """The server, its clients, who receives its webhooks, and what keeps a connection to it."""

    server: Server
    clients: Clients
    receiver: Receiver
    caller: httpx.Client
    point_account: str

    def ask(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a POST."""
        return self.caller.post(path, **options)

    def token(self, **options: Any) -> httpx.Response:
        """The answer to a token request with the demonstration's secret."""
        demo_values = self.server.demo
        form = {"grant_type": "client_credentials"} | options.pop("form", {})
        return self.ask(
            "/oauth/token", data=form, auth=(demo_values["client_id"], demo_values["client_secret"]), **options
        )

    def bearer(self) -> dict[str, str]:
        """The header with a fresh token."""
        return {"Authorization": f"Bearer {self.token().json()['access_token']}"}

    def assertion(self, client: Issued) -> str:
        """A new assertion of a client that has the key."""
        says = assertions.claims(client.client_id, self.server.url, time.time())
        return assertions.form(assertions.signed(KEY, says, kid="key"))


async def _furnish(context: Context, published_at: str, hook: str) -> tuple[Clients, str]:
    clients = Clients(
        await operator_session.partner(context, "key"),
        await operator_session.partner(context, "published"),
        await operator_session.partner(context, "certificate"),
        await operator_session.partner(context, "admin", scope="loyalty:read loyalty:admin"),
    )
    await credentials.add_key(context, clients.key.client_id, "key", assertions.jwk(KEY))
    await credentials.add_key_set(context, clients.published.client_id, "set", published_at)
    await credentials.add_certificate(context, clients.certificate.client_id, "own", CERTIFICATE.pem)
    await webhooks.create(context, await organizations.find(context, demo.ORGANIZATION), "hook", hook, "all")
    program = await context.directory.programs.get(1)
    assert program is not None
    return clients, program.accounts[0].id


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """One of them for the length of a block; the server must end in order, and have told of no error of ours."""
    with key_server.serving() as keys, receiving_beside() as receiver:
        keys.body = b'{"keys":[%s]}' % assertions.jwk(KEY, kid="key")
        trust = {"SSL_CERT_FILE": str(keys.trust)}
        with running(folder, "--workers", "2", **SETTINGS, **trust) as server:
            clients, account = operator_session.do(folder, lambda context: _furnish(context, keys.url(), receiver.url))
            with httpx.Client(base_url=server.url, timeout=SECONDS) as caller:
                yield Place(server, clients, receiver, caller, account)
            assert server.stop() == 0
            assert "Traceback" not in server.output
