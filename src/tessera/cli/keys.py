"""`tessera keys`: the keys that seal and sign tokens."""

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
    from tessera.app.keys.rotation import KeyRecord

app = group("Keys that seal and sign tokens, with automatic rotation.", "name")

MOMENTS = ("created_at", "signs_from", "verifies_until")

Key = Annotated[
    str, typer.Argument(help="The key's name, for example eddsa-2, or its kid.", metavar="KEY", show_default=False)
]


class Purpose(StrEnum):
    """`--purpose`: what a key is for."""

    SEALING = "sealing"
    EDDSA = "eddsa"
    ES256 = "es256"
    RS256 = "rs256"


@app.command("list", epilog=examples("keys list", "keys list --json"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List the keys with their states: published, signing, verifying only, or ended."""
    from tessera.app.keys import rotation

    _show(with_context(data_dir, rotation.every), as_json=as_json)


def _show(found: "list[KeyRecord]", *, as_json: bool) -> None:
    if as_json:
        output.document([output.record(each, moments=MOMENTS) for each in found])
        return
    output.table(
        (
            "key",
            "state",
            Column("made", drop=3),
            Column("signs from", drop=1),
            "verifies until",
            Column("kid", drop=2, short=13, id=True),
        ),
        [
            (
                each.name,
                each.state,
                output.moment(each.created_at),
                output.moment(each.signs_from) if each.signs_from else "the beginning",
                output.moment(each.verifies_until),
                each.key_id,
            )
            for each in found
        ],
    )


@app.command("rotate", ids=("name",), wide=True, epilog=examples("keys rotate", "keys rotate --purpose eddsa"))
def rotate(
    *,
    purpose: Annotated[Purpose | None, typer.Option("--purpose", help="Kind of key. Default: all.")] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Let it sign after a second, without publishing it first.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Add the next key. It is published now and signs after `key_publish_seconds`. The old key still verifies."""
    from tessera.app.keys import rotation
    from tessera.core.keys.rotation_schedule import ROTATED
    from tessera.core.keys.wrapping import KeyPurpose

    wanted = list(ROTATED) if purpose is None else [KeyPurpose(purpose.value)]

    async def work(context: "Context") -> "list[KeyRecord]":
        return await rotation.rotate(context, wanted, at_once=at_once)

    _show(with_context(data_dir, work), as_json=as_json)


@app.command("retire", ids=("name",), epilog=examples("keys retire eddsa-1 --yes"))
def retire(key: Key, *, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """End a key now: tokens that it sealed or signed become inactive. Rotate first if the key signs."""
    from tessera.app.keys import rotation

    async def work(context: "Context") -> "KeyRecord":
        found = await rotation.find(context, key)
        confirm(
            f"Retire {found.name} now? Its tokens become inactive, and clients have to request new ones.",
            f"The tokens of {found.name} would become inactive, and clients would have to request new ones. Give --yes"
            " to retire it.",
            yes=yes,
        )
        return await rotation.retire(context, key)

    record = with_context(data_dir, work)
    if as_json:
        output.document(output.record(record, moments=MOMENTS))
    else:
        output.message(f"{record.name}: Retired. Running servers refuse what it made within 250 ms.")
