"""Reading loyalty programs."""

from typing import Protocol

from tessera.core.loyalty.program import Program


class ProgramReader(Protocol):
    """Programs by organization (its number)."""

    async def program(self, organization: int) -> Program | None:
        """The loyalty program of an organization; None when there is no such organization."""


class WholeProgramReader(Protocol):
    """What changing a program needs to know."""

    async def whole_program(self, organization: int) -> Program | None:
        """The same with everything that is retired, which is marked so; its version is the first thing read."""

    async def holders(self, tier_level: int, limit: int) -> int:
        """How many customers hold a tier level (its number), counted up to the limit."""

    async def is_taken(self, program_id: str) -> bool:
        """Whether any organization's account, source, tier system, level or event rule has this id."""
