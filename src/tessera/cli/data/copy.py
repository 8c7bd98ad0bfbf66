"""`tessera copy`: everything from one database to another, of whichever engine."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from tessera.cli import output, progress
from tessera.cli.options import AsJSON, examples

if TYPE_CHECKING:
    from tessera.store.transfer.copying import Copied

EXAMPLES = examples(
    "copy --from sqlite:./var --to postgresql://tessera@db.example.com/tessera",
    "copy --from postgresql://tessera@db.example.com/tessera --to sqlite:/srv/tessera",
)

_NAMES = "sqlite:PATH or postgresql://USER@HOST/NAME"


def copy(
    *,
    source: Annotated[str, typer.Option("--from", help=f"Database to read: {_NAMES}.", metavar="DATABASE")],
    target: Annotated[
        str, typer.Option("--to", help="Empty database to write, named in the same way.", metavar="DATABASE")
    ],
    online: Annotated[
        bool, typer.Option("--online", help="Copy the present state of running servers. Later writes are not copied.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start over if an unfinished copy cannot be continued.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Copy all data to an empty database of either engine, and compare every row.

    Stop the servers first. If the copy is interrupted, run it again to continue. The master key is not copied.
    """
    from tessera.ops.clock import SystemClock
    from tessera.store.transfer import copying, places

    begun = time.monotonic()
    ends = places.end(source), places.end(target)
    done = copying.copy(*ends, copying.Wish(online, restart), progress.counted, SystemClock().now())
    _show(done, ends[0].text, ends[1].text, time.monotonic() - begun, as_json=as_json)


def _show(done: "Copied", source: str, target: str, seconds: float, *, as_json: bool) -> None:
    rows = done.digest.rows
    if as_json:
        told = {"rows": rows, "resumed_rows": done.resumed, "tables": done.digest.tables, "hash": done.digest.hash}
        output.document({"from": source, "to": target, **told, "seconds": round(seconds, 1)})
        return
    output.pairs([("rows", f"{rows:,}"), ("hash", done.digest.hash), ("seconds", f"{seconds:,.1f}")])
    output.message(
        f"Copied {source} to {target}; every row was read back and is the same. Servers need the same master key"
        " there. Never start them on both."
    )
