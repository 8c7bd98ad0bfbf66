"""Operations about tokens and resource servers, for the table of operations whose commit fails."""

from tessera.app.clients import applications
from tessera.app.organizations import organizations
from tessera.app.tokens import resource_servers, verification
from tessera.core.wire import Params
from tests.support import asking
from tests.support.scene import Scene

STOCK = "https://stock.example/api"


async def revoke_own(scene: Scene, token: str) -> None:
    """A client revokes its own token."""
    known = scene.partner
    values = {"client_id": known.client_id, "client_secret": known.client_secret or "", "token": token}
    await asking.revoke_own(scene.context, Params({}, values))


async def revoke_organization(scene: Scene, _: str) -> None:
    """All tokens of the organization are revoked."""
    await organizations.revoke_tokens(scene.context, await organizations.find(scene.context, "Org"))


async def has_resource(scene: Scene, _: str) -> bool:
    """Whether the resource is there, once."""
    return [each.identifier for each in await scene.context.store.resources()] == [STOCK]


async def token_for_stock(scene: Scene) -> str:
    """A resource, an application that may do something there, and a token for it."""
    await resource_servers.create(scene.context, STOCK, "Stock", "read")
    bound = await applications.create(scene.context, "bound", 1, scope=None)
    record = await applications.find(scene.context, "bound")
    await resource_servers.grant(scene.context, record, await resource_servers.find(scene.context, STOCK), "read")
    token = (await scene.token(bound)).access_token
    assert await verification.check(scene.context, token) is not None
    return token


async def take_back(scene: Scene, _: str) -> None:
    """What the application may do there is taken back."""
    record = await applications.find(scene.context, "bound")
    await resource_servers.take_back(scene.context, record, await resource_servers.find(scene.context, STOCK))
