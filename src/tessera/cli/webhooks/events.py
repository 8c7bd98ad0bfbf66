"""`tessera events`: what happened, and sending it to a webhook again."""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tessera.cli import durations, output
from tessera.cli.groups import group
from tessera.cli.opening import with_context
from tessera.cli.options import AsJSON, DataDir, Limit, Org, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.webhooks.webhooks import Event

app = group("Events: list them, and replay them to a webhook.", "id")


def _shown(event: "Event") -> dict[str, Any]:
    shown = {"id": event.id, "kind": event.kind, "occurred_at": event.occurred_at, "data": msgspec.Raw(event.data)}
    return output.timed(shown, ("occurred_at",))


@app.command("list", epilog=examples("events list", "events list --kind points.earned --user USER_ID --limit 10"))
def list_all(
    *,
    kind: Annotated[str | None, typer.Option("--kind", help="Only events of this kind.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="Only events about this customer.", metavar="USER_ID")
    ] = None,
    after: Annotated[
        str | None,
        typer.Option("--after", help="Continue after this event, the last of the previous page.", metavar="EVENT"),
    ] = None,
    limit: Limit = 50,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """List events, the newest first."""
    from tessera.app.organizations import organizations
    from tessera.app.webhooks import events

    async def work(context: "Context") -> "list[Event]":
        organization = (await organizations.find(context, org)).number
        last = None if after is None else await events.find(context, after, organization)
        return await events.newest(context, organization, kind=kind, user=user, before=last, limit=limit)

    rows = [_shown(each) for each in with_context(data_dir, work)]
    if as_json:
        output.document(rows)
    elif not rows:
        output.message("There is no such event.")
    else:
        columns = ("occurred_at", "kind", "id", "data")
        cells = [[*(each[column] for column in columns[:-1]), bytes(each["data"]).decode()] for each in rows]
        output.table(
            ("when", Column("kind", short=24), Column("id", short=17, id=True), Column("data", drop=1, short=40)), cells
        )
        if len(rows) == limit:
            output.message(f"There may be more: --after {rows[-1]['id']}.")


@app.command("show", epilog=examples("events show 0190e5a1-77f3-7c21-8d3a-1f2e3d4c5b6a"))
def show(
    event: Annotated[str, typer.Argument(help="The event's id (webhook-id).", metavar="EVENT", show_default=False)],
    *,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Show one event: its time, its kind, and the content that webhooks receive."""
    from tessera.app.webhooks import events

    async def work(context: "Context") -> "Event":
        return await events.find(context, event)

    shown = _shown(with_context(data_dir, work))
    if as_json:
        output.document(shown)
        return
    output.pairs([("id", shown["id"]), ("kind", shown["kind"]), ("when", shown["occurred_at"])])
    output.document(shown["data"])


@app.command(
    "replay",
    ids=("webhook",),
    epilog=examples(
        "events replay --webhook shop --event 0190e5a1-77f3-7c21-8d3a-1f2e3d4c5b6a",
        "events replay --webhook shop --since 2030-01-31T12:00:00Z",
        "events replay --webhook shop --failed",
    ),
)
def replay(
    webhook: Annotated[str, typer.Option("--webhook", help="The webhook's name.", metavar="NAME")],
    *,
    event: Annotated[str | None, typer.Option("--event", help="Replay this event.", metavar="EVENT")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Replay all events since a time.", metavar="TIME")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Replay all events that failed or were given up.")] = False,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Replay events to a webhook, with the same ids. A running server sends them within a second."""
    from tessera.app.webhooks import events, webhooks

    if [event is not None, since is not None, failed].count(True) != 1:
        raise typer.BadParameter("Say one of --event, --since and --failed.")
    begin = None if since is None else durations.past(since)

    async def work(context: "Context") -> int:
        organization, hook = await webhooks.find_named(context, org, webhook)
        if event is not None:
            await events.replay_one(context, hook, await events.find(context, event, organization.number))
            return 1
        if begin is not None:
            return await events.replay_since(context, hook, begin)
        return await events.replay_failed(context, hook)

    count = with_context(data_dir, work)
    if as_json:
        output.document({"webhook": webhook, "events": count})
    else:
        output.message(f"{webhook}: {count} event{'' if count == 1 else 's'} will be sent again.")
