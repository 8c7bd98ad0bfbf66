"""Guard rails of applications, where requests meet them. Whoever has none never comes here."""

from tessera.app.house import House
from tessera.core import networks, rails
from tessera.core.applications import Application
from tessera.core.errors import TooManyRequests
from tessera.core.evidence import Evidence
from tessera.core.rails import DAY_SECONDS, HOUR_SECONDS, InForce, Quota, Rail
from tessera.core.times import SECOND
from tessera.ops.log import log


def outside(house: House, application: Application, evidence: Evidence, now: int) -> str:
    """Why an application may not come from where this request does, for the operator; empty when it may."""
    found = rails.read(application.options.rails)
    if found.allowed is None or networks.within(found.allowed, evidence.source):
        return ""
    if not found.readable:
        return "the guard rails of this application cannot be read, so nobody is let in"
    if _watched(house, application, found, Rail.NETWORKS, now):
        return ""
    return f"the address {evidence.source or 'unknown'} is in none of the application's networks"


def pace(house: House, application: Application, evidence: Evidence, now: int) -> None:
    """Count one more request of an application. Raises TooManyRequests when it comes too soon after the others."""
    found = rails.read(application.options.rails)
    if not found.per_second:
        return
    left = house.counts.request(application.number, found.per_second, now)
    if Rail.REQUESTS in found.watched:
        if left < 0:
            _watched(house, application, found, Rail.REQUESTS, now)
        return
    if evidence.quotas is not None:
        reset = 1 if left >= 0 else _seconds(-left)
        evidence.quotas.append(Quota(Rail.REQUESTS, found.per_second, 1, max(left, 0), reset))
    if left < 0:
        raise TooManyRequests(
            "This client sends more requests a second than it may. Slow down.",
            seconds=_seconds(-left),
            detail=f"more than {found.per_second} requests a second",
            check="rails.requests",
        )


def take_token(house: House, application: Application, evidence: Evidence, now: int) -> None:
    """Count one more token of an application. Raises TooManyRequests when it has had all that it may have."""
    found = rails.read(application.options.rails)
    if not (found.per_hour or found.per_day):
        return
    counted = house.counts.counted(application.number, now)
    for rail, limit, used, window in (
        (Rail.TOKENS_HOUR, found.per_hour, counted.tokens_hour, HOUR_SECONDS),
        (Rail.TOKENS_DAY, found.per_day, counted.tokens_day, DAY_SECONDS),
    ):
        if not limit:
            continue
        if rail in found.watched:
            if used >= limit:
                _watched(house, application, found, rail, now)
            continue
        reset = _seconds(window * SECOND - now % (window * SECOND))
        if evidence.quotas is not None:
            evidence.quotas.append(Quota(rail, limit, window, max(limit - used - 1, 0), reset))
        if used >= limit:
            raise TooManyRequests(
                "This client has had all the tokens that it may have for now. Keep a token, and use it until it ends.",
                seconds=reset,
                detail=f"more than {limit} tokens in {'an hour' if rail is Rail.TOKENS_HOUR else 'a day'}",
                check=f"rails.{rail}",
            )
    house.counts.token(application.number, now)


def _watched(house: House, application: Application, found: InForce, rail: Rail, now: int) -> bool:
    """Whether this rail only reports; then it does."""
    if rail not in found.watched:
        return False
    house.counts.would_refuse(application.number, now)
    count = house.rail_reports.due((application.number, rail), now)
    if count:
        log.warning("rail_would_refuse", client_id=application.client_id, rail=rail.value, count=count)
    return True


def _seconds(microseconds: int) -> int:
    return -(-microseconds // SECOND)
