"""`tessera properties secrets`: the secrets of a digital property, any number of which may be live at once."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import durations, output
from tessera.cli.apps import rotation, secrets
from tessera.cli.groups import group
from tessera.cli.opening import confirm, secret_from_stdin, with_context
from tessera.cli.options import AsJSON, DataDir, Property, PropertyOrg, Yes, examples

if TYPE_CHECKING:
    from tessera.app.clients.property_secrets import IssuedSecret, RotatedSecret
    from tessera.app.context import Context
    from tessera.core.clients.secret_rotation import Ended

app = group(
    "Secrets of a digital property: add a new one, let the partner switch, expire the old one.", "secret_name", "name"
)


def shown(made: dict[str, Any]) -> dict[str, Any]:
    """A new property or secret as it is shown: an imported secret is left out."""
    return {name: value for name, value in made.items() if name != "property_secret" or value}


@app.command("add", epilog=examples('properties secrets add "Web shop" --name 2030 --expires 90d'))
def add(
    name: Property,
    *,
    secret_name: secrets.NewName = None,
    expires: secrets.Expires = None,
    stdin: secrets.Stdin = False,
    org: PropertyOrg = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add a secret. It is shown only once, and the other secrets keep working."""
    from tessera.app.clients import properties, property_secrets

    if expires is not None:
        durations.moment(expires, 0)
    imported = secret_from_stdin() if stdin else None

    async def work(context: "Context") -> "IssuedSecret":
        found = await properties.find(context, name, org)
        ends_at = None if expires is None else durations.moment(expires, context.clock.now())
        return await property_secrets.add(context, found.api_key, secret_name, ends_at=ends_at, imported=imported)

    made = shown(msgspec.structs.asdict(with_context(data_dir, work)))
    if as_json:
        output.document(made)
    else:
        secrets.show_once(made)


@app.command("list", epilog=examples('properties secrets list "Web shop"'))
def list_all(name: Property, *, org: PropertyOrg = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List the secrets of a property: name, last four characters, times, state."""
    from tessera.app.clients import properties

    async def work(context: "Context") -> list[dict[str, Any]]:
        found = await properties.find(context, name, org)
        return secrets.listed(await context.store.property_secrets(found.api_key), context.clock.now())

    secrets.show_list(with_context(data_dir, work), as_json=as_json)


@app.command(
    "rotate",
    ids=("secret_name",),
    epilog=examples(
        'properties secrets rotate "Web shop"', 'properties secrets rotate "Web shop" --overlap 30d --name 2030'
    ),
)
def rotate(
    name: Property,
    *,
    overlap: rotation.Overlap = "7d",
    secret_name: rotation.NewName = None,
    org: PropertyOrg = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add a new secret, shown only once. The older secrets expire after the overlap."""
    from tessera.app.clients import properties, property_secrets

    seconds = durations.seconds(overlap)

    async def work(context: "Context") -> "RotatedSecret":
        found = await properties.find(context, name, org)
        return await property_secrets.rotate(context, found, seconds, secret_name)

    made = with_context(data_dir, work)
    rotation.show_rotated(
        msgspec.structs.asdict(made),
        made.former,
        f"tessera properties secrets list {made.api_key}",
        f"tessera properties secrets finish {made.api_key}",
        as_json=as_json,
    )


@app.command("finish", ids=("name",), epilog=examples('properties secrets finish "Web shop"'))
def finish(
    name: Property,
    *,
    force: rotation.Force = False,
    org: PropertyOrg = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """End all secrets except the newest now. Refused while one of them is in use."""
    from tessera.app.clients import properties, property_secrets

    async def work(context: "Context") -> "tuple[str, list[Ended]]":
        found = await properties.find(context, name, org)
        return found.name, await property_secrets.finish(context, found, force=force)

    rotation.show_finished(*with_context(data_dir, work), as_json=as_json)


@app.command(
    "expire",
    epilog=examples('properties secrets expire "Web shop" first', 'properties secrets expire "Web shop" first --in 7d'),
)
def expire(
    name: Property,
    secret: Annotated[str, typer.Argument(help="The secret's name.", metavar="SECRET_NAME", show_default=False)],
    *,
    at: secrets.At = None,
    after: secrets.In = None,
    org: PropertyOrg = None,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """End a secret, now or at a given time. Ending the last one requires --yes."""
    from tessera.app.clients import properties, property_secrets

    when = secrets.one_end(at, after)

    async def work(context: "Context") -> dict[str, Any]:
        found = await properties.find(context, name, org)
        ends_at = None if when is None else durations.moment(when, context.clock.now())
        lost = await property_secrets.lost_with(context, found, secret, ends_at)
        if lost:
            another = "Add another first (`tessera properties secrets add`), or say --yes."
            confirm(f"{lost} Go on?", f"{lost} {another}", yes=yes)
        await property_secrets.expire(context, found.api_key, secret, ends_at)
        after_it = secrets.listed(await context.store.property_secrets(found.api_key), context.clock.now())
        return next(each for each in after_it if each["name"] == secret)

    secrets.show_ended(with_context(data_dir, work), as_json=as_json)
