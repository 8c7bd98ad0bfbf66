"""Authenticating a client: the same work and the same answer, whatever is wrong."""

from contextlib import suppress

from tessera.app import client_certificates, client_keys, floods, rails
from tessera.app.house import House
from tessera.core import applications, grants
from tessera.core.applications import NOBODY, Application
from tessera.core.credentials import UNKNOWN_CLIENT, Assertion, Certificate, Credentials, Presented
from tessera.core.errors import InvalidClient
from tessera.core.evidence import Evidence
from tessera.core.grants import Authenticated
from tessera.ports import StoreError

VERIFIED_MAX = 10_000
"""Slow secrets remembered as verified; beyond it all are checked again."""


async def authenticate(house: House, presented: Credentials, evidence: Evidence, now: int) -> Authenticated:
    """The application that presented these credentials.

    Raises InvalidClient, with one text, for an unknown client, a wrong or ended credential, a disabled client,
    credentials in a URL or a way of authentication which the application denies, or a network from which it may not
    come; TooManyRequests for more requests than its guard rails allow, and for floods of wrong credentials.
    """
    application = house.directory.applications.known.get(presented.client_id)
    was_read = application is None
    if application is None:
        application = await house.directory.applications.with_client_id(presented.client_id) or NOBODY
    if evidence.seen is not None:
        evidence.seen.client_id = application.client_id  # empty for NOBODY
    checked = application if application.enabled else NOBODY  # the secrets of a disabled client tell nothing either
    if isinstance(presented, Presented):
        digest = applications.secret_digest(house.directory.pepper, presented.client_secret)
        secret, fault = applications.matching_secret(checked, digest, now), ""
        if secret is None:
            secret = await _slow_match(house, checked, presented, digest, evidence, now)
    else:
        secret, fault = await _match(house, checked, presented, now)
    outside = ""
    if application.options.rails and secret is not None:
        outside = rails.outside(house, application, evidence, now)
    if secret is None or not application.enabled or outside:
        if not was_read:
            await _read_for_nothing(house)
        house.usage.refuse(application.number)
        floods.failed(house, presented.client_id, evidence, now)
        raise _refused(application, outside, fault)
    if application.options.rails:
        rails.pace(house, application, evidence, now)
    grants.check_place(presented, application)
    grants.check_method(presented, application)
    if isinstance(presented, Assertion):
        await client_keys.spend(house, presented)
    return Authenticated(application, secret, presented.place)


async def _match(
    house: House, application: Application, presented: Assertion | Certificate, now: int
) -> tuple[int | None, str]:
    """The number of the live credential that proves its holder by a signature, or None and why not."""
    if isinstance(presented, Assertion):
        return await client_keys.match(house, application, presented, now)
    return client_certificates.match(house, application, presented, now)


async def _slow_match(
    house: House, application: Application, presented: Presented, digest: bytes, evidence: Evidence, now: int
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
    floods.check(house, presented.client_id, evidence, now)
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
    """One read, as an id that is not in memory costs: so time does not tell which ids are known."""
    with suppress(StoreError):
        await house.store.application(NOBODY.client_id)


def _refused(application: Application, outside: str, fault: str) -> InvalidClient:
    """One text for all; which it was is for the operator alone."""
    if outside:
        return InvalidClient(UNKNOWN_CLIENT, detail=outside, check="rails.networks")
    if application is NOBODY:
        return InvalidClient(UNKNOWN_CLIENT, detail="unknown client", check="client.unknown")
    if not application.enabled:
        return InvalidClient(UNKNOWN_CLIENT, detail="the client is disabled", check="client.disabled")
    if fault:
        return InvalidClient(UNKNOWN_CLIENT, detail=fault, check="client.proof")
    return InvalidClient(UNKNOWN_CLIENT, detail="wrong or ended secret", check="client.secret")
