"""From one secret to the next: the same two steps for an application and for a digital property."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core.changes import AddCredential, AddPropertySecret
from tessera.core.clients import secret_rotation
from tessera.core.clients.applications import CredentialRecord
from tessera.core.clients.expiry_warnings import live_secrets
from tessera.core.clients.secret_rotation import OF_APPLICATION, OF_PROPERTY, Ended, Writes
from tessera.core.times import SECOND, incentives_time


class Owner(NamedTuple):
    """The application or property whose secrets are rotated.

    `id` is its client id or API key. Somebody may live on a token that was got with an old secret for
    `token_lifetime_seconds`.
    """

    id: str
    name: str
    secrets: Sequence[CredentialRecord]
    writes: Writes = OF_APPLICATION
    token_lifetime_seconds: int = 0

    @property
    def of_property(self) -> bool:
        """Whether these are secrets of a property."""
        return self.writes is OF_PROPERTY


class Next(NamedTuple):
    """A new secret with its name, and the older ones with their ends."""

    secret: str
    name: str
    former: list[Ended]


Made = tuple[AddCredential | AddPropertySecret, str]
"""The change that adds a secret, and the secret to show."""


async def rotate(context: Context, owner: Owner, overlap_seconds: int, name: str, make: Callable[[str], Made]) -> Next:
    """Add a secret, and end the live ones before it when the overlap is over: in one commit. Raises OperatorError."""
    check_text("The secret's name", name)
    now = context.clock.now()
    if not live_secrets(owner.secrets, now):
        raise OperatorError(
            "property_without_live_secret" if owner.of_property else "application_without_live_secret",
            name=owner.name,
            id=owner.id,
        )
    added, secret = make(name)
    changes, former = secret_rotation.rotation(owner.secrets, added, now + overlap_seconds * SECOND, now)
    await commit(context, *changes)
    return Next(secret, name, former)


async def finish(context: Context, owner: Owner, *, force: bool) -> list[Ended]:
    """End every live secret but the newest now; these. Raises OperatorError while one of them is in use, unless forced.

    When another process writes a use meanwhile, nothing is done either.
    """
    now = context.clock.now()
    if len(live_secrets(owner.secrets, now)) < 2:
        raise OperatorError(
            "property_without_old_secret" if owner.of_property else "application_without_old_secret",
            name=owner.name,
            id=owner.id,
        )
    if not force:
        _check_unused(owner, context.settings.usage_flush_interval_seconds, now)
    changes, ended = secret_rotation.finish(owner.id, owner.secrets, now, force=force, writes=owner.writes)
    await commit(context, *changes)
    return ended


def _check_unused(owner: Owner, flushed_seconds: float, now: int) -> None:
    """Raises OperatorError while an old secret is in use, as far as uses were written, or the new one is untried."""
    found = secret_rotation.in_the_way(owner.secrets, owner.token_lifetime_seconds, now)
    if found is None:
        return
    at, source = incentives_time(found.last_used_at), found.last_used_from or "an unknown address"
    if found.in_use:
        raise OperatorError(
            "property_secret_in_use" if owner.of_property else "secret_in_use",
            name=found.name,
            at=at,
            source=source,
            seconds=flushed_seconds,
        )
    raise OperatorError("new_secret_untried", name=found.name, at=at, source=source, newest=found.newest)
