"""Reading customers."""

from collections.abc import Sequence

from tessera.core.customers.activity import ActivityCounter
from tessera.core.customers.customers import Customer
from tessera.core.customers.tags import Tag
from tessera.core.text import canonical_id
from tessera.ports.customers import UserEvent
from tessera.store.driver import Fetching, R
from tessera.store.sql import customers as sql
from tessera.store.sql import merging
from tessera.store.sql.statement import Select

_PLACES = [f"k{place}" for place in range(sql.KEYS_MAX)]


class CustomerReads(Fetching):
    """Implements `tessera.ports.CustomerReader`."""

    async def customer(self, organization: int, customer_id: str) -> Customer | None:
        return await self._first(sql.CUSTOMER, {"organization": organization, "id": canonical_id(customer_id)})

    async def customer_with_external_id(self, organization: int, external_id: str) -> Customer | None:
        key = {"organization": organization, "external_id": external_id}
        return await self._first(sql.CUSTOMER_EXTERNAL, key)

    async def customer_id_with_email(self, organization: int, folded_email: str) -> str | None:
        key = {"organization": organization, "folded_email": folded_email}
        found: str | None = await self._value(sql.CUSTOMER_ID_WITH_EMAIL, key)
        return found

    async def customer_id_with_referrer_code(self, organization: int, code: str) -> str | None:
        key = {"organization": organization, "code": code}
        found: str | None = await self._value(sql.CUSTOMER_ID_WITH_REFERRER_CODE, key)
        return found

    async def customer_with_email(self, organization: int, folded_email: str) -> Customer | None:
        key = {"organization": organization, "folded_email": folded_email}
        return await self._first(sql.CUSTOMER_WITH_EMAIL, key)

    async def merged(self, customer: int) -> dict[str, int]:
        return {row.id: row.merged_at for row in await self._rows(merging.MERGED, {"customer": customer})}

    async def was_merged(self, organization: int, customer_id: str) -> bool:
        key = {"organization": organization, "id": canonical_id(customer_id)}
        return bool(await self._values(merging.WAS_MERGED, key))

    async def customers(self, organization: int, customer_ids: Sequence[str]) -> dict[str, Customer]:
        found = await self._many(sql.CUSTOMERS_IN, organization, list(map(canonical_id, customer_ids)))
        return {customer.id: customer for customer in found}

    async def customers_with_external_ids(self, organization: int, external_ids: Sequence[str]) -> dict[str, Customer]:
        found = await self._many(sql.CUSTOMERS_EXTERNAL_IN, organization, external_ids)
        return {row.key: _customer(row) for row in found}

    async def customers_with_emails(self, organization: int, folded_emails: Sequence[str]) -> dict[str, Customer]:
        found = await self._many(sql.CUSTOMERS_EMAIL_IN, organization, folded_emails)
        return {row.key: _customer(row) for row in found}

    async def _many(self, select: Select[R], organization: int, keys: Sequence[str]) -> list[R]:
        """The rows of many keys; places that a look-up does not fill hold null, which equals nothing."""
        rows: list[R] = []
        for start in range(0, len(keys), sql.KEYS_MAX):
            parameters: dict[str, object] = dict.fromkeys(_PLACES)
            parameters.update(zip(_PLACES, keys[start : start + sql.KEYS_MAX], strict=False), organization=organization)
            rows += await self._rows(select, parameters)
        return rows

    async def customers_with_phone(
        self, organization: int, digits: str, *, mobile: bool, after: int, limit: int
    ) -> list[Customer]:
        key = {"organization": organization, "digits": digits, "mobile": int(mobile), "after": after, "limit": limit}
        return await self._rows(sql.CUSTOMERS_WITH_PHONE, key)

    async def customers_after(self, organization: int, after: int, limit: int) -> list[Customer]:
        key = {"organization": organization, "after": after, "limit": limit}
        return await self._rows(sql.CUSTOMERS_AFTER, key)

    async def phones(self, customer: int) -> dict[str, bool]:
        return {row.digits: row.mobile == 1 for row in await self._rows(sql.PHONES, {"customer": customer})}

    async def tags(self, customer: int) -> list[Tag]:
        return await self._rows(sql.TAGS, {"customer": customer})

    async def behaviours(self, customer: int) -> list[ActivityCounter]:
        return await self._rows(sql.ACTIVITY_COUNTERS, {"customer": customer})

    async def user_events(self, customer: int, after: str, limit: int) -> list[UserEvent]:
        key = {"customer": customer, "after": after, "limit": limit}
        return await self._rows(sql.USER_EVENTS, key)


def _customer(row: sql.KeyedCustomerRow) -> Customer:
    return Customer(
        number=row.number,
        id=row.id,
        profile=row.profile,
        standing=row.standing,
        version=row.version,
        identifiers=row.identifiers,
        user_profile=row.user_profile,
    )
