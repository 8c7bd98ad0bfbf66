"""`tessera orgs`: the organizations whose customers, properties and applications live here."""

from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import access, output
from tessera.cli.opening import confirm, with_house
from tessera.cli.options import AsJSON, DataDir, Yes, examples, group

if TYPE_CHECKING:
    from tessera.app.house import House
    from tessera.core.organizations import OrganizationRecord

app = group("Organizations: whose customers and applications live here.")


@app.command("create", epilog=examples('orgs create "Aurora Coffee"'))
def create(
    name: Annotated[str, typer.Argument(help="The organization's name.", metavar="NAME", show_default=False)],
    *,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create an organization; the data folder too, when there is none yet."""
    from tessera.app import organizations

    async def work(house: "House") -> "OrganizationRecord":
        return await organizations.create(house, name)

    made = with_house(data_dir, work, make=True)
    if as_json:
        output.document(output.record(made, moments=("created_at",)))
        return
    output.message(f"Created the organization {name}.")
    output.pairs([("retailer id", made.retailer_id)])


@app.command("list", epilog=examples("orgs list"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all organizations."""

    async def work(house: "House") -> "list[OrganizationRecord]":
        return await house.store.organizations()

    found = with_house(data_dir, work)
    if as_json:
        output.document([output.record(each, moments=("created_at",)) for each in found])
    elif not found:
        output.message("There is no organization yet. Make one: `tessera orgs create NAME`.")
    else:
        output.table(
            ("name", "retailer id", "created"),
            [(each.name, each.retailer_id, output.moment(each.created_at)) for each in found],
        )


@app.command("revoke-tokens", epilog=examples('orgs revoke-tokens "Aurora Coffee" --yes'))
def revoke_tokens(
    name: Annotated[str, typer.Argument(help="The organization's name.", metavar="NAME", show_default=False)],
    *,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Revoke all tokens that an organization's applications have now; they may have new ones at once."""
    from tessera.app import organizations

    async def work(house: "House") -> None:
        found = await organizations.find(house, name)
        confirm(
            f"Revoke all tokens that the applications of {found.name} have now?",
            f"Revoking all tokens of {found.name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await organizations.revoke_tokens(house, found)

    with_house(data_dir, work)
    access.revoked(name, as_json=as_json)
