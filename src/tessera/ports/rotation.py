"""Reading what is warned of, and the counts by the hour."""

from typing import NamedTuple, Protocol

from tessera.core.clients.expiry_warnings import Ending, WastefulClient


class HourCount(NamedTuple):
    """What an application did in an hour (counted from the epoch); `elsewhere` of its tokens were for other servers."""

    hour: int
    tokens: int
    calls: int
    refused: int
    elsewhere: int = 0


class RotationReader(Protocol):
    """Credentials about to end, warnings that were told, and what applications did by the hour."""

    async def endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        """Credentials of enabled applications that end by a moment, in pages by their end and their number."""

    async def warning_sent(self, name: str) -> bool:
        """Whether the warning with this name was told."""

    async def usage_hours(self, application: int, first: int) -> list[HourCount]:
        """What an application (its number) did from an hour on, in the order of the hours."""

    async def wasteful_clients(self, hour: int, tokens: int, calls_each: int) -> list[WastefulClient]:
        """Applications that got so many tokens for the platform in an hour and made fewer calls than that to each."""
