"""Reading resource servers, and what applications may do there."""

from typing import Protocol

from tessera.core.tokens.resource_servers import AccessRecord, Resource, ResourceRecord


class ResourceReader(Protocol):
    """Resource servers are few: they are read all at once."""

    async def resources(self) -> list[Resource]:
        """All resource servers, in the order in which they were added."""

    async def resource_records(self) -> list[ResourceRecord]:
        """All resource servers as their operator sees them, in the same order."""

    async def access(self, client_id: str | None) -> list[AccessRecord]:
        """What the application with this client id, or every one, was granted: by application and resource."""
