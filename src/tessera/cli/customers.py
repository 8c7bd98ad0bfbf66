"""`tessera customers`: bring customers in from a file, and what `customer_records` does with one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from tessera.cli import customer_records, output, progress
from tessera.cli.opening import with_house
from tessera.cli.options import AsJSON, DataDir, Org, examples, group

if TYPE_CHECKING:
    from tessera.app.customer_import import Tally
    from tessera.app.customer_rows import Format
    from tessera.app.house import House

DONE_IN_PART = 3

app = group("Customers of an organization.", "id")


class Form(StrEnum):
    """`--format`."""

    CSV = "csv"
    JSONL = "jsonl"


app.command("show", epilog=customer_records.SHOW_EXAMPLES)(customer_records.show)
app.command("list", epilog=customer_records.LIST_EXAMPLES)(customer_records.list_all)
app.command("export", epilog=customer_records.EXPORT_EXAMPLES)(customer_records.export)
app.command("delete", epilog=customer_records.DELETE_EXAMPLES)(customer_records.delete)
app.command("purge", epilog=customer_records.PURGE_EXAMPLES)(customer_records.purge)


@app.callback()
def customers() -> None:
    """Customers of an organization."""


@app.command(
    "import",
    help=(
        "Create or update customers, one a row.\n\n"
        "Columns (or members) are the fields of the profile, external_id or email among them; phone_number may stand"
        " for a list of one. Refused rows are named and stop no other (exit code 3). Importing a file again changes"
        " nothing."
    ),
    epilog=examples("customers import customers.csv", "customers import new.jsonl --org Aurora"),
)
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a header row, or JSON lines.", exists=True, dir_okay=False, readable=True, metavar="FILE"
        ),
    ],
    *,
    org: Org = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="How the file is written; told by its ending when left out.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create or update customers, one a row."""
    from tessera.app import customer_import, customer_rows, organizations

    form_of_file = _form(file, form)

    async def work(house: "House") -> "Tally":
        organization = await organizations.find(house, org)
        with file.open("rb") as opened, _progress(opened, file.stat().st_size) as report:
            rows = customer_rows.read(opened, form_of_file)
            return await customer_import.load(house, organization.number, rows, report)

    tally = with_house(data_dir, work)
    _show(tally, as_json=as_json)
    if tally.refused:
        raise typer.Exit(DONE_IN_PART)


def _form(file: Path, form: Form | None) -> "Format":
    from tessera.app.customer_rows import Format

    endings = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}
    known = endings.get(file.suffix.lower()) if form is None else Format[form.name]
    if known is None:
        raise typer.BadParameter(f"{file.name} ends neither in .csv nor in .jsonl: say which it is with --format.")
    return known


@contextmanager
def _progress(file: BinaryIO, total: int) -> "Iterator[Callable[[Tally], None]]":
    """A bar over the bytes of the file, at a terminal; nothing elsewhere."""
    with progress.of_bytes("rows", total) as advance:

        def report(tally: "Tally") -> None:
            rows = tally.created + tally.updated + tally.unchanged + tally.refused
            advance(file.tell() if file.seekable() else 0, rows)

        yield report


def _show(tally: "Tally", *, as_json: bool) -> None:
    refusals = [{"line": each.line, "reason": each.reason} for each in tally.refusals]
    counts = {each: getattr(tally, each) for each in ("created", "updated", "unchanged", "refused")}
    if as_json:
        output.document({**counts, "refusals": refusals})
        return
    for each in refusals:
        output.message(f"line {each['line']}: {each['reason']}")
    if tally.refused > len(refusals):
        output.message(f"... and {tally.refused - len(refusals)} more refused rows.")
    output.data(", ".join(f"{count} {name}" for name, count in counts.items()))
