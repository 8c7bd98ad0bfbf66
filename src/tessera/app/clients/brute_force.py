"""Brute-force protection: wrong secrets are slowed for the client id and the address that they come with.

The right secret is let through, also in the middle of a flood. Ids that nobody has are treated like those that somebody
has. An IPv6 address counts as its /64, because a subscriber has at least that.

Slow checks have limits of their own, for each client id from each address and for each address. They are wider than
those beyond which a wrong secret is answered 429, and only checks that failed count against them. So the answers to
wrong secrets do not show whether a slow check was made (decision 24).
"""

import hashlib
from typing import NamedTuple

from tessera.app.context import Context
from tessera.core import networks
from tessera.core.errors import TooManyRequests
from tessera.core.presented import RequestCredentials
from tessera.core.times import DAY, SECOND
from tessera.ops.log import log

INTERVAL_SECONDS = 6
"""Of those beyond `failed_attempts_max`, one is answered in this time as any other failure is."""

SLOW_CHECKS_FACTOR = 3
"""Failed slow checks for a client from an address that may come at once, as a multiple of `failed_attempts_max`."""

ADDRESS_FACTOR = 10
"""Failures for imported client ids from an address that may come at once, as a multiple of `failed_attempts_max`."""

ADDRESS_INTERVAL = SECOND // 4
"""Between two of an address beyond these: checking them takes a tenth of a processor core at most."""

RECENTLY = 30 * DAY
"""Time for which an address is known to have authenticated a client. A token lives for two weeks by default."""


class Limit(NamedTuple):
    """Failures that are counted together, by a key: how many may come at once, and how far apart beyond that."""

    key: bytes
    at_once: int
    interval: int


def failure(
    context: Context, client_id: str, request_credentials: RequestCredentials, now: int
) -> TooManyRequests | None:
    """Count a wrong secret; the refusal when there were too many."""
    return _count(context, _pair(context, b"tessera floods", client_id, request_credentials), request_credentials, now)


def unmatched(context: Context, request_credentials: RequestCredentials, now: int) -> TooManyRequests | None:
    """Count a secret for an imported client id that no keyed digest matches; the refusal when there were too many.

    It counts whether a slow check follows or not.
    """
    return _count(context, _address(context, b"tessera address", request_credentials), request_credentials, now)


def before_slow_check(context: Context, client_id: str, request_credentials: RequestCredentials, now: int) -> None:
    """Raises TooManyRequests when too many slow checks have failed for this client from this address.

    Those for all clients from this address count too, unless it has authenticated this one recently.
    """
    limits = [_pair(context, b"tessera slow", client_id, request_credentials, SLOW_CHECKS_FACTOR)]
    if not context.counts.has_succeeded(_key(context, b"tessera known", client_id, request_credentials), RECENTLY, now):
        limits.append(_address(context, b"tessera slow all", request_credentials))
    wait = max(context.counts.failing(*limit, now) for limit in limits)
    if wait:
        raise _refusal(context, request_credentials, wait, now)


def slow_check_failed(context: Context, client_id: str, request_credentials: RequestCredentials, now: int) -> None:
    """Count a slow check that found the secret wrong."""
    _count(
        context,
        _pair(context, b"tessera slow", client_id, request_credentials, SLOW_CHECKS_FACTOR),
        request_credentials,
        now,
    )
    _count(context, _address(context, b"tessera slow all", request_credentials), request_credentials, now)


def authenticated(context: Context, client_id: str, request_credentials: RequestCredentials, now: int) -> None:
    """Remember that this address has authenticated this client."""
    context.counts.succeeded(_key(context, b"tessera known", client_id, request_credentials), now)


def _pair(
    context: Context, person: bytes, client_id: str, request_credentials: RequestCredentials, factor: int = 1
) -> Limit:
    at_once = factor * context.settings.failed_attempts_max
    return Limit(_key(context, person, client_id, request_credentials), at_once, INTERVAL_SECONDS * SECOND)


def _address(context: Context, person: bytes, request_credentials: RequestCredentials) -> Limit:
    at_once = ADDRESS_FACTOR * context.settings.failed_attempts_max
    return Limit(_key(context, person, "", request_credentials), at_once, ADDRESS_INTERVAL)


def _key(context: Context, person: bytes, client_id: str, request_credentials: RequestCredentials) -> bytes:
    """Key of a count: unpredictable, so that nobody can aim at another's."""
    text = f"{client_id}\n{networks.neighbourhood(request_credentials.source)}".encode()
    return hashlib.blake2b(text, digest_size=16, key=context.directory.pepper, person=person).digest()


def _count(context: Context, limit: Limit, request_credentials: RequestCredentials, now: int) -> TooManyRequests | None:
    wait = context.counts.failure(*limit, now)
    return _refusal(context, request_credentials, wait, now) if wait else None


def _refusal(context: Context, request_credentials: RequestCredentials, wait: int, now: int) -> TooManyRequests:
    count = context.state.failure_reports.due(None, now)
    if count:
        log.warning("failed_attempts_limited", source=request_credentials.source, count=count)
    return TooManyRequests(
        "Too many wrong secrets came from this address. Wait, then send the right one.",
        seconds=-(-wait // SECOND),
        detail="too many wrong secrets for this client id, or for all that were imported, from this address",
        check="client.flood",
    )
