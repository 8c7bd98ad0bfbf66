"""A grant that carries state: a ticket is the id of a customer, and good for one token about that customer."""

from urllib.parse import urlencode

from tessera.app.context import Context
from tessera.app.grants import client_credentials
from tessera.app.grants.grant import Authorization, Grant, Grants, TokenRequest
from tessera.core import wire
from tessera.core.changes import SetCustomProfile
from tessera.core.clients.credentials import Authenticated
from tessera.core.errors import InvalidRequest
from tessera.core.scopes import Scopes
from tests.support.scene import FORM, Scene

NAME = "urn:example:ticket"
USED = '{"used":true}'
NUMBER = (1 << 63) - 1
"""The number of the sign-in to which all tickets belong: as large as one can be."""


class Tickets:
    """The grant, and how often its step was called.

    A ticket is used while the custom profile of the customer says so. `target` and `scopes` are those of every
    authorization.
    """

    def __init__(self, target: int | None = None, scopes: Scopes | None = None) -> None:
        self.target = target
        self.scopes = scopes
        self.calls = 0

    async def authorize(self, context: Context, request: TokenRequest, client: Authenticated) -> Authorization:
        """Read the customer, and have the ticket used. Raises InvalidRequest when it was used before."""
        self.calls += 1
        ticket = request.parameters.get("ticket") or ""
        customer = await context.store.customer(client.application.organization, ticket)
        if customer is None or customer.user_profile == USED:
            raise InvalidRequest("The ticket is unknown, or was used before.")
        return Authorization(
            subject=customer.id,
            grant=NUMBER,
            scopes=self.scopes,
            target=self.target,
            changes=(SetCustomProfile(customer.number, USED, customer.user_profile),),
        )

    def grants(self) -> Grants:
        """A token endpoint's grants, with this one among them."""
        ticket = Grant(
            NAME,
            self.authorize,
            parameters=frozenset({"ticket"}),
            brings_target=self.target is not None,
        )
        return Grants(client_credentials.GRANT, ticket)


def params(scene: Scene, grants: Grants, ticket: str, **more: str) -> wire.Params:
    """A request for a token by a ticket, of the scene's partner unless it says otherwise."""
    known = scene.partner
    values = {"client_id": known.client_id, "client_secret": known.client_secret or ""}
    if "client_assertion" in more:
        values = {}
    values |= {"grant_type": NAME, "ticket": ticket, **more}
    return wire.form(b"", urlencode(values).encode(), FORM, grants.parameters)


async def used(scene: Scene, ticket: str) -> bool:
    """Whether a ticket was used."""
    customer = await scene.context.store.customer(1, ticket)
    assert customer is not None
    return customer.user_profile == USED


async def renew(scene: Scene, ticket: str) -> None:
    """Make a ticket that was used good for one more token."""
    customer = await scene.context.store.customer(1, ticket)
    assert customer is not None
    await scene.context.commit(SetCustomProfile(customer.number, "{}", USED))
