"""`tessera apps rotate`, `finish` and `warnings`: from one secret to the next, without an outage."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import durations, output
from tessera.cli.advice import advised
from tessera.cli.apps import secrets
from tessera.cli.opening import with_context
from tessera.cli.options import App, AsJSON, DataDir, examples

if TYPE_CHECKING:
    from tessera.app.clients.secret_rotation import Rotated
    from tessera.app.context import Context
    from tessera.core.clients.expiry_warnings import Warned
    from tessera.core.clients.secret_rotation import Ended

ROTATE_EXAMPLES = examples("apps rotate Partner", "apps rotate Partner --overlap 30d --name 2030")
FINISH_EXAMPLES = examples("apps finish Partner")
WARNINGS_EXAMPLES = examples("apps warnings", "apps warnings --json")


Overlap = Annotated[
    str, typer.Option("--overlap", help="How long the old secret keeps working: 7d, 12h, 0.", metavar="DURATION")
]
NewName = Annotated[
    str | None,
    typer.Option("--name", help="Name of the new secret. Default: the next free number.", metavar="NAME"),
]
Force = Annotated[bool, typer.Option("--force", help="End it even if it is still used.")]


def rotate(
    application: App,
    *,
    overlap: Overlap = "7d",
    name: NewName = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add a new secret, shown only once. The older secrets expire after the overlap."""
    from tessera.app.clients import applications, secret_rotation

    seconds = durations.seconds(overlap)

    async def work(context: "Context") -> "tuple[str, Rotated]":
        found = await applications.find(context, application)
        return found.name, await secret_rotation.rotate(context, found, seconds, name)

    called, made = with_context(data_dir, work)
    show_rotated(
        msgspec.structs.asdict(made),
        made.former,
        f'tessera apps secrets list "{called}"',
        f'tessera apps finish "{called}"',
        as_json=as_json,
    )


def show_rotated(
    made: dict[str, Any], former: "list[Ended]", list_command: str, finish_command: str, *, as_json: bool
) -> None:
    """Print the new secret, and by which commands the rotation is followed and finished."""
    shown = {**made, "former": _shown(former)}
    if as_json:
        output.document(shown)
        return
    secrets.show_once(shown)
    for each in shown["former"]:
        output.message(f"{each['name']} works until {each['ends_at']}.")
    output.message(
        f"Give the new secret to the partner and watch `{list_command}`: when the last use of the"
        f" old one stops and the new one is used, `{finish_command}` ends the old one. Otherwise it ends"
        " by itself."
    )


def _shown(ended: "list[Ended]") -> list[dict[str, Any]]:
    return [output.record(each, moments=("ends_at", "last_used_at")) for each in ended]


def finish(
    application: App,
    *,
    force: Force = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """End all secrets except the newest now. Refused while one of them is in use."""
    from tessera.app.clients import applications, secret_rotation

    async def work(context: "Context") -> "tuple[str, list[Ended]]":
        found = await applications.find(context, application)
        return found.name, await secret_rotation.finish(context, found, force=force)

    show_finished(*with_context(data_dir, work), as_json=as_json)


def show_finished(called: str, ended: "list[Ended]", *, as_json: bool) -> None:
    """Print which secrets of an application or property were ended."""
    if as_json:
        output.document(_shown(ended))
        return
    for each in ended:
        output.message(f"{called}: {each.name} ended. Running servers refuse it within 250 ms.")


def warnings(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List warnings: credentials about to expire, and applications that request a token for every call."""
    from tessera.app.clients.expiry_warnings import current

    found = with_context(data_dir, current)
    if as_json:
        output.document([_warning(each) for each in found])
    elif not found:
        output.message("There is nothing to warn of.")
    else:
        for each in found:
            output.data(advised(each))


def _warning(warned: "Warned") -> dict[str, Any]:
    members = output.record(warned.about, moments=("ends_at", "last_used_at") if warned.days is not None else ())
    owner = warned.owner
    del members["owner"]
    for name in ("application_until", "newer_used_at", "hour"):
        members.pop(name, None)
    return {
        "reason": warned.reason,
        "property" if owner.is_property else "application": owner.application,
        "api_key" if owner.is_property else "client_id": owner.client_id,
        "organization": owner.organization_name,
        "days": warned.days,
        **members,
        "text": advised(warned),
    }
