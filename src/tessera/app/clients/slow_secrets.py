"""Imported secrets: compared by the slow hash until the right one is presented, and by the keyed digest from then on.

They belong to client ids of other systems only, never to one of the form that we make. The first success moves a secret
to the keyed digest: in this process at once, in the database with the next flush. Until then a wrong secret costs one
slow check, and for ids that nobody has none at all. So that the time does not tell one from the other, failures for
such ids are all answered after the same while (decision 24).
"""

import asyncio
from contextlib import suppress
from typing import NamedTuple

from tessera.app.clients import brute_force
from tessera.app.context import Context
from tessera.core import networks
from tessera.core.changes import RekeyCredential
from tessera.core.clients import applications
from tessera.core.clients.applications import Application, Credential
from tessera.core.clients.credentials import Presented
from tessera.core.errors import Refusal
from tessera.core.presented import RequestCredentials
from tessera.ports import Conflict

HOLD_SECONDS = 0.1
"""Time after which a failure for an imported client id is answered: about four slow checks on a machine at leisure."""

HOLD_FACTOR = 2
"""The time grows to so many times the longest recent wait for slow checks, on a machine that is busy."""

HOLD_SECONDS_MAX = 2.0

REKEYED_AT_ONCE = 50
"""Secrets moved to the keyed digest in one flush; others wait for the next."""


def moment() -> float:
    """The moment from which `hold` counts."""
    return asyncio.get_running_loop().time()


async def hold(context: Context, begun: float) -> None:
    """Wait until a failure that began at this moment may be answered."""
    seconds = min(
        max(HOLD_SECONDS, HOLD_FACTOR * context.state.verified_secrets.longest_wait(moment())), HOLD_SECONDS_MAX
    )
    await asyncio.sleep(begun + seconds - moment())


class Reading(NamedTuple):
    """An id and a secret for an imported client, the application whose secrets are compared with it, and its digest."""

    presented: Presented
    application: Application
    digest: bytes


async def match(
    context: Context, readings: list[Reading], request_credentials: RequestCredentials, now: int
) -> tuple[Reading, int] | None:
    """The first reading that has a live imported secret, and its number, when no keyed digest matches any.

    Raises TooManyRequests after too many failures, and Unavailable when too many slow checks wait. A failure counts
    when no reading matched, once for each client id.
    """
    known = _verified(context, readings, now)
    if known is not None:
        return known
    begun = moment()
    refusals: list[Refusal] = []
    crowded = [
        brute_force.unmatched(context, request_credentials, now)
        for _ in {each.presented.client_id for each in readings}
    ]
    failed: dict[str, None] = {}
    for reading in readings:
        candidates = applications.slow_secrets(reading.application, now)
        if not candidates:
            continue
        client_id, secret = reading.presented.client_id, reading.presented.client_secret
        try:
            brute_force.before_slow_check(context, client_id, request_credentials, now)
            found = await _checked(context, candidates, secret, request_credentials)
        except Refusal as refusal:
            refusals.append(refusal)
            continue
        if found is not None:
            _remember(context, reading, found)
            return reading, found.number
        failed[client_id] = None
    for client_id in failed:
        brute_force.slow_check_failed(context, client_id, request_credentials, now)
    if failed:
        context.state.verified_secrets.waited(moment() - begun, moment())
    for limit in (*crowded, *refusals):
        if limit is not None:
            raise limit
    return None


def _verified(context: Context, readings: list[Reading], now: int) -> tuple[Reading, int] | None:
    """The first reading whose secret was verified before, and its number."""
    for reading in readings:
        for secret in applications.slow_secrets(reading.application, now):
            if context.state.verified_secrets.holds(secret.number, reading.digest):
                return reading, secret.number
    return None


async def _checked(
    context: Context, candidates: list[Credential], secret: str, request_credentials: RequestCredentials
) -> Credential | None:
    source = networks.neighbourhood(request_credentials.source)
    for candidate in candidates:
        if await context.slow_hash.matches(candidate.digest, secret, source):
            return candidate
    return None


def _remember(context: Context, reading: Reading, secret: Credential) -> None:
    """Take the secret by its keyed digest from now on, and have it held so."""
    change = RekeyCredential(reading.application.client_id, secret.number, reading.digest, secret.digest)
    context.state.verified_secrets.remember(change)


async def write_rekeyed(context: Context, limit: int = REKEYED_AT_ONCE) -> None:
    """Move verified secrets to the keyed digest in the database. Raises StoreError; what was not written stays."""
    for change in context.state.verified_secrets.waiting(limit):
        with suppress(Conflict):  # another process was first, or the secret is gone
            await context.commit(change)
        context.state.verified_secrets.written(change)
