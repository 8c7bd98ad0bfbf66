"""`tessera customers show`, `list`, `export`, `delete` and `purge`: looking at customers, and erasing them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from tessera.cli import output, progress
from tessera.cli.advice import CommandError
from tessera.cli.opening import check_folder, confirm, with_context
from tessera.cli.options import AsJSON, DataDir, Org, Yes, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.customers.records import Listed

SHOW_EXAMPLES = examples("customers show card-000057", "customers show ada@customers.example --json")
LIST_EXAMPLES = examples("customers list", "customers list --limit 500 --json")
EXPORT_EXAMPLES = examples("customers export card-000057", "customers export card-000057 --output record.json")
DELETE_EXAMPLES = examples("customers delete card-000057", "customers delete card-000057 --yes")
PURGE_EXAMPLES = examples(
    "customers purge", "customers purge --rewrite --database postgresql://tessera@db.example.com/tessera"
)

Who = Annotated[
    str,
    typer.Argument(
        help="The customer's id, any external id, or email address.", metavar="CUSTOMER", show_default=False
    ),
]


def show(who: Who, *, org: Org = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show one customer: profile, points and tier."""
    from tessera.app.customers import records
    from tessera.app.loyalty.program_lookup import program
    from tessera.app.organizations import organizations
    from tessera.core.customers import customers
    from tessera.core.customers.customers import Include

    async def work(context: "Context") -> Any:
        import msgspec

        organization = await organizations.find(context, org)
        found = await records.find(context, organization.number, who)
        wanted = Include(user_profile=True, identifiers=True, incentives=True)
        loyalty = await program(context, organization.number)
        return msgspec.json.decode(msgspec.json.encode(customers.view(found, loyalty, wanted)))

    user = with_context(data_dir, work)
    if as_json:
        output.document(user)
        return
    told = {name: value for name, value in user.items() if not isinstance(value, (dict, list))}
    output.pairs([(name.replace("_", " "), value) for name, value in told.items()])
    output.pairs(
        [
            ("external ids", ", ".join(each["external_id"] for each in user["identifiers"])),
            ("phone numbers", ", ".join(each["phone_number"] for each in user.get("phone_numbers") or [])),
            *((f"custom {name}", value) for name, value in user.get("user_profile", {}).items()),
        ]
    )


def list_all(
    *,
    org: Org = None,
    after: Annotated[
        str | None,
        typer.Option("--after", help="Continue after a page, by the cursor that it printed.", metavar="CURSOR"),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Maximum number.", min=1, max=10_000)] = 50,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """List customers, the oldest first, page by page."""
    from tessera.app.customers import records
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "Listed":
        organization = await organizations.find(context, org)
        return await records.listed(context, organization.number, after, limit)

    page = with_context(data_dir, work)
    if as_json:
        output.document({"customers": page.customers, "next_cursor": page.next_cursor})
        return
    output.table(
        (
            Column("id", short=17, id=True),
            Column("external id", short=24),
            Column("email", short=32),
            Column("name", drop=1, short=24),
        ),
        [
            (each.id, each.external_id or None, each.email or None, f"{each.first_name or ''} {each.last_name or ''}")
            for each in page.customers
        ],
    )
    if page.next_cursor is not None:
        output.message(f"There are more: --after {page.next_cursor}")


def export(
    who: Who,
    *,
    org: Org = None,
    file: Annotated[
        Path | None,
        typer.Option("--output", help="File to write, readable by this user only. Default: standard output."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Print one customer's whole record as JSON: profile, notes, balances, every entry, history, events."""
    from tessera.app.customers import export as customer_export
    from tessera.app.customers import records
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> int:
        organization = await organizations.find(context, org)
        found = await records.find(context, organization.number, who)
        written = 0
        await context.record("customer.export", context.in_audit(found.id), {"organization": organization.name})
        with _opened(file) as sink:
            async for piece in customer_export.pieces(context, organization.number, found):
                written += sink.write(piece)
        return written

    written = with_context(data_dir, work)
    if file is not None and as_json:
        output.document({"file": str(file), "bytes": written})
    elif file is not None:
        output.message(f"Wrote {written:,} bytes to {file}, readable by this user only.")


@contextmanager
def _opened(file: Path | None) -> Iterator[output.JSONSink | BinaryIO]:
    if file is None:
        yield output.JSONSink()
        return
    from tessera.files import new_file

    with new_file(file, replace=True) as made:
        yield made.file


def delete(who: Who, *, org: Org = None, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Erase a customer for good: profile, ids, phones, tags, events. The ledger stays, without a name."""
    from tessera.app.customers import records
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> str:
        organization = await organizations.find(context, org)
        found = await records.find(context, organization.number, who)
        confirm(
            f"Erase the customer {found.id} for good?",
            f"Erasing {found.id} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await records.erase(context, organization.number, found)
        return found.id

    erased = with_context(data_dir, work)
    if as_json:
        output.document({"id": erased})
    else:
        output.message(f"Erased {erased}. `tessera customers purge` removes what the files still hold of it.")


def purge(
    *,
    rewrite: Annotated[
        bool,
        typer.Option("--rewrite", help="PostgreSQL: rewrite every table; each is locked while it is rewritten."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Erase the bytes of deleted rows from the database files, while servers run.

    It can be interrupted and run again at any time.

    PostgreSQL: tables of up to 8 MB are rewritten. In larger tables dead rows are removed, but their
    bytes stay in PostgreSQL's files until they are overwritten, unless --rewrite is given. The
    write-ahead log, archives and backups keep their content until they are deleted.
    """
    from tessera import bootstrap, files, settings

    chosen = settings.load(data_dir=data_dir)
    check_folder(chosen, make=False)
    if rewrite and chosen.database_in_force is None:
        raise CommandError("--rewrite is for PostgreSQL. A SQLite file is erased completely without it.")
    if chosen.data_dir.is_dir():
        files.remove_abandoned(chosen.data_dir)
    with progress.staged() as report:
        done = bootstrap.database(chosen).purge(
            lambda step, part, total: report(step.value, part, total), rewrite=rewrite
        )
    if as_json:
        output.document(done._asdict())
        return
    output.message(f"Done: {done.bytes_before:,} bytes before, {done.bytes_after:,} after.")
    if done.not_rewritten:
        output.message(
            f"Not written anew, so that nobody had to wait: {', '.join(done.not_rewritten)}. Their dead rows are"
            " removed, but bytes of them stay in PostgreSQL's files until they are overwritten; --rewrite writes them"
            " anew."
        )
