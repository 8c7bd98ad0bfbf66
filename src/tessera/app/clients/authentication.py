"""Authenticating a client: the same work and the same answer, whatever is wrong."""

from contextlib import suppress
from typing import NamedTuple

import msgspec

from tessera.app.clients import brute_force, limits, mutual_tls, private_key_jwt, slow_secrets
from tessera.app.clients.slow_secrets import Reading
from tessera.app.context import Context
from tessera.core.clients import applications, credentials
from tessera.core.clients.applications import NOBODY, Application
from tessera.core.clients.credentials import (
    UNKNOWN_CLIENT,
    Assertion,
    Authenticated,
    Certificate,
    Credentials,
    Presented,
)
from tessera.core.errors import InvalidClient, Refusal, TooManyRequests, Unavailable
from tessera.core.oauth import client_policy
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quotas
from tessera.core.wire import Params
from tessera.ports import StoreError


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One reading of what was presented: whose it would be, and the number of the credential that it matches.

    `was_read` says that the application was not in memory, `fault` why a signature proves nothing. `digest` is
    the keyed digest of a secret.
    """

    presented: Credentials
    application: Application
    was_read: bool
    credential: int | None
    fault: str = ""
    digest: bytes = b""


class Outcome(NamedTuple):
    """Outcome of a comparison: all attempts, and the one that log and answer name, which matched if any did.

    `limit` is the refusal when there were too many failures to make a slow check, `begun` the moment from which a
    failure is held back; 0 for none.
    """

    attempts: list[Attempt]
    named: Attempt
    limit: Refusal | None = None
    begun: float = 0.0


async def authenticate(context: Context, params: Params, request_credentials: RequestCredentials) -> Authenticated:
    """The application whose credentials an OAuth request presents.

    Raises InvalidRequest and InvalidClient for credentials that cannot be read or are none, and InvalidRequest for a
    JSON body where the application denies it. Raises InvalidClient, with
    one text, for an unknown client, a wrong or ended credential, a disabled client, credentials in a URL or a way of
    authentication which the application denies, or a network from which it may not come; TooManyRequests for more
    requests than its limits allow, and for floods of wrong credentials. These name the client, if there is one.

    Nothing is used up yet: whoever acts for the client does that last, by `tokens.consume`.
    """
    presented = credentials.present(params, request_credentials)
    now = context.clock.now()
    if isinstance(presented, Presented):
        found = await _attempt(context, presented, now)
        if found.credential is None or presented.raw is not None:
            outcome = await _compared(context, presented, found, request_credentials, now)
            found = outcome.named
        else:
            outcome = None
    else:
        found, outcome = await _signed(context, presented, request_credentials, now), None
    application = found.application
    quotas: Quotas = ()
    try:
        if found.credential is None:
            raise await _failure(context, outcome or Outcome([found], found), "", request_credentials, now)
        if application.options.limits:
            outside = limits.outside(context, application, request_credentials, now)
            if outside:
                raise await _failure(context, outcome or Outcome([found], found), outside, request_credentials, now)
            quotas = limits.take_request(context, application, now)
        if applications.holds_slow_secret(application):
            brute_force.authenticated(context, application.client_id, request_credentials, now)
        client_policy.check(application, presented.method, presented.place, is_json=params.is_json)
    except (Refusal, StoreError) as problem:
        problem.client = application.client_id  # empty for NOBODY
        problem.quotas = problem.quotas or quotas
        raise
    assertion = presented if isinstance(presented, Assertion) else None
    return Authenticated(application, found.credential, presented.place, assertion, quotas)


async def _attempt(context: Context, presented: Presented, now: int) -> Attempt:
    """Compare one reading with the keyed digests of the client's secrets."""
    application = context.directory.applications.known.get(presented.client_id)
    was_read = application is None
    if application is None:
        application = await _read(context, presented.client_id)
    digest = applications.secret_digest(context.directory.pepper, presented.client_secret)
    credential = applications.matching_secret(_checked(application), digest, now)
    return Attempt(presented, application, was_read, credential, digest=digest)


