"""`tessera resources`: resource servers beside the platform, and who may do what there."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output
from tessera.cli.groups import group
from tessera.cli.opening import confirm, with_context
from tessera.cli.options import AsJSON, DataDir, Yes, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.tokens.resource_servers import Holder
    from tessera.core.tokens.resource_servers import ResourceRecord

app = group("Resource servers: other APIs that accept tokens of this service.", "identifier")

MOMENTS = ("created_at",)

Resource = Annotated[
    str, typer.Argument(help="The resource server's identifier or name.", metavar="RESOURCE", show_default=False)
]
Server = Annotated[
    str | None,
    typer.Option("--server", help="Application with which it introspects tokens, by name or client id.", metavar="APP"),
]


class Format(StrEnum):
    """`--token-format`: what tokens for a resource look like; `application` leaves it to the application."""

    APPLICATION = "application"
    OPAQUE = "opaque"
    EDDSA = "eddsa"
    ES256 = "es256"
    RS256 = "rs256"


@app.command(
    "create",
    epilog=examples('resources create https://stock.example/api --name Stock --scope "stock:read stock:write"'),
)
def create(
    identifier: Annotated[
        str,
        typer.Argument(
            help="Its identifier: an absolute URI without a fragment.", metavar="IDENTIFIER", show_default=False
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="A readable name.")],
    scope: Annotated[str, typer.Option("--scope", help="Its scopes, separated by spaces.")],
    *,
    server: Server = None,
    token_format: Annotated[
        Format, typer.Option("--token-format", help="Format of tokens for it.")
    ] = Format.APPLICATION,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create a resource server."""
    from tessera.app.tokens import resource_servers
    from tessera.core.clients.applications import TokenFormat

    form = None if token_format is Format.APPLICATION else TokenFormat[token_format.name]

    async def work(context: "Context") -> "ResourceRecord":
        return await resource_servers.create(context, identifier, name, scope, server=server, token_format=form)

    _show(with_context(data_dir, work), as_json=as_json)


@app.command("list", epilog=examples("resources list", "resources list --json"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all resource servers."""

    async def work(context: "Context") -> "list[ResourceRecord]":
        return await context.store.resource_records()

    found = with_context(data_dir, work)
    if as_json:
        output.document([output.record(each, moments=MOMENTS) for each in found])
    elif not found:
        output.message("There is no resource server yet. Create one: `tessera resources create IDENTIFIER`.")
    else:
        output.table(
            (
                Column("name", short=24),
                Column("identifier", short=40),
                Column("scope", short=32),
                Column("token format", drop=1),
                Column("server", drop=2, short=24),
            ),
            [(each.name, each.identifier, each.scope, each.token_format, each.server) for each in found],
        )


@app.command("show", epilog=examples("resources show Stock"))
def show(resource: Resource, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show one resource server."""
    from tessera.app.tokens import resource_servers

    async def work(context: "Context") -> "ResourceRecord":
        return await resource_servers.find(context, resource)

    _show(with_context(data_dir, work), as_json=as_json)


@app.command("set", epilog=examples('resources set Stock --scope "stock:read"', "resources set Stock --server Till"))
def change(
    resource: Resource,
    *,
    name: Annotated[str | None, typer.Option("--name", help="The new name.")] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="Its new scopes, separated by spaces.")] = None,
    server: Annotated[
        str | None,
        typer.Option(
            "--server", help="Application with which it introspects tokens; an empty string for none.", metavar="APP"
        ),
    ] = None,
    token_format: Annotated[Format | None, typer.Option("--token-format", help="Format of tokens for it.")] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Change a resource server. Tokens with a scope that it no longer has become inactive."""
    from tessera.app.tokens import resource_servers

    form = "" if token_format is Format.APPLICATION else token_format and token_format.value
    if (name, scope, server, form) == (None, None, None, None):
        raise typer.BadParameter("Say what is to be different: --name, --scope, --server or --token-format.")

    async def work(context: "Context") -> "ResourceRecord":
        return await resource_servers.change(
            context, resource, resource_servers.ResourceServerChanges(name, scope, server, form)
        )

    _show(with_context(data_dir, work), as_json=as_json)


@app.command("delete", epilog=examples("resources delete Stock --yes"))
def delete(resource: Resource, *, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Delete a resource server with the grants for it. Tokens for it become inactive."""
    from tessera.app.tokens import resource_servers

    async def work(context: "Context") -> "ResourceRecord":
        found = await resource_servers.find(context, resource)
        confirm(
            f"Delete the resource server {found.name} ({found.identifier}) and all access to it?",
            f"Deleting {found.name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await resource_servers.delete(context, found.identifier)
        return found

    found = with_context(data_dir, work)
    if as_json:
        output.document(output.record(found, moments=MOMENTS))
    else:
        output.message(f"{found.name}: Deleted. Tokens for it are inactive.")


@app.command(
    "who", ids=("client_id",), epilog=examples("resources who stock:write", "resources who loyalty:write --json")
)
def who(
    scope: Annotated[str, typer.Argument(help="One scope.", metavar="SCOPE", show_default=False)],
    *,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """List the applications that have a scope, at the platform and at every resource server."""
    from tessera.app.tokens import resource_servers

    async def work(context: "Context") -> "list[Holder]":
        return await resource_servers.who(context, scope)

    found = with_context(data_dir, work)
    if as_json:
        output.document([output.record(each) for each in found])
    elif not found:
        output.message(f"No application may do what {scope} lets one do.")
    else:
        output.table(
            (
                Column("application", short=32),
                Column("organization", drop=2, short=24),
                Column("state", drop=1),
                Column("where", short=30),
                Column("by the scope", short=24),
                Column("client id", short=13, id=True),
            ),
            [
                (
                    each.name,
                    each.organization,
                    "enabled" if each.enabled else "disabled",
                    each.resource or resource_servers.PLATFORM_NAME,
                    each.by,
                    each.client_id,
                )
                for each in found
            ],
        )


def _show(record: "ResourceRecord", *, as_json: bool) -> None:
    if as_json:
        output.document(output.record(record, moments=MOMENTS))
        return
    output.pairs(
        [
            ("name", record.name),
            ("identifier", record.identifier),
            ("scope", record.scope),
            ("token format", record.token_format or "the application's"),
            ("server", record.server),
            ("created", output.moment(record.created_at)),
        ]
    )
