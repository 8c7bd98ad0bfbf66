"""`tessera customers import`: bring customers in from a file, or tell what that would do."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from tessera.cli import output, progress
from tessera.cli.opening import with_context
from tessera.cli.options import AsJSON, DataDir, Org, Quiet, examples

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.customers.files.bulk_import import Tally, Warned
    from tessera.app.customers.files.columns import Layout
    from tessera.app.customers.files.faults import Refused
    from tessera.app.customers.files.reading import Format

DONE_IN_PART = 3

HELP = (
    "Create or update customers, one per row.\n\n"
    "Columns (or members) are the fields of the profile. One of external_id, identifiers or email is required."
    " phone_number is a phone list of one. Case, blanks, _ and - make no difference in the names of columns. An empty"
    " cell leaves the field of a new customer empty, and clears the field of an existing one. A refused row is"
    " reported with all its errors and does not stop the others (exit code 3). Importing a file again changes nothing."
)
EXAMPLES = examples(
    "customers import customers.csv --dry-run",
    "customers import new.jsonl --org Aurora",
    "customers import export.csv --map Vorname=first_name --ignore-columns Notes,Branch",
    "customers import old.csv --separator semicolon --encoding windows-1252 --strict",
)


class Form(StrEnum):
    """`--format`."""

    CSV = "csv"
    JSONL = "jsonl"


def import_file(  # noqa: PLR0913  # typer makes a flag of each
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a header row, or JSON lines.", exists=True, dir_okay=False, readable=True, metavar="FILE"
        ),
    ],
    *,
    org: Org = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="Format of the file. Default: by its extension.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen; write nothing.")] = False,
    separator: Annotated[
        str | None,
        typer.Option(
            help="Separator of the columns: comma, semicolon, tab, pipe, or another character. Default: recognized"
            " from the header.",
            metavar="SEPARATOR",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            help="Encoding of the file, for example windows-1252. Default: UTF-8, or UTF-16 by its byte order mark.",
            metavar="ENCODING",
        ),
    ] = None,
    renamed: Annotated[
        list[str] | None,
        typer.Option("--map", help="A column with a different name. Repeatable.", metavar="COLUMN=MEMBER"),
    ] = None,
    ignored: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore-columns",
            help="Columns to ignore, separated by commas. Repeatable.",
            metavar="COLUMNS",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse rows in which a spreadsheet seems to have corrupted a value.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
    quiet: Quiet = False,
) -> None:
    """Create or update customers, one per row."""
    from tessera.app.customers.files import bulk_import, reading
    from tessera.app.organizations import organizations

    if quiet and (as_json or dry_run):
        raise typer.BadParameter("Say --json, --dry-run or --quiet: one of them.")
    form_of_file = _form(file, form)
    layout = _layout(separator, encoding, renamed or (), ignored or ())

    async def work(context: "Context") -> "Tally":
        organization = await organizations.find(context, org)
        with file.open("rb") as opened, _progress(opened, file.stat().st_size) as report:
            contents = reading.read(opened, form_of_file, layout, context.clock.now())
            _say_recognized(contents.encoding, contents.separator)
            load = partial(bulk_import.load, each_customer=output.data if quiet else None)
            bring_in = bulk_import.dry_run if dry_run else load
            return await bring_in(context, organization.number, contents.rows, report, strict=strict)

    tally = with_context(data_dir, work)
    _show(tally, dry_run=dry_run, as_json=as_json, quiet=quiet)
    if tally.refused:
        raise typer.Exit(DONE_IN_PART)


def _say_recognized(encoding: str | None, separator: str | None) -> None:
    if encoding is not None:
        output.message(f"The file is {encoding.upper()}, and is read so.")
    if separator is not None:
        output.message(
            f"The columns are separated by {separator}, which the first line shows; --separator overrides it."
        )


def _layout(separator: str | None, encoding: str | None, renamed: Sequence[str], ignored: Sequence[str]) -> "Layout":
    from tessera.app.customers.files import columns, lines

    named = None if encoding is None else lines.encoding_named(encoding)
    return columns.layout(separator, named, renamed, ignored)


def _form(file: Path, form: Form | None) -> "Format":
    from tessera.app.customers.files.reading import Format

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


def _show(tally: "Tally", *, dry_run: bool, as_json: bool, quiet: bool) -> None:
    counts = {each: getattr(tally, each) for each in ("created", "updated", "unchanged", "refused")}
    if as_json:
        refusals = [_document(each) for each in tally.refusals]
        warnings = [_document(each) for each in tally.warnings]
        output.document(
            {"dry_run": dry_run, **counts, "warned": tally.warned, "refusals": refusals, "warnings": warnings}
        )
        return
    _show_rows("refused rows", tally.refusals, tally.refused)
    _show_rows("rows with a warning", tally.warnings, tally.warned, "warning: ")
    if tally.warned:
        counts["with a warning"] = tally.warned
    if quiet:
        return
    text = ", ".join(f"{count} {name}" for name, count in counts.items())
    output.data(f"Dry run, nothing was written: {text}" if dry_run else text)


def _document(row: "Refused | Warned") -> dict[str, Any]:
    faults = [each._asdict() for each in row.faults]
    return {"line": row.line, "reason": " ".join(map(str, row.faults)), "faults": faults}


def _show_rows(what: str, rows: "Sequence[Refused | Warned]", total: int, label: str = "") -> None:
    for row in rows:
        for fault in row.faults:
            output.message(f"line {row.line}: {label}{fault}")
    if total > len(rows):
        output.message(f"... and {total - len(rows)} more {what}.")
