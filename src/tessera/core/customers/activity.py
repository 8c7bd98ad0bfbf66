"""Behaviours: what a customer does, as a partner counts it, by name."""

import msgspec

from tessera.core.errors import Validation

TOTAL_MAX = 2**53
"""The most that a count may come to: exact in JSON."""


class ActivityCounter(msgspec.Struct, frozen=True, gc=False):
    """How often a customer did something, and when last."""

    name: str
    count: int
    last_at: int


def done(name: str, times: int, held: ActivityCounter | None, now: int) -> ActivityCounter:
    """The behaviour once it happened that often. Raises Validation when the count would be too large."""
    count = times if held is None else held.count + times
    if count > TOTAL_MAX:
        raise Validation("events: a count would pass 2 to the power of 53.")
    return ActivityCounter(name, count, now)
