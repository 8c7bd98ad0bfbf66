"""Authenticating a client: the same work and the same answer, whatever is wrong."""

from contextlib import suppress
from typing import NamedTuple

from tessera.app import client_certificates, client_keys, floods, rails, slow_secrets
from tessera.app.house import House
from tessera.core import applications, credentials, grants
from tessera.core.applications import NOBODY, Application
from tessera.core.credentials import UNKNOWN_CLIENT, Assertion, Certificate, Credentials, Presented
from tessera.core.errors import InvalidClient, Refusal, TooManyRequests, Unavailable
from tessera.core.evidence import Evidence
from tessera.core.grants import Authenticated
from tessera.core.wire import Params
from tessera.ports import StoreError


class Attempt(NamedTuple):
    """Whose the presented credentials would be, and the number of the credential that they match, or None and why not.

    `was_read` says that the application was not in memory; `limit` is the refusal when it was not looked at, or not any
    more; `begun` is the moment from which a failure is held back, 0 for none.
    """

    application: Application
    was_read: bool
    credential: int | None
    fault: str = ""
    limit: Refusal | None = None
    begun: float = 0.0


async def authenticate(house: House, params: Params, evidence: Evidence) -> Authenticated:
    """The application whose credentials an OAuth request presents.

    Raises InvalidRequest and InvalidClient for credentials that cannot be read or are none. Raises InvalidClient, with
    one text, for an unknown client, a wrong or ended credential, a disabled client, credentials in a URL or a way of
    authentication which the application denies, or a network from which it may not come; TooManyRequests for more
    requests than its guard rails allow, and for floods of wrong credentials. These name the client, if there is one.
    """
    presented = credentials.present(params, evidence)
    now = house.clock.now()
    attempt = await _attempt(house, presented, evidence, now)
    try:
        return await _admit(house, presented, attempt, evidence, now)
    except (Refusal, StoreError) as problem:
        problem.client = attempt.application.client_id  # empty for NOBODY
        raise


async def _admit(house: House, presented: Credentials, attempt: Attempt, evidence: Evidence, now: int) -> Authenticated:
    application, credential = attempt.application, attempt.credential
    if credential is None or not application.enabled:
        raise await _refusal(house, presented, attempt, "", evidence, now)
    if application.options.rails:
        outside = rails.outside(house, application, evidence, now)
        if outside:
            raise await _refusal(house, presented, attempt, outside, evidence, now)
        rails.pace(house, application, evidence, now)
    if applications.holds_slow_secret(application):
        floods.authenticated(house, application.client_id, evidence, now)
    grants.check_place(presented, application)
    grants.check_method(presented, application)
    if isinstance(presented, Assertion):
        await client_keys.spend(house, presented)
    return Authenticated(application, credential, presented.place)


async def _attempt(house: House, presented: Credentials, evidence: Evidence, now: int) -> Attempt:
    """Compare what was presented with the credentials of the client that it names."""
    application = house.directory.applications.known.get(presented.client_id)
    was_read = application is None
    if application is None:
        application = await house.directory.applications.with_client_id(presented.client_id) or NOBODY
    checked = application if application.enabled else NOBODY  # the secrets of a disabled client tell nothing either
    if not isinstance(presented, Presented):
        return Attempt(application, was_read, *await _match(house, checked, presented, now))
    digest = applications.secret_digest(house.directory.pepper, presented.client_secret)
    credential = applications.matching_secret(checked, digest, now)
    if credential is not None or applications.generated_form(presented.client_id):
        return Attempt(application, was_read, credential)
    begun = slow_secrets.moment()
    try:
        credential = await slow_secrets.match(house, checked, presented, digest, evidence, now)
    except (TooManyRequests, Unavailable) as limit:
        return Attempt(application, was_read, None, "", limit, begun)
    return Attempt(application, was_read, credential, "", None, begun)


async def _match(
    house: House, application: Application, presented: Assertion | Certificate, now: int
) -> tuple[int | None, str]:
    """The number of the live credential that proves its holder by a signature, or None and why not."""
    if isinstance(presented, Assertion):
        return await client_keys.match(house, application, presented, now)
    return client_certificates.match(house, application, presented, now)


async def _refusal(
    house: House, presented: Credentials, attempt: Attempt, outside: str, evidence: Evidence, now: int
) -> Refusal:
    """Count a failure, and let it take as long as any other. `outside` says from which network it may not come."""
    if not attempt.was_read:
        await _read_for_nothing(house)
    house.usage.refuse(attempt.application.number)
    limit = attempt.limit or floods.failure(house, presented.client_id, evidence, now)
    if isinstance(presented, Presented) and not applications.generated_form(presented.client_id):
        await slow_secrets.hold(attempt.begun or slow_secrets.moment())
    return limit or _refused(attempt.application, outside, attempt.fault)


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
