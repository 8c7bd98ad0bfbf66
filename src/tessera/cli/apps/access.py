"""`tessera apps grant`, `ungrant`, `access` and `revoke-tokens`: what an application may do, and ending what it has."""

from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output
from tessera.cli.groups import Group
from tessera.cli.opening import confirm, with_context
from tessera.cli.options import App, AsJSON, DataDir, Yes, examples
from tessera.cli.resources import Resource

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.tokens.resource_servers import Place
    from tessera.core.clients.applications import ApplicationRecord

Shown = tuple["ApplicationRecord", "list[Place]"]


def grant(
    name: App,
    resource: Resource,
    scope: Annotated[str, typer.Option("--scope", help="Scopes at the resource server, separated by spaces.")],
    *,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Grant an application these scopes at a resource server, in place of its scopes there."""
    from tessera.app.clients import applications
    from tessera.app.tokens import resource_servers

    async def work(context: "Context") -> Shown:
        found = await applications.find(context, name)
        await resource_servers.grant(context, found, await resource_servers.find(context, resource), scope)
        return found, await resource_servers.places(context, found)

    _show(with_context(data_dir, work), as_json=as_json)


def ungrant(name: App, resource: Resource, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Remove an application's scopes at a resource server. Its tokens for that server become inactive."""
    from tessera.app.clients import applications
    from tessera.app.tokens import resource_servers

    async def work(context: "Context") -> Shown:
        found = await applications.find(context, name)
        await resource_servers.take_back(context, found, await resource_servers.find(context, resource))
        return found, await resource_servers.places(context, found)

    _show(with_context(data_dir, work), as_json=as_json)


def access(name: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show an application's scopes, at the platform and at each resource server."""
    from tessera.app.clients import applications
    from tessera.app.tokens import resource_servers

    async def work(context: "Context") -> Shown:
        found = await applications.find(context, name)
        return found, await resource_servers.places(context, found)

    _show(with_context(data_dir, work), as_json=as_json)


def _show(shown: Shown, *, as_json: bool) -> None:
    record, places = shown
    if as_json:
        listed = [output.record(each) for each in places]
        document = {"name": record.name, "client_id": record.client_id, "enabled": record.enabled, "places": listed}
        output.document(document)
        return
    if not record.enabled:
        output.data(f"{record.name} is disabled: it may do nothing now. Enabled, it may do this:")
    for each in places:
        place = each.name if each.resource is None else f"{each.name} ({each.resource})"
        output.data(f"At {place}: {' '.join(each.scope) or 'nothing'}")
        for sentence in each.sentences:
            output.data(f"  {sentence}")
        if each.withheld:
            output.data(f"  Granted, but {each.name} does not have it any more: {' '.join(each.withheld)}")


def revoke_tokens(name: App, *, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Revoke all current tokens of an application. It can get new tokens at once."""
    from tessera.app.clients import applications

    async def work(context: "Context") -> "ApplicationRecord":
        found = await applications.find(context, name)
        confirm(
            f"Revoke all tokens that {found.name} ({found.client_id}) has now?",
            f"Revoking all tokens of {found.name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await applications.revoke_tokens(context, found.client_id)
        return found

    found = with_context(data_dir, work)
    revoked(found.name, {"client_id": found.client_id}, as_json=as_json)


def revoked(name: str, ids: dict[str, str], *, as_json: bool) -> None:
    """Say that the tokens of an application or organization were revoked."""
    if as_json:
        output.document({"name": name, **ids, "revoked": True})
    else:
        output.message(f"{name}: All tokens so far are revoked, durably. Running servers refuse them within 250 ms.")


def register(apps: Group, panel: str) -> None:
    """Put these commands among those of `tessera apps`."""
    commands = (
        ("grant", grant, ("apps grant Partner Stock --scope stock:read",)),
        ("ungrant", ungrant, ("apps ungrant Partner Stock",)),
        ("access", access, ("apps access Partner", "apps access Partner --json")),
        ("revoke-tokens", revoke_tokens, ("apps revoke-tokens Partner --yes",)),
    )
    for name, command, calls in commands:
        apps.command(name, ids=("client_id",), epilog=examples(*calls), rich_help_panel=panel)(command)
