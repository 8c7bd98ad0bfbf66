"""Guard rails: what an application may do in a time, and from where; each is enforced, or watched and reported only.

They stand in the application's options as JSON, written by `GuardRails.text` and read once by `read`.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from tessera.core.networks import Network, NotANetwork, networks

NETWORKS_MAX = 100
PER_SECOND_MAX = 1_000_000
TOKENS_MAX = 2**31 - 1

PerSecond = Annotated[int, Meta(ge=1, le=PER_SECOND_MAX)]
PerTime = Annotated[int, Meta(ge=1, le=TOKENS_MAX)]

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400


class Rail(StrEnum):
    """One guard rail, by the name that operators and `RateLimit` headers use."""

    NETWORKS = "networks"
    REQUESTS = "requests"
    TOKENS_HOUR = "tokens-hour"
    TOKENS_DAY = "tokens-day"


class GuardRails(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Guard rails as an operator declares them; what is None has no rail. Those in `watch` refuse nothing."""

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


class Quota(msgspec.Struct, frozen=True, gc=False):
    """What a caller is told of a rail: its name and policy, how much is left, and in how many seconds there is more."""

    name: str
    limit: int
    window_seconds: int
    left: int
    reset_seconds: int


class InForce(msgspec.Struct, frozen=True):
    """Guard rails as a request meets them; zero and None stand for no rail. `readable` is False when all is refused."""

    allowed: tuple[Network, ...] | None
    per_second: int
    per_hour: int
    per_day: int
    watched: frozenset[Rail]
    readable: bool = True


UNREADABLE = InForce((), 0, 0, 0, frozenset(), readable=False)
"""What cannot be read lets nobody through."""

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(GuardRails)


def declared(text: str) -> GuardRails | None:
    """The guard rails that a stored text declares, or None when it cannot be read."""
    if not text:
        return GuardRails()
    try:
        found = _decoder.decode(text)
        networks(found.networks or ())
    except (msgspec.MsgspecError, NotANetwork):
        return None
    return found


@lru_cache(maxsize=4096)
def read(text: str) -> InForce:
    """The guard rails of a stored text, as they are in force; `UNREADABLE` when it cannot be read."""
    found = declared(text)
    if found is None:
        return UNREADABLE
    return InForce(
        None if found.networks is None else networks(found.networks),
        found.requests_per_second or 0,
        found.tokens_per_hour or 0,
        found.tokens_per_day or 0,
        frozenset(found.watched()),
    )
