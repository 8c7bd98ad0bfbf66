"""`tessera properties`: digital properties, whose API key stands in the path of platform calls."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tessera.cli import output
from tessera.cli.opening import with_house
from tessera.cli.options import AsJSON, DataDir, Org, examples, group
from tessera.cli.output import Column

if TYPE_CHECKING:
    from tessera.app.house import House
    from tessera.app.organizations import IssuedProperty
    from tessera.core.organizations import PropertyRecord

app = group("Digital properties: the API keys under which partners call the platform.", "api_key")


@app.command("create", epilog=examples('properties create "Web shop" --org "Aurora Coffee"'))
def create(
    name: Annotated[str, typer.Argument(help="The property's name.", metavar="NAME", show_default=False)],
    *,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create a digital property with an API key and a secret, which is shown this once."""
    from tessera.app import organizations

    async def work(house: "House") -> "IssuedProperty":
        return await organizations.create_property(house, await organizations.find(house, org), name)

    made = with_house(data_dir, work)
    if as_json:
        output.document(msgspec.structs.asdict(made))
        return
    output.message(f"Created the property {name} in {made.organization}.")
    output.pairs([("API key", made.api_key), ("property secret", made.property_secret)])
    output.message("The secret is shown this once. Only its last four characters can be looked up later.")


@app.command("list", epilog=examples("properties list"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all digital properties."""

    async def work(house: "House") -> "list[PropertyRecord]":
        return await house.store.properties()

    found = with_house(data_dir, work)
    if as_json:
        output.document([output.record(each, moments=("created_at",)) for each in found])
    elif not found:
        output.message("There is no property yet. Make one: `tessera properties create NAME`.")
    else:
        output.table(
            (
                "name",
                "organization",
                Column("API key", short=12),
                Column("last four", drop=1),
                Column("created", drop=2),
            ),
            [
                (each.name, each.organization, each.api_key, each.last_four, output.moment(each.created_at))
                for each in found
            ],
        )
