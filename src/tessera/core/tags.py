"""Tags: words that a partner pins to a customer. Each counts how often it was given, and may come to an end."""

import msgspec

from tessera.core.times import SECOND


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag of a customer; `expires_at` is None for one that stays."""

    name: str
    count: int
    expires_at: int | None

    def live(self, now: int) -> bool:
        """Whether the tag has not come to its end."""
        return self.expires_at is None or self.expires_at > now


def given(name: str, times: int, held: Tag | None, ttl_seconds: int | None, now: int) -> Tag:
    """The tag once it was given that often: it counts on unless it had ended, and ends as is said this time."""
    before = held.count if held is not None and held.live(now) else 0
    return Tag(name, before + times, None if ttl_seconds is None else now + ttl_seconds * SECOND)
