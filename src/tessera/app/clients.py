"""Authenticating a client: the same work and the same answer, whatever is wrong."""

from contextlib import suppress

from tessera.app.house import House
from tessera.core import applications, grants
from tessera.core.applications import NOBODY, Application
from tessera.core.credentials import UNKNOWN_CLIENT, Presented
from tessera.core.errors import InvalidClient
from tessera.core.evidence import Evidence
from tessera.core.grants import Authenticated
from tessera.ports import StoreError

VERIFIED_MAX = 10_000
"""Slow secrets remembered as verified; beyond it all are checked again."""


async def authenticate(house: House, presented: Presented, _evidence: Evidence, now: int) -> Authenticated:
    """The application that presented these credentials.

    Raises InvalidClient, with one text, for an unknown client, a wrong or ended secret, a disabled client, and
    credentials in a URL where the application denies them.
    """
    directory = house.directory
    application = directory.applications.known.get(presented.client_id)
    was_read = False
    if application is None:
        was_read = not directory.applications.remembers(presented.client_id)
        application = await directory.applications.with_client_id(presented.client_id) or NOBODY
    checked = application if application.enabled else NOBODY  # the secrets of a disabled client tell nothing either
    digest = applications.secret_digest(directory.pepper, presented.client_secret)
    secret = applications.matching_secret(checked, digest, now)
    if secret is None:
        secret = await _slow_match(house, checked, presented, digest, now)
    if secret is None or not application.enabled:
        if not was_read:
            await _read_for_nothing(house)
        raise _refused(application)
    grants.check_place(presented, application)
    return Authenticated(application, secret, presented.place)


async def _slow_match(
    house: House, application: Application, presented: Presented, digest: bytes, now: int
) -> int | None:
    """The number of the matching one of the secrets that people made up.

    These belong to client ids of other systems only. For any id of such a form a failure costs one slow check,
    whether the client exists or not; an id of our own form never does.
    """
    if applications.generated_form(presented.client_id):
        return None
    candidates = applications.slow_secrets(application, now)
    for secret in candidates:
        if (secret.number, digest) in house.verified:
            return secret.number
    for secret in candidates:
        if await house.slow_hash.matches(secret.digest, presented.client_secret):
            if len(house.verified) >= VERIFIED_MAX:
                house.verified.clear()
            house.verified[secret.number, digest] = None
            return secret.number
    if not candidates:
        await house.slow_hash.waste()
    return None


async def _read_for_nothing(house: House) -> None:
    """One read, as an id that nobody has asked for before costs: so time does not tell which ids are known."""
    with suppress(StoreError):
        await house.store.application(NOBODY.client_id)


def _refused(application: Application) -> InvalidClient:
    """One text for all; which it was is for the operator alone."""
    if application is NOBODY:
        return InvalidClient(UNKNOWN_CLIENT, detail="unknown client", check="client.unknown")
    if not application.enabled:
        return InvalidClient(UNKNOWN_CLIENT, detail="the client is disabled", check="client.disabled")
    return InvalidClient(UNKNOWN_CLIENT, detail="wrong or ended secret", check="client.secret")
