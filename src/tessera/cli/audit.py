"""`tessera audit`: who did what, when and from where; and whether anybody has tampered with it."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import durations, output
from tessera.cli.groups import group
from tessera.cli.opening import with_context
from tessera.cli.options import AsJSON, DataDir, Limit, examples
from tessera.cli.tables import Column
from tessera.core.nearest import hint

if TYPE_CHECKING:
    from tessera.app.administration.audit import Verdict
    from tessera.app.context import Context
    from tessera.core.administration.audit_chain import Entry

app = group("Audit log: who did what, when and from where, tamper-evident.", "id")


def _shown(entry: "Entry") -> dict[str, Any]:
    detail: object = msgspec.Raw(entry.detail.encode())
    try:
        msgspec.json.decode(entry.detail)
    except msgspec.DecodeError:  # somebody has tampered with it
        detail = entry.detail
    shown = {**msgspec.structs.asdict(entry), "at_microseconds": entry.at, "detail": detail}
    return output.timed(shown, ("at",))


@app.command(
    "list",
    epilog=examples(
        "audit list", "audit list --action application.create --since 2030-01-31", 'audit list --actor "operator ada"'
    ),
)
def list_all(
    *,
    actor: Annotated[
        str | None, typer.Option("--actor", help="Only entries by this actor, written as in the list.", metavar="ACTOR")
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="Only entries of this action.", metavar="ACTION")
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", help="Only entries about this client id, name, key or customer id.", metavar="TARGET"),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only entries since this time.", metavar="TIME")] = None,
    before: Annotated[
        int | None,
        typer.Option("--before", help="Continue before this entry, the last of the previous page.", metavar="NUMBER"),
    ] = None,
    limit: Limit = 50,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """List audit entries, the newest first."""
    from tessera.app.administration import audit
    from tessera.ports import Search

    search = Search(actor, action, target, 0 if since is None else durations.past(since))

    async def work(context: "Context") -> "tuple[list[Entry], dict[str, str]]":
        entries = await audit.newest(context, search, before=before, limit=limit)
        return entries, {} if as_json else await audit.names(context, entries)

    found, names = with_context(data_dir, work)
    if as_json:
        output.document([_shown(each) for each in found])
    elif not found:
        output.message(
            f"There is no such entry.{'' if action is None else hint(action, sorted(_actions() - {action}))}"
        )
    else:
        output.table(
            (
                Column("number", drop=2),
                "when",
                Column("who", drop=1, short=24),
                Column("from", drop=3),
                Column("what", short=24),
                Column("to", short=32),
                Column("detail", drop=4, short=40),
            ),
            [
                (
                    each.number,
                    output.moment(each.at),
                    _with_name(each.actor, names),
                    each.source,
                    each.action,
                    _with_name(each.target, names),
                    each.detail,
                )
                for each in found
            ],
        )
        if len(found) == limit:
            output.message(f"There may be more: --before {found[-1].number}.")


def _actions() -> set[str]:
    """The actions by which changes of the database are recorded."""
    from tessera.core.administration import audit

    return {each.action for each in audit.AUDITED_CHANGES.values()}


def _with_name(text: str, names: dict[str, str]) -> str:
    """An actor or a target; the name of an application stands before its client id."""
    kind, _, client_id = text.rpartition(" ")
    name = names.get(client_id)
    return text if name is None else f"{kind} {name} ({client_id})".lstrip()


@app.command("verify", epilog=examples("audit verify", f"audit verify --number 1204 --head {'3f' * 32}"))
def verify(
    *,
    head: Annotated[
        str | None, typer.Option("--head", help="The hash that was recorded for that entry.", metavar="HASH")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--number", help="The number of an entry that was recorded earlier.", metavar="NUMBER")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Verify the hash chain. Exit code 1 if an entry was changed, removed, inserted or moved."""
    from tessera.app.administration import audit

    async def work(context: "Context") -> "Verdict":
        return await audit.verify(context, head=head, number=number)

    verdict = with_context(data_dir, work)
    if as_json:
        output.document({"whole": verdict.whole, **msgspec.structs.asdict(verdict)})
    else:
        _tell(verdict)
    if not verdict.whole:
        raise typer.Exit(1)


def _tell(verdict: "Verdict") -> None:
    for each in verdict.shown:
        output.data(each)
    if verdict.problems > len(verdict.shown):
        output.data(f"And {verdict.problems - len(verdict.shown):,} more places.")
    output.data(f"{verdict.intact:,} of {verdict.entries:,} entries are intact.")
    if verdict.purged:
        output.data(f"{verdict.purged:,} entries of refusals were deleted when their time was over.")
    output.data(f"To notice later that the end was cut off, note: --number {verdict.number} --head {verdict.hash}")


@app.command("export", epilog=examples("audit export > audit.jsonl"))
def export(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Print all entries as JSON, one a line, the oldest first, with their hashes; with --json as one document.

    A checkpoint replaces refusals that were deleted after their retention time.
    """
    from tessera.app.administration import audit
    from tessera.core.administration.audit_chain import Entry

    async def work(context: "Context") -> None:
        before = "["
        async for each in audit.told_in_order(context):
            line = msgspec.json.encode(_shown(each) if isinstance(each, Entry) else each).decode()
            output.json(f"{before}{line}" if as_json else line)
            before = ","
        if as_json:
            output.json("[]" if before == "[" else "]")

    with_context(data_dir, work)
