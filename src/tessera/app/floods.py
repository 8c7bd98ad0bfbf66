"""Floods of wrong secrets: slowed for the client id and the address that they come with, and for nobody else.

The right secret is let through, also in the middle of a flood. Ids that nobody has are treated like those that somebody
has. An IPv6 address counts as its /64, because a subscriber has at least that.
"""

import hashlib

from tessera.app.house import House
from tessera.core import networks
from tessera.core.errors import TooManyRequests
from tessera.core.evidence import Evidence
from tessera.core.times import SECOND
from tessera.ops.log import log

INTERVAL_SECONDS = 6
"""Of those beyond `wrong_secrets_max`, one is answered in this time as any other failure is."""


def failed(house: House, client_id: str, evidence: Evidence, now: int) -> None:
    """Count a wrong secret. Raises TooManyRequests when there were too many."""
    at_once = house.settings.wrong_secrets_max
    wait = house.counts.failure(_key(house, client_id, evidence), at_once, INTERVAL_SECONDS * SECOND, now)
    if wait:
        raise _refusal(house, evidence, wait, now)


def check(house: House, client_id: str, evidence: Evidence, now: int) -> None:
    """Before a slow check of a secret: raises TooManyRequests when there were too many wrong ones already."""
    at_once = house.settings.wrong_secrets_max
    wait = house.counts.failing(_key(house, client_id, evidence), at_once, INTERVAL_SECONDS * SECOND, now)
    if wait:
        raise _refusal(house, evidence, wait, now)


def _key(house: House, client_id: str, evidence: Evidence) -> bytes:
    """Where failures are counted: unpredictable, so that nobody can aim at another's count."""
    text = f"{client_id}\n{networks.neighbourhood(evidence.source)}".encode()
    return hashlib.blake2b(text, digest_size=16, key=house.directory.pepper, person=b"tessera floods").digest()


def _refusal(house: House, evidence: Evidence, wait: int, now: int) -> TooManyRequests:
    count = house.flood_reports.due(None, now)
    if count:
        log.warning("wrong_secrets_slowed", source=evidence.source, count=count)
    return TooManyRequests(
        "Too many wrong secrets came for this client from this address. Wait, then send the right one.",
        seconds=-(-wait // SECOND),
        detail="too many wrong secrets for this client id from this address",
        check="client.flood",
    )
