"""Reading what decides when a key ends."""

from typing import Protocol


class KeyReader(Protocol):
    """What the rotation of keys looks at beside the keys themselves."""

    async def longest_token_lifetime(self) -> int:
        """Seconds that the longest-lived token of any application lives; 0 when there is no application."""
