"""Authenticating a client: the same work and the same answer, whatever is wrong."""

from contextlib import suppress
from typing import NamedTuple

from tessera.app import client_certificates, client_keys, floods, rails, slow_secrets
from tessera.app.house import House
from tessera.app.slow_secrets import Reading
from tessera.core import applications, credentials, grants
from tessera.core.applications import NOBODY, Application
from tessera.core.credentials import UNKNOWN_CLIENT, Assertion, Certificate, Credentials, Presented
from tessera.core.errors import InvalidClient, Refusal, TooManyRequests, Unavailable
from tessera.core.evidence import Evidence
from tessera.core.grants import Authenticated
from tessera.core.wire import Params
from tessera.ports import StoreError


class Asking(NamedTuple):
    """A request in which a client authenticates, and when."""

    house: House
    evidence: Evidence
    now: int


class Attempt(NamedTuple):
    """One reading of what was presented: whose it would be, and the number of the credential that it matches.

    `was_read` says that the application was not in memory; `fault` why a signature proves nothing.
    """

    presented: Credentials
    application: Application
    was_read: bool
    credential: int | None
    fault: str = ""


class Outcome(NamedTuple):
    """What came of comparing: the attempts, and the one that matched, if any.

    `limit` is the refusal when there were too many failures to make a slow check, `begun` the moment from which a
    failure is held back; 0 for none.
    """

    attempts: list[Attempt]
    found: Attempt | None
    limit: Refusal | None = None
    begun: float = 0.0

    @property
    def named(self) -> Attempt:
        """The attempt by which log and answer go: the one that matched, or the first that names somebody."""
        return self.found or next((each for each in self.attempts if each.application is not NOBODY), self.attempts[0])


async def authenticate(house: House, params: Params, evidence: Evidence) -> Authenticated:
    """The application whose credentials an OAuth request presents.

    Raises InvalidRequest and InvalidClient for credentials that cannot be read or are none. Raises InvalidClient, with
    one text, for an unknown client, a wrong or ended credential, a disabled client, credentials in a URL or a way of
    authentication which the application denies, or a network from which it may not come; TooManyRequests for more
    requests than its guard rails allow, and for floods of wrong credentials. These name the client, if there is one.

    Nothing is used up yet: whoever acts for the client does that last, by `tokens.consume`.
    """
    presented = credentials.present(params, evidence)
    asking = Asking(house, evidence, house.clock.now())
    if isinstance(presented, Presented):
        outcome = await _compared(asking, presented)
    else:
        attempt = await _signed(asking, presented)
        outcome = Outcome([attempt], None if attempt.credential is None else attempt)
    application = outcome.named.application
    try:
        if outcome.found is None:
            raise await _failure(asking, outcome)
        if application.options.rails:
            outside = rails.outside(house, application, evidence, asking.now)
            if outside:
                raise await _failure(asking, outcome, outside)
            rails.pace(house, application, evidence, asking.now)
        return _admitted(asking, outcome.found)
    except (Refusal, StoreError) as problem:
        problem.client = application.client_id  # empty for NOBODY
        raise


async def _compared(asking: Asking, presented: Presented) -> Outcome:
    """Compare a secret with those of the client that it is for, in each reading of the request.

    All readings are compared with the keyed digests, whatever the first one comes to, and then slowly if none matches.
    """
    attempts = [await _attempt(asking, reading) for reading in presented.readings]
    found = next((each for each in attempts if each.credential is not None), None)
    imported = [each for each in presented.readings if not applications.generated_form(each.client_id)]
    if found is not None or not imported:
        return Outcome(attempts, found)
    begun = slow_secrets.moment()
    readings = [
        Reading(reading, _checked(each.application))
        for reading, each in zip(presented.readings, attempts, strict=True)
        if reading in imported
    ]
    try:
        matched = await slow_secrets.match(asking.house, readings, asking.evidence, asking.now)
    except (TooManyRequests, Unavailable) as limit:
        return Outcome(attempts, None, limit, begun)
    if matched is not None:
        reading, credential = matched
        found = Attempt(reading.presented, reading.application, True, credential)
    return Outcome(attempts, found, None, begun)


async def _attempt(asking: Asking, presented: Presented) -> Attempt:
    """Compare one reading with the keyed digests of the client's secrets."""
    application, was_read = await _known(asking.house, presented.client_id)
    digest = applications.secret_digest(asking.house.directory.pepper, presented.client_secret)
    credential = applications.matching_secret(_checked(application), digest, asking.now)
    return Attempt(presented, application, was_read, credential)


async def _signed(asking: Asking, presented: Assertion | Certificate) -> Attempt:
    """Find the live credential that proves its holder by a signature."""
    application, was_read = await _known(asking.house, presented.client_id)
    checked = _checked(application)
    if isinstance(presented, Assertion):
        credential, fault = await client_keys.match(asking.house, checked, presented, asking.evidence, asking.now)
    else:
        credential, fault = client_certificates.match(asking.house, checked, presented, asking.now)
    return Attempt(presented, application, was_read, credential, fault)


async def _known(house: House, client_id: str) -> tuple[Application, bool]:
    """The application of a client id, NOBODY when there is none; and whether it was read for that."""
    application = house.directory.applications.known.get(client_id)
    if application is not None:
        return application, False
    return await house.directory.applications.with_client_id(client_id) or NOBODY, True


def _checked(application: Application) -> Application:
    """The application whose credentials are compared: those of a disabled one tell nothing, so nobody's are."""
    return application if application.enabled else NOBODY


def _admitted(asking: Asking, found: Attempt) -> Authenticated:
    """The application that has proved itself, when it may in this way."""
    house, application, presented = asking.house, found.application, found.presented
    if applications.holds_slow_secret(application):
        floods.authenticated(house, application.client_id, asking.evidence, asking.now)
    grants.check_place(presented, application)
    grants.check_method(presented, application)
    assertion = presented if isinstance(presented, Assertion) else None
    return Authenticated(application, found.credential or 0, presented.place, assertion)


async def _failure(asking: Asking, outcome: Outcome, outside: str = "") -> Refusal:
    """Count a failure, and let it take as long as any other. `outside` says from which network it may not come.

    Each reading costs one read, as an unknown client id does; each client id and application is counted once.
    """
    house, limit = asking.house, outcome.limit
    for each in outcome.attempts:
        if not each.was_read:
            await _read_for_nothing(house)
    if limit is None:
        ids = dict.fromkeys(each.presented.client_id for each in outcome.attempts)
        refusals = [floods.failure(house, client_id, asking.evidence, asking.now) for client_id in ids]
        limit = next((refusal for refusal in refusals if refusal is not None), None)
    for number in {each.application.number for each in outcome.attempts}:
        house.usage.refuse(number)
    if outcome.begun or (outside and _imported(outcome.named.presented)):
        await slow_secrets.hold(outcome.begun or slow_secrets.moment())
    return limit or _refused(outcome.named.application, outside, outcome.named.fault)


def _imported(presented: Credentials) -> bool:
    """Whether it is a secret for a client id of another system."""
    return isinstance(presented, Presented) and not applications.generated_form(presented.client_id)


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
