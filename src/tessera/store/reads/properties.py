"""Reading digital properties and their secrets."""

from tessera.core.clients.applications import CredentialRecord
from tessera.core.clients.expiry_warnings import Ending
from tessera.core.clients.properties import Property, PropertyRecord
from tessera.store import rows
from tessera.store.driver import Fetching
from tessera.store.sql import properties as sql


class PropertyReads(Fetching):
    """Implements `tessera.ports.PropertyReader`."""

    async def property_with_key(self, api_key: str) -> Property | None:
        return rows.digital_property(await self._fetch(sql.PROPERTY, {"api_key": api_key}))

    async def properties(self) -> list[PropertyRecord]:
        return [rows.property_record(row) for row in await self._fetch(sql.RECORDS, {})]

    async def property_secrets(self, api_key: str) -> list[CredentialRecord]:
        return [rows.credential_record(row) for row in await self._fetch(sql.SECRETS, {"api_key": api_key})]

    async def property_endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        key = {"after": after, "after_number": after_number, "until": until, "limit": limit}
        return [rows.property_ending(row) for row in await self._fetch(sql.ENDING, key)]
