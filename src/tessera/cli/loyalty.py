"""`tessera loyalty`: an organization's points, tiers and events, as a file declares them."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import output
from tessera.cli.advice import CommandError
from tessera.cli.groups import group
from tessera.cli.opening import confirm, with_context
from tessera.cli.options import AsJSON, DataDir, Org, Yes, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.loyalty.program_files import ProgramFile
    from tessera.app.loyalty.programs import Draft
    from tessera.core.loyalty.declaration import Declaration
    from tessera.core.loyalty.program import Program

app = group("Loyalty programs: point accounts and sources, tier systems, events.", "retailer_id")

_SIGNS = {"add": ("+", "green"), "restore": ("+", "green"), "change": ("~", "yellow"), "retire": ("-", "red"),
          "remove": ("-", "red")}  # fmt: skip


class Form(StrEnum):
    """`--format`."""

    YAML = "yaml"
    JSON = "json"


@app.command(
    "apply",
    ids=("retailer_id",),
    help=(
        "Change a program to the declaration in a file, after showing the changes.\n\n"
        "The file is YAML or JSON; its form is in docs/loyalty.md, and `tessera loyalty export` writes it. Parts"
        " missing from a section are retired; a missing section stays as it is. If the organization that the file names"
        " does not exist, it is created."
    ),
    epilog=examples("loyalty apply program.yaml --dry-run", "loyalty apply program.yaml --yes"),
)
def apply(
    file: Annotated[
        Path,
        typer.Argument(help="The declaration, YAML or JSON.", exists=True, dir_okay=False, readable=True,
                       metavar="FILE"),
    ],
    *,
    org: Org = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:  # fmt: skip
    """Change a program to the declaration in a file, after showing the changes."""
    from tessera.app.loyalty import program_files, programs
    from tessera.core.errors import PlatformRefusal

    with file.open("rb") as opened:
        declared = program_files.read(opened.read(program_files.FILE_BYTES_MAX + 1))

    async def work(context: "Context") -> "tuple[Draft, bool]":
        try:
            draft = await programs.draft(context, declared.declaration, org)
        except PlatformRefusal as refusal:
            raise _told(refusal, declared) from None
        if not as_json:
            _show_plan(draft)
        if dry_run or _nothing(draft):
            return draft, False
        _check(draft)
        confirm(
            f"Change the program of {draft.name}?",
            "Say --yes to change the program without being asked.",
            yes=yes,
        )
        await programs.carry_out_draft(context, draft, declared.declaration)
        return draft, True

    draft, applied = with_context(data_dir, work)
    if as_json:
        output.document(_plan_document(draft, applied=applied))
    elif applied:
        output.message(f"Done: the program of {draft.name} is as the file declares it.")


def _told(refusal: Any, declared: "ProgramFile") -> Exception:
    return CommandError(declared.where(refusal))


def _nothing(draft: "Draft") -> bool:
    return draft.organization is not None and not draft.proposal.plan.steps


def _check(draft: "Draft") -> None:
    """Raises CommandError when customers hold a level that is to go."""
    if draft.proposal.held:
        raise CommandError(f"Nothing was done: {' '.join(held.sentence for held in draft.proposal.held)}")


def _show_plan(draft: "Draft") -> None:
    if draft.organization is None:
        output.marked("+", "green", f"organization {draft.name} (retailer_id {draft.retailer_id})")
    for step in draft.proposal.plan.steps:
        output.marked(*_SIGNS[step.action], f"{step.what} {step.text}")
    if _nothing(draft):
        output.message(f"Nothing to change: the program of {draft.name} is as the file declares it.")
    left_alone = draft.proposal.plan.left_alone
    if left_alone:
        output.message(f"Left as they are, since the file does not name them: {', '.join(left_alone)}.")
    for held in draft.proposal.held:
        output.message(f"In the way: {held.sentence}")


def _plan_document(draft: "Draft", *, applied: bool) -> dict[str, Any]:
    created = draft.organization is None
    first = [{"action": "add", "what": "organization", "text": draft.name}] if created else []
    return {
        "organization": draft.name,
        "retailer_id": draft.retailer_id,
        "applied": applied,
        "plan": [*first, *(msgspec.to_builtins(step) for step in draft.proposal.plan.steps)],
        "left_alone": draft.proposal.plan.left_alone,
        "obstacles": [held.sentence for held in draft.proposal.held],
    }


@app.command(
    "export", epilog=examples("loyalty export --output program.yaml", 'loyalty export --org "Aurora" --format json')
)
def export(
    *,
    org: Org = None,
    form: Annotated[Form, typer.Option("--format", help="Format of the file.")] = Form.YAML,
    to: Annotated[
        Path | None, typer.Option("--output", help="File to write. Default: standard output.", metavar="FILE")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Export a program, in the form that apply reads."""
    from tessera import files
    from tessera.app.loyalty import program_files, programs
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "Declaration":
        return await programs.export(context, await organizations.find(context, org))

    declared = with_context(data_dir, work)
    text = program_files.write(declared, as_json=as_json or form is Form.JSON)
    if to is None:
        (output.yaml if form is Form.YAML and not as_json else output.json)(text.removesuffix("\n"))
    else:
        files.write(to, text.encode(), replace=True)
        output.message(f"Wrote the program of {declared.organization} to {to}, readable by this user only.")


