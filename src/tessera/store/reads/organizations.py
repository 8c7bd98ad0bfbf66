"""Reading how much organizations have."""

from tessera.core.organizations import OrganizationCounts
from tessera.store.driver import Fetching
from tessera.store.sql import organizations as sql


class OrganizationReads(Fetching):
    """Implements `tessera.ports.OrganizationReader`."""

    async def organization_counts(self, organization: int, limit: int) -> OrganizationCounts:
        (counts,) = await self._rows(sql.COUNTS, {"organization": organization, "limit": limit})
        return counts
