"""Reading digital properties and their secrets."""

from typing import Protocol

from tessera.core.clients.applications import CredentialRecord
from tessera.core.clients.expiry_warnings import Ending
from tessera.core.clients.properties import Property, PropertyRecord


class PropertyReader(Protocol):
    """Digital properties, as requests and as operators see them."""

    async def property_with_key(self, api_key: str) -> Property | None:
        """The digital property with this API key, compared exactly."""

    async def properties(self) -> list[PropertyRecord]:
        """All digital properties, in the order of their creation."""

    async def property_secrets(self, api_key: str) -> list[CredentialRecord]:
        """The secrets of a property, oldest first, ended ones included."""

    async def property_endings(self, after: int, after_number: int, until: int, limit: int) -> list[Ending]:
        """Secrets of enabled properties that end by a moment, in pages by their end and their number."""
