"""Reading how much organizations have."""

from typing import Protocol

from tessera.core.organizations import OrganizationCounts


class OrganizationReader(Protocol):
    """How much an organization has, for whoever is about to delete it."""

    async def organization_counts(self, organization: int, limit: int) -> OrganizationCounts:
        """How much an organization has of each, counted up to `limit`."""
