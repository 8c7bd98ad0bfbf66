"""A server with resource servers beside it, and what is asked of its OAuth endpoints."""

import json
import time
from pathlib import Path

from tessera.app.clients import applications
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.organizations import organizations
from tessera.app.tokens import resource_servers
from tessera.core.clients.applications import TokenFormat
from tests.support import operator_session, raw, world
from tests.support.raw import Answer
from tests.support.target import Target

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
        """Wait until another process's operation is in force here."""
        deadline = time.monotonic() + IN_FORCE_SECONDS
        while self.active(name, token) is not active:
            assert time.monotonic() < deadline, "never in force"
            time.sleep(0.01)


async def furnish(context: Context) -> dict[str, Issued]:
    """Resource servers with their applications, one of another organization, and who may have tokens for them."""
    made = {
        "buyer": await operator_session.partner(context, "buyer"),
        "bound": await operator_session.partner(context, "bound", scope=None),
        "watcher": await operator_session.partner(context, "watcher", scope="tokens:introspect"),
        "stock": await operator_session.partner(context, "stock server", scope="profiles:read"),
    }
    other = await organizations.find(context, "Other Bakery")
    made["tills"] = await applications.create(context, "till server", other.number)
    made["their_watcher"] = await applications.create(
        context, "their watcher", other.number, scope="openid tokens:introspect"
    )
    stock = await resource_servers.create(context, STOCK, "Stock", "read write", server="stock server")
    tills = await resource_servers.create(context, TILLS, "Tills", "open close", server="till server")
    signed = await resource_servers.create(
        context, SIGNED, "Signed", "read", server="stock server", token_format=TokenFormat.EDDSA
    )
    for name, resource, scope in (
        ("buyer", stock, "read write"), ("buyer", tills, "open"), ("buyer", signed, "read"), ("bound", stock, "read"),
    ):  # fmt: skip
        await resource_servers.grant(context, await applications.find(context, name), resource, scope)
    return made


def furnished(port: int, folder: Path) -> Asked:
    """A running demonstration, once resource servers are in force there."""
    values = world.furnish(folder)
    for name, issued in operator_session.do(folder, furnish).items():
        values |= {f"{name}_id": issued.client_id, f"{name}_secret": str(issued.client_secret)}
    asked = Asked(port, folder, values)
    wait_for_tokens(asked, SIGNED)
    return asked


def wait_for_tokens(asked: Asked, resource: str) -> None:
    """Wait until tokens for a resource are issued."""
    deadline = time.monotonic() + IN_FORCE_SECONDS
    while asked.token_for("buyer", resource).status != 200:
        assert time.monotonic() < deadline, "the resource never came into force"
        time.sleep(0.01)


def token_for(asked: Asked, name: str, resource: str) -> str:
    """A token for a resource."""
    answer = asked.token_for(name, resource)
    assert answer.status == 200, answer
    token: str = json.loads(answer.body)["access_token"]
    return token
