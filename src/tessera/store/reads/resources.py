"""Reading resource servers, and what applications may do there."""

from tessera.core import scopes
from tessera.core.clients.applications import TokenFormat
from tessera.core.tokens.resource_servers import AccessRecord, Resource, ResourceRecord
from tessera.store.driver import Fetching
from tessera.store.sql import resources as sql


class ResourceReads(Fetching):
    """Implements `tessera.ports.ResourceReader`."""

    async def resources(self) -> list[Resource]:
        return [_resource(row) for row in await self._rows(sql.RESOURCES, {})]

    async def resource_records(self) -> list[ResourceRecord]:
        return [_record(row) for row in await self._rows(sql.RECORDS, {})]

    async def access(self, client_id: str | None) -> list[AccessRecord]:
        if client_id is None:
            return await self._rows(sql.ACCESS, {})
        return await self._rows(sql.ACCESS_OF, {"client_id": client_id})


def _resource(row: sql.ResourceRow) -> Resource:
    return Resource(
        number=row.number,
        identifier=row.identifier,
        scopes=scopes.parse(row.scope),
        token_format=None if row.token_format is None else TokenFormat(row.token_format),
        application=row.application,
    )


def _record(row: sql.RecordRow) -> ResourceRecord:
    return ResourceRecord(
        number=row.number,
        identifier=row.identifier,
        name=row.name,
        scope=row.scope,
        token_format=None if row.token_format is None else TokenFormat(row.token_format).name.lower(),
        server=row.server,
        created_at=row.created_at,
    )
