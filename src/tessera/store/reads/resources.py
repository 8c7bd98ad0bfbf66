"""Reading resource servers, and what applications may do there."""

from tessera.core import scopes
from tessera.core.clients.applications import TokenFormat
from tessera.core.tokens.resource_servers import AccessRecord, Resource, ResourceRecord
from tessera.store.driver import Fetching
from tessera.store.sql import resources as sql


class ResourceReads(Fetching):
    """Implements `tessera.ports.ResourceReader`."""

    async def resources(self) -> list[Resource]:
        return [
            Resource(number, identifier, scopes.parse(scope), None if form is None else TokenFormat(form), application)
            for number, identifier, scope, form, application in await self._fetch(sql.RESOURCES, {})
        ]

    async def resource_records(self) -> list[ResourceRecord]:
        found = []
        for number, identifier, name, scope, form, server, created_at in await self._fetch(sql.RECORDS, {}):
            shown = None if form is None else TokenFormat(form).name.lower()
            found.append(
                ResourceRecord(
                    number=number,
                    identifier=identifier,
                    name=name,
                    scope=scope,
                    token_format=shown,
                    server=server,
                    created_at=created_at,
                )
            )
        return found

    async def access(self, client_id: str | None) -> list[AccessRecord]:
        if client_id is None:
            found = await self._fetch(sql.ACCESS, {})
        else:
            found = await self._fetch(sql.ACCESS_OF, {"client_id": client_id})
        return [AccessRecord(*row) for row in found]
