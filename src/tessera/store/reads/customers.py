"""Reading customers."""

from tessera.core.customers import Customer
from tessera.store.driver import Fetching
from tessera.store.sql import customers as sql


class CustomerReads(Fetching):
    """Implements `tessera.ports.CustomerReader`."""

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        found = await self._fetch(sql.CUSTOMER, {"organization": organization, "id": customer_id})
        return Customer(*found[0]) if found else None

    async def customer_with_external_id(self, organization: int, external_id: str) -> Customer | None:
        key = {"organization": organization, "external_id": external_id}
        found = await self._fetch(sql.CUSTOMER_EXTERNAL, key)
        return Customer(*found[0]) if found else None

    async def customer_id_with_email(self, organization: int, folded_email: str) -> str | None:
        key = {"organization": organization, "folded_email": folded_email}
        found = await self._fetch(sql.CUSTOMER_ID_WITH_EMAIL, key)
        return str(found[0][0]) if found else None
