"""Reading purchases and returns."""

from collections.abc import Mapping

import msgspec

from tessera.core.loyalty.purchases import Award, Purchase
from tessera.store.driver import Fetching
from tessera.store.sql import purchases as sql

_items = msgspec.json.Decoder(tuple[str, ...]).decode


class PurchaseReads(Fetching):
    """Implements `tessera.ports.PurchaseReader`."""

    async def purchases_with_ids(self, organization: int, request_id: str, transaction_id: str) -> list[Purchase]:
        key = {"organization": organization, "request_id": request_id, "transaction_id": transaction_id}
        return await self._rows(sql.PURCHASES_WITH_IDS, key)

    async def purchases_of(self, customer: int, after: str, limit: int) -> list[Purchase]:
        key = {"customer": customer, "after": after, "limit": limit}
        return await self._rows(sql.PURCHASES_OF, key)

    async def awards(self, customer: int, purchase_id: str) -> list[Award]:
        found = await self._rows(sql.AWARDS, {"customer": customer, "purchase_id": purchase_id})
        return [
            Award(
                rule_id=row.rule_id,
                point_account=row.point_account,
                amount=row.amount,
                base=row.base,
                excluded=_items(row.excluded),
                entry_id=row.entry_id,
            )
            for row in found
        ]

    async def returned(self, customer: int, purchase_id: str) -> Mapping[str, int]:
        found = await self._rows(sql.RETURNED, {"customer": customer, "purchase_id": purchase_id})
        return {row.rule_id: row.base for row in found}

    async def earned_by_purchases(self, customer: int) -> Mapping[int, int]:
        return {row.point_account: row.amount for row in await self._rows(sql.EARNED, {"customer": customer})}
