"""Reading purchases and returns."""

from collections.abc import Mapping
from typing import Protocol

from tessera.core.loyalty.purchases import Award, Purchase


class PurchaseReader(Protocol):
    """Purchases by the ids that a till gave them, and by customer (their number)."""

    async def purchases_with_ids(self, organization: int, request_id: str, transaction_id: str) -> list[Purchase]:
        """The purchase or return with this transaction id, and another one with this request id."""

    async def purchases_of(self, customer: int, after: str, limit: int) -> list[Purchase]:
        """Up to `limit` purchases and returns of a customer whose ids come after this one, in order of their ids."""

    async def awards(self, customer: int, purchase_id: str) -> list[Award]:
        """The awards of a purchase or return, in order."""

    async def returned(self, customer: int, purchase_id: str) -> Mapping[str, int]:
        """The money of a purchase that was returned so far, in units, by the id of the rule for which it counted."""

    async def earned_by_purchases(self, customer: int) -> Mapping[int, int]:
        """The points earned by purchases less those taken back by returns, in units, by point account."""
