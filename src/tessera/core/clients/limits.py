"""Limits: what an application may do in a time, and from where; each is enforced, or watched and reported only.

They stand in the application's options as JSON, written by `GuardRails.text` and read once by `read`.
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


class Rail(StrEnum):
    """One limit, by the name that operators and `RateLimit` headers use."""

    NETWORKS = "networks"
    REQUESTS = "requests"
    TOKENS_HOUR = "tokens-hour"
    TOKENS_DAY = "tokens-day"


class GuardRails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits as an operator declares them; what is None has no rail. Those in `watch` refuse nothing."""

    networks: Annotated[tuple[str, ...], Meta(max_length=NETWORKS_MAX)] | None = None
    requests_per_second: PerSecond | None = None
    tokens_per_hour: PerTime | None = None
    tokens_per_day: PerTime | None = None
    watch: tuple[Rail, ...] = ()

    def text(self) -> str:
        """How they are stored; empty when there is none."""
        return "" if not self.there() else _encode(msgspec.structs.replace(self, watch=self.watched())).decode()

    def there(self) -> tuple[Rail, ...]:
        """The rails that there are."""
        values = (self.networks, self.requests_per_second, self.tokens_per_hour, self.tokens_per_day)
        return tuple(rail for rail, value in zip(Rail, values, strict=True) if value is not None)

    def watched(self) -> tuple[Rail, ...]:
        """Those of them that only report, in their order."""
        return tuple(rail for rail in self.there() if rail in self.watch)


class Window(msgspec.Struct, frozen=True, gc=False):
    """A rail that counts tokens in hours, or in days, as a request meets it."""

    name: str
    limit: int
    seconds: int
    watched: bool
    policy: str


class InForce(msgspec.Struct, frozen=True):
    """Limits as a request meets them; zero and None stand for no rail. `readable` is False when all is refused.

    `hour_max` and `day_max` are the tokens of an hour and of a day beyond which the `windows` refuse.
    """

    allowed: Networks | None = None
    per_second: int = 0
    policy: str = ""
    windows: tuple[Window, ...] = ()
    networks_watched: bool = False
    requests_watched: bool = False
    readable: bool = True
    hour_max: int = COUNT_MAX
    day_max: int = COUNT_MAX


UNREADABLE = InForce(Networks(()), readable=False)
"""What cannot be read lets nobody through."""

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(GuardRails)


def declared(text: str) -> GuardRails | None:
    """The limits that a stored text declares, or None when it cannot be read."""
    if not text:
        return GuardRails()
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
        (Rail.TOKENS_HOUR, found.tokens_per_hour, HOUR_SECONDS),
        (Rail.TOKENS_DAY, found.tokens_per_day, DAY_SECONDS),
    )
    hour_max, day_max = (COUNT_MAX if limit is None or rail in found.watch else limit for rail, limit, _ in windows)
    return InForce(
        allowed=None if found.networks is None else Networks(found.networks),
        per_second=found.requests_per_second or 0,
        policy=_policy(Rail.REQUESTS, found.requests_per_second or 0, 1),
        windows=tuple(
            Window(rail.value, limit, seconds, rail in found.watch, _policy(rail, limit, seconds))
            for rail, limit, seconds in windows
            if limit is not None
        ),
        networks_watched=Rail.NETWORKS in found.watch,
        requests_watched=Rail.REQUESTS in found.watch,
        hour_max=hour_max,
        day_max=day_max,
    )


def _policy(rail: Rail, limit: int, seconds: int) -> str:
    """A rail as the header `RateLimit-Policy` has it."""
    return f'"{rail.value}";q={limit};w={seconds}'
