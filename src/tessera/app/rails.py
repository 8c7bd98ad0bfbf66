"""Guard rails of applications, where requests meet them. Whoever has none never comes here."""

from tessera.app.house import House
from tessera.core import rails
from tessera.core.applications import Application
from tessera.core.errors import TooManyRequests
from tessera.core.evidence import Evidence
from tessera.core.rails import HOUR_SECONDS, Quota, Rail
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.ops.metrics import RAILS

NETWORKS, REQUESTS = Rail.NETWORKS.value, Rail.REQUESTS.value


def outside(house: House, application: Application, evidence: Evidence, now: int) -> str:
    """Why an application may not come from where this request does, for the operator; empty when it may."""
    found = rails.read(application.options.rails)
    if found.allowed is None or found.allowed.within(evidence.source):
        return ""
    if not found.readable:
        return "the guard rails of this application cannot be read, so nobody is let in"
    if found.networks_watched:
        _report(house, application, NETWORKS, now)
        return ""
    return f"the address {evidence.source or 'unknown'} is in none of the application's networks"


def pace(house: House, application: Application, evidence: Evidence, now: int) -> None:
    """Count one more request of an application. Raises TooManyRequests when it comes too soon after the others."""
    found = rails.read(application.options.rails)
    if not found.per_second:
        return
    left = house.counts.request(application.number, found.per_second, now)
    if found.requests_watched:
        if left < 0:
            _report(house, application, REQUESTS, now)
        return
    if evidence.quotas is not None:
        evidence.quotas.append(Quota(REQUESTS, found.policy, max(left, 0), 1 if left >= 0 else -(left // SECOND)))
    if left < 0:
        raise TooManyRequests(
            "This client sends more requests a second than it may. Slow down.",
            seconds=-(left // SECOND),
            detail=f"more than {found.per_second} requests a second",
            check="rails.requests",
        )


def check_tokens(house: House, application: Application, evidence: Evidence, now: int) -> None:
    """Look whether an application may have one more token, and count none. Raises TooManyRequests when it may not."""
    found = rails.read(application.options.rails)
    in_hour, in_day = house.counts.tokens(application.number, now)
    if in_hour >= found.hour_max or in_day >= found.day_max:
        take_token(house, application, evidence, now)  # which counts none beyond a limit


def take_token(house: House, application: Application, evidence: Evidence, now: int) -> None:
    """Count one more token of an application. Raises TooManyRequests when it has had all that it may have."""
    found, quotas = rails.read(application.options.rails), evidence.quotas
    if not found.windows:
        return
    in_hour, in_day = house.counts.token(application.number, now, found.hour_max, found.day_max)
    second = now // SECOND
    for window in found.windows:
        used = in_hour if window.seconds == HOUR_SECONDS else in_day
        if window.watched:
            if used >= window.limit:
                _report(house, application, window.name, now)
            continue
        reset = window.seconds - second % window.seconds
        left = window.limit - used - 1
        if quotas is not None:
            quotas.append(Quota(window.name, window.policy, max(0, left), reset))
        if left < 0:
            raise TooManyRequests(
                "This client has had all the tokens that it may have for now. Keep a token, and use it until it ends.",
                seconds=reset,
                detail=f"more than {window.limit} tokens in {window.seconds} seconds",
                check=f"rails.{window.name}",
            )


def _report(house: House, application: Application, rail: str, now: int) -> None:
    """Count what a watched rail would have refused, and tell of it now and then."""
    house.counts.would_refuse(application.number, now)
    house.metrics.count(RAILS, rail, "watched")
    count = house.rail_reports.due((application.number, rail), now)
    if count:
        log.warning("rail_would_refuse", client_id=application.client_id, rail=rail, count=count)
