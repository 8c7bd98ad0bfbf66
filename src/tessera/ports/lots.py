"""Reading lots of points."""

from typing import Protocol

from tessera.core.loyalty.lots import Lots


class LotReader(Protocol):
    """The ledger of a customer (their number) by lot, over the entries with numbers above `after` up to `through`."""

    async def deposited(self, customer: int, after: int, through: int) -> Lots:
        """The points that these entries added to each lot."""

    async def expired(self, customer: int, after: int, through: int) -> Lots:
        """The points that these entries removed from each lot because it had ended."""
