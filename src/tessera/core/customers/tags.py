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


class Given(msgspec.Struct, frozen=True):
    """A tag that is given: once more, or with a `count` that was read, which is stated and not added.

    `expires_at` is None where it says no end of its own.
    """

    name: str
    count: int | None = None
    expires_at: int | None = None


def given(tag: Given, held: Tag | None, ttl_seconds: int | None, now: int) -> Tag:
    """The tag once it was given; one that had ended begins anew.

    Given once more it counts on, and ends as is said this time. With a count it has that many at least, so that what
    others gave meanwhile is not lost, and its end stays unless another one is said.
    """
    alive = held if held is not None and held.live(now) else None
    before = 0 if alive is None else alive.count
    said = None if ttl_seconds is None else now + ttl_seconds * SECOND
    if tag.expires_at is not None:
        said = tag.expires_at
        if alive is not None and alive.expires_at is not None and alive.expires_at // SECOND == said // SECOND:
            said = alive.expires_at  # it was read in whole seconds
    elif said is None and tag.count is not None and alive is not None:
        said = alive.expires_at
    return Tag(tag.name, before + 1 if tag.count is None else max(before, tag.count), said)
