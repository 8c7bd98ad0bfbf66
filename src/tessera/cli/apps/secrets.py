"""`tessera apps secrets`: the secrets of an application, any number of which may be live at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import durations, output
from tessera.cli.groups import group
from tessera.cli.opening import confirm, secret_from_stdin, with_context
from tessera.cli.options import App, AsJSON, DataDir, Yes, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.clients.applications import Issued
    from tessera.app.context import Context
    from tessera.core.clients.applications import CredentialRecord

app = group(
    "Secrets of an application: add a new one, let the partner switch, expire the old one.", "secret_name", "name"
)

NewName = Annotated[str | None, typer.Option("--name", help="Its name. Default: the next free number.", metavar="NAME")]
Expires = Annotated[
    str | None, typer.Option("--expires", help="When it expires: 90d, or 2030-01-31T12:00:00Z.", metavar="WHEN")
]
Stdin = Annotated[bool, typer.Option("--stdin", help="Read an imported secret from standard input.")]
At = Annotated[
    str | None,
    typer.Option("--at", help="When it expires, for example 2030-01-31T12:00:00Z. Default: now.", metavar="TIME"),
]
In = Annotated[str | None, typer.Option("--in", help="When it expires, from now: 7d, 12h.", metavar="DURATION")]

MOMENTS = ("created_at", "ends_at", "last_used_at")


def shown(issued: "Issued") -> dict[str, Any]:
    """An issued secret as `--json` shows it; the secret itself is left out when it was imported."""
    members = msgspec.structs.asdict(issued)
    if issued.client_secret is None:
        del members["client_secret"]
    return members


_LABELS = (
    ("client id", "client_id"),
    ("client secret", "client_secret"),
    ("API key", "api_key"),
    ("property secret", "property_secret"),
    ("secret name", "secret_name"),
)


def show_once(made: dict[str, Any]) -> None:
    """Print the id and the new secret, one a line, outside any table."""
    output.pairs([(label, made[member]) for label, member in _LABELS if member in made])
    if "client_secret" in made or "property_secret" in made:
        output.message("The secret is shown this once. Only its last four characters can be looked up later.")


def listed(found: list["CredentialRecord"], now: int) -> list[dict[str, Any]]:
    """Secrets as they are listed: never their value."""
    return [{**output.record(each, moments=MOMENTS), "state": _state(each, now)} for each in found]


def _state(secret: "CredentialRecord", now: int) -> str:
    if secret.ends_at is None:
        return "live"
    return "ending" if secret.ends_at > now else "ended"


def show_table(found: list[dict[str, Any]]) -> None:
    """A table of secrets."""
    columns = ("name", "last_four", "state", "created_at", "ends_at", "last_used_at", "last_used_from", "kind")
    titles = (
        Column("secret", short=24),
        Column("last four", drop=1),
        "state",
        Column("created", drop=3),
        "expires",
        Column("last used", drop=2),
        Column("from", drop=4),
        Column("kind", drop=5),
    )
    output.table(titles, [[each[column] for column in columns] for each in found])


@app.command("add", epilog=examples("apps secrets add Partner --name 2030 --expires 90d"))
def add(
    application: App,
    *,
    name: NewName = None,
    expires: Expires = None,
    stdin: Stdin = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add a secret. It is shown only once, and the other secrets keep working."""
    from tessera.app.clients import applications

    if expires is not None:
        durations.moment(expires, 0)
    imported = secret_from_stdin() if stdin else None

    async def work(context: "Context") -> "Issued":
        client_id = (await applications.find(context, application)).client_id
        ends_at = None if expires is None else durations.moment(expires, context.clock.now())
        chosen = name if name is not None else await applications.free_credential_name(context, client_id, "secret")
        return await applications.add_secret(context, client_id, chosen, ends_at=ends_at, imported=imported)

    made = shown(with_context(data_dir, work))
    if as_json:
        output.document(made)
    else:
        show_once(made)


@app.command("list", epilog=examples("apps secrets list Partner"))
def list_all(application: App, *, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List the secrets of an application: name, last four characters, times, state."""
    from tessera.app.clients import applications

    async def work(context: "Context") -> list[dict[str, Any]]:
        found = await applications.find(context, application)
        return listed(await context.store.secrets(found.client_id), context.clock.now())

    show_list(with_context(data_dir, work), as_json=as_json)


def show_list(found: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print secrets as one document, or as a table."""
    if as_json:
        output.document(found)
    else:
        show_table(found)


@app.command(
    "expire", epilog=examples("apps secrets expire Partner first", "apps secrets expire Partner first --in 7d")
)
def expire(
    application: App,
    secret: Annotated[str, typer.Argument(help="The secret's name.", metavar="SECRET_NAME", show_default=False)],
    *,
    at: At = None,
    after: In = None,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """End a secret, now or at a given time. Ending the last credential ends all tokens and requires --yes."""
    end(application, "secret", secret, one_end(at, after), yes=yes, data_dir=data_dir, as_json=as_json)


def one_end(at: str | None, after: str | None) -> str | None:
    """When a secret is to end, as `--at` or `--in` says it; None for now. Raises BadParameter for both."""
    if at is not None and after is not None:
        raise typer.BadParameter("Say --at or --in, not both.")
    when = at if at is not None else after
    if when is not None:
        durations.moment(when, 0)
    return when


def end(
    application: str, kind: str, name: str, when: str | None, *, yes: bool, data_dir: Path | None, as_json: bool
) -> None:
    """End a credential of this kind, a `secret`, `key` or `certificate`: now, or at a time."""
    from tessera.app.clients import applications, credentials

    if when is not None:
        durations.moment(when, 0)

    async def work(context: "Context") -> dict[str, Any]:
        found = await applications.find(context, application)
        ends_at = None if when is None else durations.moment(when, context.clock.now())
        await credentials.check_named(context, found.client_id, kind, name)
        lost = await applications.lost_with(context, found, name, ends_at)
        if lost:
            another = f"Add another first (`tessera apps {kind}s add`), or say --yes."
            confirm(f"{lost} Go on?", f"{lost} {another}", yes=yes)
        await applications.expire_secret(context, found.client_id, name, ends_at)
        after_it = listed(await context.store.secrets(found.client_id), context.clock.now())
        return next(each for each in after_it if each["name"] == name)

    show_ended(with_context(data_dir, work), as_json=as_json)


def show_ended(done: dict[str, Any], *, as_json: bool) -> None:
    """Print what became of a credential that was given an end."""
    if as_json:
        output.document(done)
    elif done["state"] == "ended":
        output.message(f"{done['name']}: ended. Running servers refuse it within 250 ms.")
    else:
        output.message(f"{done['name']}: ends at {done['ends_at']}.")