async def _compared(
    context: Context, presented: Presented, first: Attempt, request_credentials: RequestCredentials, now: int
) -> Outcome:
    """Compare a secret with those of the client that it is for, when its first reading alone does not decide.

    All readings are compared with the keyed digests, whatever the first one comes to, and then slowly if none matches.
    """
    attempts = [first, *[await _attempt(context, reading, now) for reading in presented.readings[1:]]]
    matched = next((each for each in attempts if each.credential is not None), None)
    if matched is not None:
        return Outcome(attempts, matched)
    named = next((each for each in attempts if each.application is not NOBODY), first)
    readings = [
        Reading(reading, _checked(each.application), each.digest)
        for reading, each in zip(presented.readings, attempts, strict=True)
        if not applications.generated_form(reading.client_id)
    ]
    if not readings:
        return Outcome(attempts, named)
    begun = slow_secrets.moment()
    try:
        found = await slow_secrets.match(context, readings, request_credentials, now)
    except (TooManyRequests, Unavailable) as limit:
        return Outcome(attempts, named, limit, begun)
    if found is not None:
        reading, credential = found
        named = Attempt(reading.presented, reading.application, True, credential)
    return Outcome(attempts, named, None, begun)


async def _signed(
    context: Context, presented: Assertion | Certificate, request_credentials: RequestCredentials, now: int
) -> Attempt:
    """Find the live credential that proves its holder by a signature."""
    application = context.directory.applications.known.get(presented.client_id)
    was_read = application is None
    if application is None:
        application = await _read(context, presented.client_id)
    checked = _checked(application)
    if isinstance(presented, Assertion):
        credential, fault = await private_key_jwt.match(context, checked, presented, request_credentials, now)
    else:
        credential, fault = mutual_tls.match(context, checked, presented, now)
    return Attempt(presented, application, was_read, credential, fault)


async def _read(context: Context, client_id: str) -> Application:
    """The application of a client id that is not in memory; NOBODY when there is none."""
    return await context.directory.applications.with_client_id(client_id) or NOBODY


def _checked(application: Application) -> Application:
    """The application whose credentials are compared: those of a disabled one tell nothing, so nobody's are."""
    return application if application.enabled else NOBODY


async def _failure(
    context: Context, outcome: Outcome, outside: str, request_credentials: RequestCredentials, now: int
) -> Refusal:
    """Count a failure, and let it take as long as any other. `outside` says from which network it may not come.

    Each reading costs one read, as an unknown client id does; each client id and application is counted once.
    """
    limit = outcome.limit
    for each in outcome.attempts:
        if not each.was_read:
            await _dummy_read(context)
    if limit is None:
        ids = dict.fromkeys(each.presented.client_id for each in outcome.attempts)
        refusals = [brute_force.failure(context, client_id, request_credentials, now) for client_id in ids]
        limit = next((refusal for refusal in refusals if refusal is not None), None)
    for number in {each.application.number for each in outcome.attempts}:
        context.state.usage.refuse(number)
    if outcome.begun or (outside and _imported(outcome.named.presented)):
        await slow_secrets.hold(context, outcome.begun or slow_secrets.moment())
    return limit or _refused(outcome.named.application, outside, outcome.named.fault)


def _imported(presented: Credentials) -> bool:
    """Whether it is a secret for a client id of another system."""
    return isinstance(presented, Presented) and not applications.generated_form(presented.client_id)


async def _dummy_read(context: Context) -> None:
    """One read, as an id that is not in memory costs: so time does not tell which ids are known."""
    with suppress(StoreError):
        await context.store.application(NOBODY.client_id)


def _refused(application: Application, outside: str, fault: str) -> InvalidClient:
    """One text for all; which it was is for the operator alone."""
    if outside:
        return InvalidClient(UNKNOWN_CLIENT, detail=outside, check="limits.networks")
    if application is NOBODY:
        return InvalidClient(UNKNOWN_CLIENT, detail="unknown client", check="client.unknown")
    if not application.enabled:
        return InvalidClient(
            UNKNOWN_CLIENT, detail="the client or its organization is disabled", check="client.disabled"
        )
    if fault:
        return InvalidClient(UNKNOWN_CLIENT, detail=fault, check="client.proof")
    return InvalidClient(UNKNOWN_CLIENT, detail="wrong or ended secret", check="client.secret")
