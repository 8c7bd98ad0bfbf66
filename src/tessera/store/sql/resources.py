"""Resource servers, and what applications may do there."""

import msgspec

from tessera.core import changes
from tessera.core.tokens.resource_servers import AccessRecord
from tessera.store.sql.statement import Select, Statement

_RESOURCE = "(select number from resource where identifier = :identifier)"

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddResource: (
        Statement(
            "insert into resource (identifier, name, scope, token_format, application, created_at)"
            " values (:identifier, :name, :scope, :token_format, :application, :created_at) on conflict do nothing",
            "the resource's identifier and name are free",
        ),
    ),
    changes.SetResource: (
        Statement(
            "update resource set name = :name, scope = :scope, token_format = :token_format,"
            " application = :application where identifier = :identifier"
            " and not exists (select 1 from resource r where r.name = :name and r.identifier <> :identifier)",
            "the resource exists and no other has this name",
        ),
    ),
    changes.DeleteResource: (
        Statement(f"delete from access where resource = {_RESOURCE}"),
        Statement("delete from resource where identifier = :identifier", "the resource exists"),
    ),
    changes.SetAccess: (
        Statement(
            "insert into access (application, resource, scope) select a.number, r.number, :scope"
            " from application a, resource r where a.client_id = :client_id and r.identifier = :resource"
            " on conflict (application, resource) do update set scope = excluded.scope",
            "the application and the resource exist",
        ),
        Statement(
            "delete from access where application = (select number from application where client_id = :client_id)"
            " and scope = ''"
        ),
    ),
}


class ResourceRow(msgspec.Struct, frozen=True):
    """A row of `RESOURCES`."""

    number: int
    identifier: str
    scope: str
    token_format: int | None
    application: int | None


class RecordRow(msgspec.Struct, frozen=True):
    """A row of `RECORDS`: a resource server as its operator sees it."""

    number: int
    identifier: str
    name: str
    scope: str
    token_format: int | None
    server: str | None
    created_at: int


RESOURCES = Select(
    "select number, identifier, scope, token_format, application from resource order by number", ResourceRow
)
RECORDS = Select(
    "select r.number, r.identifier, r.name, r.scope, r.token_format, a.name as server, r.created_at"
    " from resource r left join application a on a.number = r.application order by r.number",
    RecordRow,
)
_ACCESS = (
    "select a.name as application, a.client_id, o.name as organization, r.identifier as resource, x.scope from access x"
    " join application a on a.number = x.application join resource r on r.number = x.resource"
    " join organization o on o.number = a.organization"
)
ACCESS_OF = Select(f"{_ACCESS} where a.client_id = :client_id order by r.number", AccessRecord)
ACCESS = Select(f"{_ACCESS} order by a.number, r.number", AccessRecord)
