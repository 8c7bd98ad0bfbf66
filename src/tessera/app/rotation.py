"""What an operator does to move a partner from one secret to the next."""

import msgspec

from tessera.app import application_settings
from tessera.app.application_settings import Wanted
from tessera.app.applications import free_credential_name, new_secret
from tessera.app.house import House
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core import rotation
from tessera.core.applications import ApplicationRecord
from tessera.core.rotation import Ended
from tessera.core.times import SECOND
from tessera.core.warnings import live_secrets


class Rotated(msgspec.Struct, frozen=True):
    """A new secret, shown this once, and the older ones with their ends."""

    client_id: str
    client_secret: str
    secret_name: str
    former: list[Ended]


async def rotate(house: House, application: ApplicationRecord, overlap_seconds: int, name: str | None) -> Rotated:
    """Add a secret, and end the live ones before it when the overlap is over: in one commit. Raises OperatorError."""
    if name is not None:
        check_text("The secret's name", name)
    known = await house.store.secrets(application.client_id)
    now = house.clock.now()
    if not live_secrets(known, now):
        raise OperatorError(
            f"{application.name} has no live secret to rotate. Add one:"
            f' `tessera apps secrets add "{application.name}"`.'
        )
    chosen = name if name is not None else await free_credential_name(house, application.client_id, "secret")
    added, issued = new_secret(house, application.client_id, chosen, None, None)
    changes, former = rotation.rotation(known, added, now + overlap_seconds * SECOND, now)
    await commit(house, *changes)
    return Rotated(issued.client_id, issued.client_secret or "", chosen, former)


async def finish(house: House, application: ApplicationRecord, *, force: bool) -> list[Ended]:
    """End every live secret but the newest now; these. Raises OperatorError while one of them is in use, unless forced.

    When another process writes a use meanwhile, nothing is done either.
    """
    known = await house.store.secrets(application.client_id)
    now = house.clock.now()
    if len(live_secrets(known, now)) < 2:
        raise OperatorError(
            f"{application.name} has no old secret to end. Make the next one:"
            f' `tessera apps rotate "{application.name}"`.'
        )
    if not force:
        reason = rotation.in_the_way(known, application.token_lifetime_seconds, house.settings.usage_flush_seconds, now)
        if reason is not None:
            raise OperatorError(reason)
    changes, ended = rotation.finish(application.client_id, known, now, force=force)
    await commit(house, *changes)
    return ended


async def set_token_reuse(house: House, client_id: str, *, reuse: bool) -> None:
    """Set whether the application is handed a live token again instead of a new one. Raises OperatorError."""
    await application_settings.change(house, client_id, Wanted(token_reuse=reuse))
