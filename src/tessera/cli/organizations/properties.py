"""`tessera properties`: digital properties, whose API key stands in the path of platform calls."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import output
from tessera.cli.apps import limits, secrets
from tessera.cli.groups import group
from tessera.cli.opening import confirm, secret_from_stdin, with_context
from tessera.cli.options import AsJSON, DataDir, Org, Property, PropertyOrg, Yes, examples
from tessera.cli.organizations import property_secrets
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.clients.properties import IssuedProperty
    from tessera.app.context import Context
    from tessera.core.clients.properties import PropertyRecord

app = group("Digital properties: the API keys under which partners call the platform, and their secrets.", "api_key")
app.add(property_secrets.app, name="secrets")
app.command("limit", ids=("api_key",), epilog=limits.PROPERTY_EXAMPLES)(limits.limit_property)

MOMENTS = ("created_at", "last_used_at")


@app.command(
    "create",
    epilog=examples(
        'properties create "Web shop" --org "Aurora Coffee"',
        'properties create "Web shop" --api-key 3b9f6c0e51 --secret-stdin < secret.txt',
    ),
)
def create(
    name: Annotated[str, typer.Argument(help="The property's name.", metavar="NAME", show_default=False)],
    *,
    org: Org = None,
    api_key: Annotated[
        str | None, typer.Option("--api-key", help="An imported API key. Default: a generated one.")
    ] = None,
    secret_stdin: Annotated[
        bool, typer.Option("--secret-stdin", help="Read an imported secret from standard input.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create a digital property with an API key and a secret, which is shown only once."""
    from tessera.app.clients import properties
    from tessera.app.organizations import organizations

    imported = secret_from_stdin() if secret_stdin else None

    async def work(context: "Context") -> "IssuedProperty":
        organization = await organizations.find(context, org)
        return await properties.create(context, organization, name, api_key=api_key, secret=imported)

    made = property_secrets.shown(msgspec.structs.asdict(with_context(data_dir, work)))
    if as_json:
        output.document(made)
        return
    output.message(f"Created the property {name} in {made['organization']}.")
    secrets.show_once(made)


@app.command("list", epilog=examples("properties list"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all digital properties."""
    from tessera.app.clients import properties

    found = with_context(data_dir, properties.every)
    if as_json:
        output.document([output.record(each, moments=MOMENTS) for each in found])
    elif not found:
        output.message("There is no property yet. Create one: `tessera properties create NAME`.")
    else:
        output.table(
            (
                Column("name", short=32),
                Column("organization", short=24),
                "state",
                Column("API key", short=13, id=True),
                Column("last used", drop=1),
                Column("created", drop=2),
            ),
            [
                (
                    each.name,
                    each.organization,
                    _state(each),
                    each.api_key,
                    output.moment(each.last_used_at),
                    output.moment(each.created_at),
                )
                for each in found
            ],
        )


def _state(record: "PropertyRecord") -> str:
    return "enabled" if record.enabled else "disabled"


@app.command("show", wide=True, epilog=examples('properties show "Web shop"'))
def show(name: Property, *, org: PropertyOrg = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show one digital property and the names of its secrets."""
    from tessera.app.clients import properties

    async def work(context: "Context") -> tuple["PropertyRecord", list[dict[str, Any]]]:
        found = await properties.find(context, name, org)
        return found, secrets.listed(await context.store.property_secrets(found.api_key), context.clock.now())

    found, its_secrets = with_context(data_dir, work)
    if as_json:
        output.document({**output.record(found, moments=MOMENTS), "secrets": its_secrets})
        return
    output.pairs(
        [
            ("name", found.name),
            ("API key", found.api_key),
            ("organization", found.organization),
            ("state", _state(found)),
            ("created", output.moment(found.created_at)),
            ("last used", output.moment(found.last_used_at)),
        ]
    )
    output.data()
    secrets.show_table(its_secrets)


@app.command("set", epilog=examples('properties set "Web shop" --name "Online shop"'))
def change(
    name: Property,
    *,
    new_name: Annotated[
        str | None, typer.Option("--name", help="Its new name. The API key does not change.", metavar="NAME")
    ] = None,
    org: PropertyOrg = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Rename a digital property."""
    from tessera.app.clients import properties

    if new_name is None:
        raise typer.BadParameter("Say what to change: --name.")

    async def rename(context: "Context", found: "PropertyRecord") -> None:
        await properties.rename(context, found, new_name)

    _carry_out(name, org, rename, f"It is called {new_name} now.", data_dir=data_dir, as_json=as_json)


@app.command("disable", epilog=examples('properties disable "Web shop"'))
def disable(name: Property, *, org: PropertyOrg = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Disable a property: its secrets are refused, and so are calls with its API key in the path."""
    from tessera.app.clients import properties

    sentence = "Disabled. Running servers refuse its secrets and its API key within 250 ms."
    _carry_out(name, org, properties.disable, sentence, data_dir=data_dir, as_json=as_json)


@app.command("enable", epilog=examples('properties enable "Web shop"'))
def enable(name: Property, *, org: PropertyOrg = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Enable a disabled property again, with its secrets."""
    from tessera.app.clients import properties

    sentence = "Enabled. Running servers accept its API key and its active secrets within 250 ms."
    _carry_out(name, org, properties.enable, sentence, data_dir=data_dir, as_json=as_json)


def _carry_out(
    name: str,
    org: str | None,
    operation: "Callable[[Context, PropertyRecord], Awaitable[None]]",
    sentence: str,
    *,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    from tessera.app.clients import properties

    async def work(context: "Context") -> "PropertyRecord":
        found = await properties.find(context, name, org)
        await operation(context, found)
        return await properties.find(context, found.api_key)

    _done(with_context(data_dir, work), sentence, as_json=as_json)


@app.command("delete", epilog=examples('properties delete "Web shop" --yes'))
def delete(
    name: Property, *, org: PropertyOrg = None, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False
) -> None:
    """Delete a digital property with its secrets. Calls with its API key are refused."""
    from tessera.app.clients import properties

    async def work(context: "Context") -> "PropertyRecord":
        found = await properties.find(context, name, org)
        confirm(
            f"Delete the property {found.name} ({found.api_key}) for good?",
            f"Deleting {found.name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await properties.delete(context, found)
        return found

    sentence = "Deleted. Running servers refuse its secrets and its API key within 250 ms."
    _done(with_context(data_dir, work), sentence, as_json=as_json)


def _done(record: "PropertyRecord", sentence: str, *, as_json: bool) -> None:
    if as_json:
        output.document(output.record(record, moments=MOMENTS))
    else:
        output.message(f"{record.name}: {sentence}")
