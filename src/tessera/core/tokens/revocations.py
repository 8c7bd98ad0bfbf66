"""Revoked tokens: the ids of tokens that would otherwise still be live.

What else makes a token dead (its application's state and cut-off, its own life) is decided beside, in
`core/tokens/access_tokens.py`. An entry is kept until its token has long expired, and up to an hour longer: ids lie in
one set for each hour in which they expire, so that an id takes about a hundred bytes, and a purge looks at no id that
stays.

A purge may be wrong about the time. So every token that ends by `purged_until` is dead, whatever the clock says: its
revocation may be among those that were deleted.
"""

from tessera.core.times import SECOND, PurgeTime

_HOUR = 3600 * SECOND


class Revocations:
    """Token ids revoked, by the hour in which their tokens expire.

    `purged_until` is the latest end of a token whose revocation may be gone.
    """

    __slots__ = ("_by_hour", "purged_until")

    def __init__(self) -> None:
        self._by_hour: dict[int, set[int]] = {}
        self.purged_until = 0

    def holds(self, token_id: int, expires_at: int) -> bool:
        """Whether the token with this id and end was revoked."""
        return token_id in self._by_hour.get(expires_at // _HOUR, ())

    def __len__(self) -> int:
        return sum(len(ids) for ids in self._by_hour.values())

    def add(self, token_id: int, expires_at: int) -> None:
        """Revoke a token until it expires."""
        hour = expires_at // _HOUR
        ids = self._by_hour.get(hour)
        if ids is None:
            ids = self._by_hour[hour] = set()
        ids.add(token_id)

    def purged(self, until: int) -> None:
        """Note that revocations of tokens that end by `until` were deleted elsewhere."""
        self.purged_until = max(self.purged_until, until)

    def purge(self, until: PurgeTime, limit: int) -> bool:
        """Drop up to `limit` ids of tokens that expired in hours before this one; whether there are more of them."""
        this_hour = until // _HOUR
        for hour in [each for each in self._by_hour if each < this_hour]:
            self.purged((hour + 1) * _HOUR - 1)
            ids = self._by_hour[hour]
            if len(ids) > limit:
                for _ in range(limit):
                    ids.pop()
                return True
            limit -= len(ids)
            del self._by_hour[hour]
        return False
