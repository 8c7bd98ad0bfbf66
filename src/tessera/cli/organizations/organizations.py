"""`tessera orgs`: the organizations whose customers, properties and applications live here."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from tessera.cli import output
from tessera.cli.apps import access
from tessera.cli.groups import group
from tessera.cli.opening import confirm, typed_name, with_context
from tessera.cli.options import AsJSON, DataDir, Yes, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.organizations import OrganizationCounts, OrganizationRecord

app = group("Organizations: the owners of customers, applications and digital properties.", "retailer_id")

MOMENTS = ("created_at",)

Organization = Annotated[str, typer.Argument(help="The organization's name.", metavar="NAME", show_default=False)]


@app.command("create", epilog=examples('orgs create "Aurora Coffee"'))
def create(
    name: Organization,
    *,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create an organization, and the data folder if there is none yet."""
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "OrganizationRecord":
        return await organizations.create(context, name)

    made = with_context(data_dir, work, make=True)
    if as_json:
        output.document(output.record(made, moments=MOMENTS))
        return
    output.message(f"Created the organization {name}.")
    output.pairs([("retailer id", made.retailer_id)])


@app.command("list", epilog=examples("orgs list"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all organizations."""

    async def work(context: "Context") -> "list[OrganizationRecord]":
        return await context.store.organizations()

    found = with_context(data_dir, work)
    if as_json:
        output.document([output.record(each, moments=MOMENTS) for each in found])
    elif not found:
        output.message("There is no organization yet. Create one: `tessera orgs create NAME`.")
    else:
        output.table(
            (Column("name", short=32), "state", Column("retailer id", short=17, id=True), Column("created", drop=1)),
            [(each.name, _state(each), each.retailer_id, output.moment(each.created_at)) for each in found],
        )


@app.command("show", epilog=examples('orgs show "Aurora Coffee"'))
def show(name: Organization, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show one organization, with the numbers of its customers, applications and so on."""
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "tuple[OrganizationRecord, OrganizationCounts]":
        organization = await organizations.find(context, name)
        return organization, await organizations.counts(context, organization)

    organization, counts = with_context(data_dir, work)
    if as_json:
        output.document({**output.record(organization, moments=MOMENTS), **_counted(counts)})
        return
    output.pairs(
        [
            ("name", organization.name),
            ("retailer id", organization.retailer_id),
            ("state", _state(organization)),
            ("created", output.moment(organization.created_at)),
            *_counted(counts).items(),
        ]
    )


@app.command("set", epilog=examples('orgs set "Aurora Coffee" --name Aurora'))
def change(
    name: Organization,
    *,
    new_name: Annotated[str | None, typer.Option("--name", help="The new name.", metavar="NAME")] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Rename an organization. Its retailer id and its data do not change."""
    from tessera.app.organizations import organizations

    if new_name is None:
        raise typer.BadParameter("Say what to change: --name.")

    async def work(context: "Context") -> "OrganizationRecord":
        return await organizations.rename(context, await organizations.find(context, name), new_name)

    _done(with_context(data_dir, work), "This is its name now; its retailer id stays.", as_json=as_json)


@app.command("disable", epilog=examples('orgs disable "Aurora Coffee" --yes'))
def disable(name: Organization, *, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Disable an organization: its applications get no tokens; its tokens and property secrets stop working."""
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "OrganizationRecord":
        organization = await organizations.find(context, name)
        confirm(
            f"Stop {organization.name}, with all its applications and properties?",
            f"Disabling {organization.name} ends all of its tokens for good. Say --yes to do it.",
            yes=yes,
        )
        return await organizations.disable(context, organization)

    sentence = (
        "Disabled. Running servers refuse its applications and properties within 250 ms; its tokens stay inactive."
    )
    _done(with_context(data_dir, work), sentence, as_json=as_json)


@app.command("enable", epilog=examples('orgs enable "Aurora Coffee"'))
def enable(name: Organization, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Enable a disabled organization again. Tokens issued before stay inactive."""
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "OrganizationRecord":
        return await organizations.enable(context, await organizations.find(context, name))

    _done(with_context(data_dir, work), "Enabled. Its applications have to ask for new tokens.", as_json=as_json)


@app.command("delete", epilog=examples('orgs delete "Aurora Coffee"', "orgs delete Test --confirm Test --json"))
def delete(
    name: Organization,
    *,
    confirm_name: Annotated[
        str | None,
        typer.Option("--confirm", help="The organization's name once more, instead of typing it when asked."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Delete an organization with its customers, applications, properties, webhooks and events, for good."""
    from tessera.app.organizations import organizations, removal

    async def work(context: "Context") -> "tuple[OrganizationRecord, OrganizationCounts]":
        organization = await organizations.find(context, name)
        agreed = confirm_name
        if agreed is None:
            counts = await organizations.counts(context, organization)
            agreed = typed_name(
                f"{organization.name} goes for good, with {_in_words(counts)}. To only stop it, which can be undone,"
                f" say: tessera orgs disable",
                f"Deleting {organization.name} cannot be undone. Say --confirm with its name to do it.",
            )
        return organization, await removal.delete(context, organization, agreed)

    organization, gone = with_context(data_dir, work)
    if as_json:
        output.document({**output.record(organization, moments=MOMENTS), **_counted(gone)})
        return
    output.message(
        f"{organization.name}: Deleted, with {_in_words(gone)}. `tessera customers purge` erases the customers from the"
        " files too."
    )


def _state(organization: "OrganizationRecord") -> str:
    return "enabled" if organization.enabled else "disabled"


def _counted(counts: "OrganizationCounts") -> dict[str, object]:
    """The counts by name; what is more than is counted says so."""
    from tessera.app.organizations.organizations import COUNTED_MAX

    return {
        each: value if value <= COUNTED_MAX else f"more than {COUNTED_MAX}"
        for each, value in msgspec.structs.asdict(counts).items()
    }


def _in_words(counts: "OrganizationCounts") -> str:
    """How much goes: `2 applications, 1 properties, ...`."""
    return ", ".join(f"{value} {name}" for name, value in _counted(counts).items())


def _done(organization: "OrganizationRecord", sentence: str, *, as_json: bool) -> None:
    if as_json:
        output.document(output.record(organization, moments=MOMENTS))
    else:
        output.message(f"{organization.name}: {sentence}")


@app.command("revoke-tokens", ids=("retailer_id",), epilog=examples('orgs revoke-tokens "Aurora Coffee" --yes'))
def revoke_tokens(
    name: Organization,
    *,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Revoke all current tokens of an organization's applications. They can get new tokens at once."""
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "OrganizationRecord":
        found = await organizations.find(context, name)
        confirm(
            f"Revoke all tokens that the applications of {found.name} have now?",
            f"Revoking all tokens of {found.name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await organizations.revoke_tokens(context, found)
        return found

    found = with_context(data_dir, work)
    access.revoked(found.name, {"retailer_id": found.retailer_id}, as_json=as_json)
