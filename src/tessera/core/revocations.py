"""Revoked tokens: the ids of tokens that would otherwise still be live.

What else makes a token dead (its application's state and cut-off, its own life) is decided in `core/tokens.py`.
An entry is kept until its token has expired anyway, and up to an hour longer: ids lie in one set for each hour in which
they expire, so that an id takes about a hundred bytes, and forgetting looks at no id that stays.
"""

from tessera.core.times import SECOND

_HOUR = 3600 * SECOND


class Revocations:
    """Token ids revoked, by the hour in which their tokens expire."""

    __slots__ = ("_by_hour",)

    def __init__(self) -> None:
        self._by_hour: dict[int, set[int]] = {}

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

    def forget_expired(self, now: int, most: int) -> bool:
        """Drop up to `most` ids of tokens that expired in hours before this one; whether there are more of them."""
        this_hour = now // _HOUR
        for hour in [each for each in self._by_hour if each < this_hour]:
            ids = self._by_hour[hour]
            if len(ids) > most:
                for _ in range(most):
                    ids.pop()
                return True
            most -= len(ids)
            del self._by_hour[hour]
        return False
