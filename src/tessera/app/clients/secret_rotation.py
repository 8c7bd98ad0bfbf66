"""What an operator does to move a partner from one secret to the next."""

import msgspec

from tessera.app.clients import rotation_steps
from tessera.app.clients.applications import free_credential_name, new_secret
from tessera.app.clients.rotation_steps import Made, Owner
from tessera.app.context import Context
from tessera.core.clients.applications import ApplicationRecord
from tessera.core.clients.secret_rotation import Ended


class Rotated(msgspec.Struct, frozen=True):
    """A new secret, shown this once, and the older ones with their ends."""

    client_id: str
    client_secret: str
    secret_name: str
    former: list[Ended]


async def rotate(context: Context, application: ApplicationRecord, overlap_seconds: int, name: str | None) -> Rotated:
    """Add a secret, and end the live ones before it when the overlap is over: in one commit. Raises OperatorError."""
    client_id = application.client_id
    chosen = await free_credential_name(context, client_id, "secret") if name is None else name

    def make(name: str) -> Made:
        added, issued = new_secret(context, client_id, name, None, None)
        return added, issued.client_secret or ""

    done = await rotation_steps.rotate(context, await _owner(context, application), overlap_seconds, chosen, make)
    return Rotated(client_id, done.secret, done.name, done.former)


async def finish(context: Context, application: ApplicationRecord, *, force: bool) -> list[Ended]:
    """End every live secret but the newest now; these. Raises OperatorError while one of them is in use, unless forced.

    When another process writes a use meanwhile, nothing is done either.
    """
    return await rotation_steps.finish(context, await _owner(context, application), force=force)


async def _owner(context: Context, application: ApplicationRecord) -> Owner:
    return Owner(
        id=application.client_id,
        name=application.name,
        secrets=await context.store.secrets(application.client_id),
        token_lifetime_seconds=application.token_lifetime_seconds,
    )
