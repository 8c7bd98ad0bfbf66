"""Limits: what an application may do in a time, and from where; each is enforced or report-only.

They stand in the application's options as JSON, written by `Limits.text` and read once by `read`.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from tessera.core.clients.rates import COUNT_MAX
from tessera.core.networks import Networks, NotANetwork

NETWORKS_MAX = 100
PER_SECOND_MAX = 1_000_000
TOKENS_MAX = 2**31 - 1

PerSecond = Annotated[int, Meta(ge=1, le=PER_SECOND_MAX)]
PerTime = Annotated[int, Meta(ge=1, le=TOKENS_MAX)]

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400


class LimitName(StrEnum):
    """One limit, by the name that operators and `RateLimit` headers use."""

    NETWORKS = "networks"
    REQUESTS = "requests"
    TOKENS_HOUR = "tokens-hour"
    TOKENS_DAY = "tokens-day"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits as an operator declares them; what is None has no limit. Those in `report_only` refuse nothing."""

    networks: Annotated[tuple[str, ...], Meta(max_length=NETWORKS_MAX)] | None = None
    requests_per_second: PerSecond | None = None
    tokens_per_hour: PerTime | None = None
    tokens_per_day: PerTime | None = None
    report_only: tuple[LimitName, ...] = msgspec.field(name="watch", default=())

    def text(self) -> str:
        """How they are stored; empty when there is none."""
        return "" if not self.there() else _encode(msgspec.structs.replace(self, report_only=self.reporting())).decode()

    def there(self) -> tuple[LimitName, ...]:
        """The limits that there are."""
        values = (self.networks, self.requests_per_second, self.tokens_per_hour, self.tokens_per_day)
        return tuple(limit_name for limit_name, value in zip(LimitName, values, strict=True) if value is not None)

    def reporting(self) -> tuple[LimitName, ...]:
        """Those of them that only report, in their order."""
        return tuple(limit_name for limit_name in self.there() if limit_name in self.report_only)


class Window(msgspec.Struct, frozen=True, gc=False):
    """A limit that counts tokens in hours, or in days, as a request meets it."""

    name: str
    limit: int
    seconds: int
    report_only: bool
    policy: str


class InForce(msgspec.Struct, frozen=True):
    """Limits as a request meets them; zero and None stand for no limit. `readable` is False when all is refused.

    `hour_max` and `day_max` are the tokens of an hour and of a day beyond which the `windows` refuse.
    """

    allowed: Networks | None = None
    per_second: int = 0
    policy: str = ""
    windows: tuple[Window, ...] = ()
    networks_report_only: bool = False
    requests_report_only: bool = False
    readable: bool = True
    hour_max: int = COUNT_MAX
    day_max: int = COUNT_MAX


UNREADABLE = InForce(Networks(()), readable=False)
"""What cannot be read lets nobody through."""

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Limits)


def declared(text: str) -> Limits | None:
    """The limits that a stored text declares, or None when it cannot be read."""
    if not text:
        return Limits()
    try:
        found = _decoder.decode(text)
        Networks(found.networks or ())
    except (msgspec.MsgspecError, NotANetwork):
        return None
    return found


@lru_cache(maxsize=4096)
def read(text: str) -> InForce:
    """The limits of a stored text, as they are in force; `UNREADABLE` when it cannot be read."""
    found = declared(text)
    if found is None:
        return UNREADABLE
    windows = (
        (LimitName.TOKENS_HOUR, found.tokens_per_hour, HOUR_SECONDS),
        (LimitName.TOKENS_DAY, found.tokens_per_day, DAY_SECONDS),
    )
    hour_max, day_max = (
        COUNT_MAX if limit is None or limit_name in found.report_only else limit for limit_name, limit, _ in windows
    )
    return InForce(
        allowed=None if found.networks is None else Networks(found.networks),
        per_second=found.requests_per_second or 0,
        policy=_policy(LimitName.REQUESTS, found.requests_per_second or 0, 1),
        windows=tuple(
            Window(
                limit_name.value, limit, seconds, limit_name in found.report_only, _policy(limit_name, limit, seconds)
            )
            for limit_name, limit, seconds in windows
            if limit is not None
        ),
        networks_report_only=LimitName.NETWORKS in found.report_only,
        requests_report_only=LimitName.REQUESTS in found.report_only,
        hour_max=hour_max,
        day_max=day_max,
    )


def _policy(limit_name: LimitName, limit: int, seconds: int) -> str:
    """A limit as the header `RateLimit-Policy` has it."""
    return f'"{limit_name.value}";q={limit};w={seconds}'