@app.command("show", wide=True, epilog=examples('loyalty show --org "Aurora Coffee"'))
def show(*, org: Org = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show a program: its accounts, tiers, sources and events."""
    from tessera.app.loyalty import program_files, programs
    from tessera.app.organizations import organizations

    async def work(context: "Context") -> "tuple[Declaration, Program | None]":
        organization = await organizations.find(context, org)
        return await programs.export(context, organization), await context.store.whole_program(organization.number)

    declared, whole = with_context(data_dir, work)
    if as_json:
        output.document(msgspec.json.decode(program_files.write(declared, as_json=True)))
    elif whole is not None:
        _show_program(declared, whole)


def _show_program(declared: "Declaration", whole: "Program") -> None:
    from tessera.core.loyalty.declaration import listed

    output.pairs([("organization", declared.organization), ("retailer id", declared.retailer_id)])
    output.data()
    output.table(
        (
            Column("point account", short=32),
            Column("group", short=16),
            Column("points live", drop=1),
            Column("overdraw", drop=2),
            Column("state", drop=3),
            Column("id", short=17, id=True),
        ),
        [
            (
                each.name,
                each.grouping_label,
                "for ever" if each.lifetime_days is None else f"{each.lifetime_days} days",
                "yes" if each.overdraw else "no",
                "retired" if each.retired else "in use",
                each.id,
            )
            for each in whole.accounts
        ],
    )
    levels = [(form, level) for form in listed(declared, "tier_systems") for level in form.levels]
    output.data()
    output.table(
        (
            Column("tier system", drop=1, short=24),
            Column("tier level", short=24),
            "points",
            Column("to keep it", drop=2),
            Column("accounts", drop=3, short=32),
            Column("id", short=17, id=True),
        ),
        [
            (form.name, level.name, level.points, level.keep, " + ".join(level.accounts or []), level.id)
            for form, level in levels
        ],
    )
    output.data()
    output.table(
        (Column("point source", short=32), "state", Column("id", short=17, id=True)),
        [(each.name, "retired" if each.retired else "in use", each.id) for each in whole.sources],
    )
    output.data()
    output.table(
        (
            Column("event", short=24),
            Column("name", drop=1, short=24),
            Column("earns", short=32),
            Column("id", short=17, id=True),
        ),
        [
            (form.lookup, form.name, ", ".join(f"{award.points} {award.account}" for award in form.awards), form.id)
            for form in listed(declared, "events")
        ],
    )
