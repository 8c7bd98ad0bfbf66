"""What an application did by the hour, for its operator: tokens against tokens in life, and calls made with each."""

from collections.abc import Iterable

import msgspec

from tessera.app.context import Context
from tessera.core.administration.finding import Finding, Level
from tessera.core.clients.applications import ApplicationRecord
from tessera.core.clients.expiry_warnings import HOUR, WASTEFUL_TOKENS_MIN, Reason, asks_for_each_call
from tessera.core.times import SECOND
from tessera.ports import HourCount

HOURS_SHOWN = 48


class Span(msgspec.Struct, frozen=True):
    """What was counted in an hour or a day that begins at `at`."""

    at: int
    tokens: int
    calls: int
    refused: int
    elsewhere: int


class UsageReport(msgspec.Struct, frozen=True):
    """The last `days` days: their sums, the hours and days one by one, and `advice` where something is to be done.

    `tokens_in_life` were issued within one token lifetime; those revoked since are counted too. `elsewhere` of
    the tokens were for other resource servers, where calls are not seen.
    """

    days: int
    tokens: int
    tokens_in_life: int
    elsewhere: int
    calls: int
    refused: int
    token_reuse: bool
    by_hour: list[Span]
    by_day: list[Span]
    advice: Finding | None

    @property
    def calls_per_token(self) -> float | None:
        """Calls made for each token issued for the platform; None when there was no such token."""
        here = self.tokens - self.elsewhere
        return round(self.calls / here, 2) if here else None


async def report(context: Context, application: ApplicationRecord, days: int) -> UsageReport:
    """What an application did in the last `days` days, this one included."""
    now = context.clock.now()
    this_hour = now // HOUR
    first = (this_hour // 24 - days + 1) * 24
    lived_from = (now - application.token_lifetime_seconds * SECOND) // HOUR
    counts = await context.store.usage_hours(application.number, min(first, lived_from, this_hour - HOURS_SHOWN))
    within = [each for each in counts if each.hour >= first]
    hours = [_span(counts, hour, 1) for hour in range(this_hour - HOURS_SHOWN + 1, this_hour + 1)]
    by_day = [_span(counts, first + 24 * day, 24) for day in range(days)]
    return UsageReport(
        days=days,
        tokens=sum(each.tokens for each in within),
        tokens_in_life=sum(each.tokens for each in counts if each.hour >= lived_from),
        elsewhere=sum(each.elsewhere for each in within),
        calls=sum(each.calls for each in within),
        refused=sum(each.refused for each in within),
        token_reuse=application.token_reuse,
        by_hour=hours,
        by_day=by_day,
        advice=_advice(application, hours),
    )


def _span(counts: Iterable[HourCount], first: int, hours: int) -> Span:
    within = [each for each in counts if first <= each.hour < first + hours]
    return Span(
        first * HOUR,
        sum(each.tokens for each in within),
        sum(each.calls for each in within),
        sum(each.refused for each in within),
        sum(each.elsewhere for each in within),
    )


def _advice(application: ApplicationRecord, hours: Iterable[Span]) -> Finding | None:
    asking = [each for each in hours if asks_for_each_call(each.tokens - each.elsewhere, each.calls)]
    if not asking:
        return None
    text = (
        f"In {len(asking)} of the last {HOURS_SHOWN} hours it asked for at least {WASTEFUL_TOKENS_MIN} tokens and made"
        " fewer than two calls with each: it keeps no token. Its server should keep one until `expires_in` is over."
    )
    if application.token_reuse:
        return Finding(Level.WARN, "tokens", f"{text} Until it does, it is handed the same one out again.")
    return Finding(Level.WARN, "tokens", text, Reason.TOKEN_PER_CALL, {"application": application.name})
