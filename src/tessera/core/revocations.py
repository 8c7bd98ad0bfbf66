"""Revoked tokens: the ids of tokens that would otherwise still be live.

What else makes a token dead (its application's state and cut-off, its own life) is decided in `core/tokens.py`.
An entry is kept until the token would have expired anyway.
"""


class Revocations:
    """Token ids revoked, each with the microsecond at which it may be forgotten."""

    def __init__(self) -> None:
        self._forget_at: dict[int, int] = {}

    def __contains__(self, token_id: int) -> bool:
        return token_id in self._forget_at

    def __len__(self) -> int:
        return len(self._forget_at)

    def add(self, token_id: int, expires_at: int) -> None:
        """Revoke a token until it expires."""
        self._forget_at[token_id] = expires_at

    def forget_expired(self, now: int) -> None:
        """Drop the entries of tokens that have expired by themselves."""
        self._forget_at = {token_id: at for token_id, at in self._forget_at.items() if at > now}
