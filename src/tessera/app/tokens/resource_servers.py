"""What an operator does with resource servers, and with what applications may do there."""

import msgspec

from tessera.app.clients import applications
from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_text, commit
from tessera.core import scopes
from tessera.core.changes import AddResource, DeleteResource, SetAccess, SetResource
from tessera.core.clients.applications import ApplicationRecord, TokenFormat
from tessera.core.errors import InvalidScope
from tessera.core.nearest import nearest
from tessera.core.scopes import Scopes
from tessera.core.tokens import resource_servers
from tessera.core.tokens.resource_servers import ResourceRecord

PLATFORM_NAME = "the platform"


class Place(msgspec.Struct, frozen=True):
    """What an application may do at one place; `resource` is its identifier, None for the platform.

    `sentences` say it in plain words. `withheld` was granted and the resource does not have it any more.
    """

    resource: str | None
    name: str
    scope: list[str]
    sentences: list[str]
    withheld: list[str] = []


class Holder(msgspec.Struct, frozen=True):
    """An application that may do something, where, and by which scope of its own."""

    name: str
    client_id: str
    organization: str
    enabled: bool
    resource: str | None
    by: str


async def create(
    context: Context,
    identifier: str,
    name: str,
    scope: str,
    *,
    server: str | None = None,
    token_format: TokenFormat | None = None,
) -> ResourceRecord:
    """Create a resource server; `server` is the application by which it asks about tokens. Raises OperatorError."""
    if not resource_servers.identifies(identifier):
        raise OperatorError("identifier_malformed", limit=resource_servers.IDENTIFIER_LENGTH_MAX)
    if identifier == context.issuer:
        raise OperatorError("identifier_is_own")
    check_text("The name", name)
    number = None if server is None else (await applications.find(context, server)).number
    form = None if token_format is None else int(token_format)
    await commit(
        context,
        AddResource(
            identifier=identifier,
            name=name,
            scope=_scope(scope),
            token_format=form,
            application=number,
            created_at=context.clock.now(),
        ),
    )
    return await find(context, identifier)


class ResourceServerChanges(msgspec.Struct, frozen=True):
    """What is to be different at a resource server; None leaves it as it is, an empty text takes it away."""

    name: str | None = None
    scope: str | None = None
    server: str | None = None
    token_format: str | None = None


async def change(context: Context, identifier_or_name: str, wanted: ResourceServerChanges) -> ResourceRecord:
    """Change a resource server. Raises OperatorError."""
    record = await find(context, identifier_or_name)
    known = next(each for each in await context.store.resources() if each.number == record.number)
    name = record.name if wanted.name is None else wanted.name
    check_text("The name", name)
    scope = record.scope if wanted.scope is None else _scope(wanted.scope)
    form, server = known.token_format, known.application
    if wanted.token_format is not None:
        form = TokenFormat[wanted.token_format.upper()] if wanted.token_format else None
    if wanted.server is not None:
        server = (await applications.find(context, wanted.server)).number if wanted.server else None
    await commit(context, SetResource(record.identifier, name, scope, None if form is None else int(form), server))
    return await find(context, record.identifier)


async def delete(context: Context, identifier: str) -> None:
    """A resource server goes, with what was granted there; tokens for it are dead. Raises OperatorError."""
    await commit(context, DeleteResource(identifier))


async def find(context: Context, identifier_or_name: str) -> ResourceRecord:
    """The resource server with this identifier or, failing that, this name. Raises OperatorError."""
    known = await context.store.resource_records()
    for each in known:
        if each.identifier == identifier_or_name:
            return each
    for each in known:
        if each.name == identifier_or_name:
            return each
    raise OperatorError(
        "resource_not_found",
        name=identifier_or_name,
        nearest=nearest(identifier_or_name, [name for each in known for name in (each.name, each.identifier)]),
    )


def _scope(text: str) -> str:
    try:
        return scopes.show(scopes.parse(text))
    except InvalidScope as refusal:
        raise OperatorError("scope_malformed", problem=refusal.public) from None


async def grant(context: Context, application: ApplicationRecord, resource: ResourceRecord, scope: str) -> None:
    """Let an application do this at a resource, in place of what it may there so far. Raises OperatorError."""
    wanted = _scope(scope)
    unknown = [name for name in scopes.parse(wanted) if name not in scopes.parse(resource.scope)]
    if unknown:
        raise OperatorError(
            "resource_scope_unknown",
            resource=resource.name,
            name=unknown[0],
            nearest=nearest(unknown[0], scopes.parse(resource.scope)),
            known=resource.scope,
        )
    await commit(context, SetAccess(application.client_id, resource.identifier, wanted))


async def take_back(context: Context, application: ApplicationRecord, resource: ResourceRecord) -> None:
    """Let an application do nothing at a resource any more; its tokens for it are dead. Raises OperatorError."""
    await commit(context, SetAccess(application.client_id, resource.identifier, ""))


async def places(context: Context, application: ApplicationRecord) -> list[Place]:
    """What an application may do, place by place: at the platform, and at each resource where it has access."""
    found = [_at_the_platform(scopes.stored(application.scope))]
    known = {each.identifier: each for each in await context.store.resource_records()}
    for each in await context.store.access(application.client_id):
        resource = known[each.resource]
        granted, there = scopes.stored(each.scope), scopes.stored(resource.scope)
        may = [name for name in granted if name in there]
        sentences = [f"Whatever {resource.name} lets the scope {name} do." for name in may]
        withheld = [name for name in granted if name not in there]
        found.append(Place(resource.identifier, resource.name, may, sentences, withheld))
    return found


def _at_the_platform(granted: Scopes) -> Place:
    sentences = [scopes.MEANINGS.get(name, f"Nothing: the platform has no scope {name}.") for name in granted]
    return Place(None, PLATFORM_NAME, list(granted), sentences)


async def who(context: Context, scope: str) -> list[Holder]:
    """Every application that may do what this scope lets it do: at the platform or at a resource that has the scope."""
    wanted = scopes.parse(_scope(scope))
    if len(wanted) != 1:
        raise OperatorError("scope_not_one")
    name = wanted[0]
    resources_known = await context.store.resource_records()
    known = {*scopes.WELL_KNOWN, *(each for record in resources_known for each in scopes.stored(record.scope))}
    if name not in known:
        raise OperatorError("scope_nowhere_known", name=name, nearest=nearest(name, sorted(known)))
    everybody = {each.client_id: each for each in await applications.every(context)}
    holders = []
    for each in everybody.values():
        held = scopes.stored(each.scope)
        if name in held or (name in scopes.WELL_KNOWN and scopes.allows(held, name)):
            by = name if name in held else scopes.EVERYTHING
            holders.append(
                Holder(
                    name=each.name,
                    client_id=each.client_id,
                    organization=each.organization,
                    enabled=each.state == "enabled",
                    resource=None,
                    by=by,
                )
            )
    there = {each.identifier: scopes.stored(each.scope) for each in resources_known}
    for access in await context.store.access(None):
        if name in scopes.stored(access.scope) and name in there[access.resource]:
            enabled = everybody[access.client_id].state == "enabled"
            holders.append(
                Holder(
                    name=access.application,
                    client_id=access.client_id,
                    organization=access.organization,
                    enabled=enabled,
                    resource=access.resource,
                    by=name,
                )
            )
    return holders
