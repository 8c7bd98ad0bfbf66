"""Limits of applications and digital properties, where requests meet them. Whoever has none never comes here."""

from tessera.app.context import Context
from tessera.core.clients import limits
from tessera.core.clients.applications import Application
from tessera.core.clients.limits import HOUR_SECONDS, InForce, LimitName
from tessera.core.clients.properties import Property
from tessera.core.clients.rates import COUNT_MAX
from tessera.core.errors import TooManyRequests
from tessera.core.presented import RequestCredentials
from tessera.core.quotas import Quota, Quotas
from tessera.core.times import SECOND
from tessera.ops.log import log
from tessera.ops.metrics import LIMITS
from tessera.ports import SharedCounts

NETWORKS, REQUESTS = LimitName.NETWORKS.value, LimitName.REQUESTS.value


Guarded = Application | Property
"""A caller that may have limits. Those that count tokens mean nothing to a property, which gets none."""


def _of(guarded: Guarded) -> InForce:
    return limits.read(guarded.limits if isinstance(guarded, Property) else guarded.options.limits)


def _counts(context: Context, guarded: Guarded) -> SharedCounts:
    """The counts in which the caller has a number: those of properties are apart."""
    return context.property_counts if isinstance(guarded, Property) else context.counts


def outside(context: Context, guarded: Guarded, request_credentials: RequestCredentials, now: int) -> str:
    """Why a caller may not come from where this request does, for the operator; empty when it may."""
    found = _of(guarded)
    if found.allowed is None or found.allowed.within(request_credentials.source):
        return ""
    if not found.readable:
        return "the limits of this caller cannot be read, so nobody is let in"
    if found.networks_report_only:
        _report(context, guarded, NETWORKS, now)
        return ""
    return f"the address {request_credentials.source or 'unknown'} is in none of the caller's networks"


def take_request(context: Context, guarded: Guarded, now: int) -> Quotas:
    """Count one more request of a caller; its quotas. Raises TooManyRequests when it comes too soon."""
    found = _of(guarded)
    if not found.per_second:
        return ()
    left = _counts(context, guarded).request(guarded.number, found.per_second, now)
    if found.requests_report_only:
        if left < 0:
            _report(context, guarded, REQUESTS, now)
        return ()
    quotas = (Quota(REQUESTS, found.policy, max(left, 0), 1 if left >= 0 else -(left // SECOND)),)
    if left < 0:
        raise TooManyRequests(
            "This client sends more requests a second than it may. Slow down.",
            seconds=-(left // SECOND),
            detail=f"more than {found.per_second} requests a second",
            check="limits.requests",
            quotas=quotas,
        )
    return quotas


def check_tokens(context: Context, application: Application, now: int) -> None:
    """Look whether an application may have one more token, and count none. Raises TooManyRequests when it may not."""
    found = limits.read(application.options.limits)
    in_hour, in_day = context.counts.tokens(application.number, now)
    if in_hour >= found.hour_max or in_day >= found.day_max:
        take_token(context, application, now)  # which counts none beyond a limit


def take_token(context: Context, application: Application, now: int, *, committed: bool = False) -> Quotas:
    """Count one more token of an application; its quotas. Raises TooManyRequests when it has had all it may have.

    A token whose changes are `committed` is counted and never refused. It was looked at before by `check_tokens`: only
    as many tokens go beyond a limit as were being committed at once.
    """
    found = limits.read(application.options.limits)
    quotas: Quotas = ()
    if not found.windows:
        return quotas
    hour_max, day_max = (COUNT_MAX, COUNT_MAX) if committed else (found.hour_max, found.day_max)
    in_hour, in_day = context.counts.token(application.number, now, hour_max, day_max)
    second = now // SECOND
    for window in found.windows:
        used = in_hour if window.seconds == HOUR_SECONDS else in_day
        if window.report_only:
            if used >= window.limit:
                _report(context, application, window.name, now)
            continue
        reset = window.seconds - second % window.seconds
        left = window.limit - used - 1
        quotas = (*quotas, Quota(window.name, window.policy, max(0, left), reset))
        if left < 0 and not committed:
            raise TooManyRequests(
                "This client has had all the tokens that it may have for now. Keep a token, and use it until it ends.",
                seconds=reset,
                detail=f"more than {window.limit} tokens in {window.seconds} seconds",
                check=f"limits.{window.name}",
                quotas=quotas,
            )
    return quotas


def _report(context: Context, guarded: Guarded, limit_name: str, now: int) -> None:
    """Count what a report-only limit would have refused, and tell of it now and then."""
    _counts(context, guarded).would_refuse(guarded.number, now)
    context.metrics.count(LIMITS, limit_name, "report_only")
    kind, name = ("api_key", guarded.api_key) if isinstance(guarded, Property) else ("client_id", guarded.client_id)
    count = context.state.limit_reports.due((name, limit_name), now)
    if count:
        log.warning("limit_would_refuse", limit=limit_name, count=count, **{kind: name})
