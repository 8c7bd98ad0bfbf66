"""Imported secrets: compared by the slow hash until the right one is presented, and by the keyed digest from then on.

They belong to client ids of other systems only, never to one of the form that we make. The first success moves a secret
to the keyed digest: in this process at once, in the database with the next flush. Until then a wrong secret costs one
slow check, and for ids that nobody has none at all. So that the time does not tell one from the other, failures for
such ids are all answered after the same while (decision 24).
"""

import asyncio

from tessera.app import floods
from tessera.app.house import House
from tessera.core import applications, networks
from tessera.core.applications import Application, Credential
from tessera.core.changes import RekeyCredential
from tessera.core.credentials import Presented
from tessera.core.errors import Refusal
from tessera.core.evidence import Evidence
from tessera.ports import Conflict, StoreError

VERIFIED_MAX = 10_000
"""Secrets remembered as verified; beyond it all are checked again."""

HOLD_SECONDS = 0.1
"""After this time a failure for an imported client id is answered: about four slow checks."""

REKEYED_AT_ONCE = 50
"""Secrets moved to the keyed digest in one flush; others wait for the next."""


def moment() -> float:
    """The moment from which `hold` counts."""
    return asyncio.get_running_loop().time()


async def hold(begun: float) -> None:
    """Wait until a failure that began at this moment may be answered."""
    await asyncio.sleep(begun + HOLD_SECONDS - moment())


async def match(
    house: House, application: Application, presented: Presented, digest: bytes, evidence: Evidence, now: int
) -> int | None:
    """The number of the live imported secret that was presented, which no keyed digest matches; None for a wrong one.

    Raises TooManyRequests after too many failures, and Unavailable when too many slow checks wait.
    """
    candidates = applications.slow_secrets(application, now)
    for secret in candidates:
        if (secret.number, digest) in house.verified:
            return secret.number
    crowded: Refusal | None = floods.unmatched(house, evidence, now)
    if candidates:
        try:
            floods.before_slow_check(house, presented.client_id, evidence, now)
            found = await _checked(house, candidates, presented.client_secret, evidence)
        except Refusal as refusal:
            raise crowded or refusal from None
        if found is not None:
            _remember(house, application, found, digest)
            return found.number
        floods.slow_check_failed(house, presented.client_id, evidence, now)
    if crowded is not None:
        raise crowded
    return None


async def _checked(house: House, candidates: list[Credential], secret: str, evidence: Evidence) -> Credential | None:
    source = networks.neighbourhood(evidence.source)
    for candidate in candidates:
        if await house.slow_hash.matches(candidate.digest, secret, source):
            return candidate
    return None


def _remember(house: House, application: Application, secret: Credential, digest: bytes) -> None:
    """Take the secret by its keyed digest from now on, and have it held so."""
    if len(house.verified) >= VERIFIED_MAX:
        house.verified.clear()
    house.verified[secret.number, digest] = None
    if len(house.rekeyed) < VERIFIED_MAX:
        house.rekeyed[secret.number] = RekeyCredential(application.client_id, secret.number, digest, secret.digest)


async def write_rekeyed(house: House, limit: int = REKEYED_AT_ONCE) -> None:
    """Move verified secrets to the keyed digest in the database. Raises StoreError; what was not written stays."""
    for number in list(house.rekeyed)[:limit]:
        change = house.rekeyed.pop(number)
        try:
            await house.commit(change)
        except Conflict:
            continue  # another process was first, or the secret is gone
        except StoreError:
            house.rekeyed.setdefault(number, change)
            raise
