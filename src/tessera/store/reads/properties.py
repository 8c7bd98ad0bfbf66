"""Reading digital properties and their secrets."""

from tessera.core.clients.applications import CredentialRecord
from tessera.core.clients.expiry_warnings import Ending
from tessera.core.clients.properties import Property, PropertyRecord
from tessera.store.driver import Fetching
from tessera.store.rows import properties as rows
from tessera.store.rows.applications import credential_record
from tessera.store.rows.warnings import property_ending
from tessera.store.sql import properties as sql


class PropertyReads(Fetching):
    """Implements `tessera.ports.PropertyReader`."""

    async def property_with_key(self, api_key: str) -> Property | None:
        return rows.digital_property(await self._rows(sql.PROPERTY, {"api_key": api_key}))

    async def properties(self) -> list[PropertyRecord]:
        return [rows.property_record(row) for row in await self._rows(sql.RECORDS, {})]

    async def property_secrets(self, api_key: str) -> list[CredentialRecord]:
        return [credential_record(row) for row in await self._rows(sql.SECRETS, {"api_key": api_key})]

    async def property_endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        key = {"after": after, "after_number": after_number, "until": until, "limit": limit}
        return [property_ending(row) for row in await self._rows(sql.ENDING, key)]
