"""Reading loyalty programs."""

from typing import Protocol

from tessera.core.loyalty.program import Program


class ProgramReader(Protocol):
    """Programs by organization (its number)."""

    async def program(self, organization: int) -> Program | None:
        """The loyalty program of an organization; None when there is no such organization."""
