"""`tessera webhooks deliveries`: what did not arrive with the rest."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import output
from tessera.cli.opening import with_context
from tessera.cli.options import AsJSON, DataDir, Hook, Limit, Org, examples
from tessera.cli.tables import Column

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.core.webhooks.webhooks import Delivery

EXAMPLES = examples("webhooks deliveries shop", "webhooks deliveries shop --failed")


def deliveries(
    name: Hook,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only deliveries that were given up.")] = False,
    after: Annotated[
        int,
        typer.Option("--after", help="Continue after this number, the last of the previous page.", metavar="NUMBER"),
    ] = 0,
    limit: Limit = 50,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """List events that a receiver did not accept: retried one by one, or given up after three days."""
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> "list[Delivery]":
        _, webhook = await webhooks.find_named(context, org, name)
        return await webhooks.deliveries(context, webhook, given_up=failed, after=after, limit=limit)

    rows = [_delivery(each) for each in with_context(data_dir, work)]
    if as_json:
        output.document(rows)
    elif not rows:
        output.message(f"{name}: nothing {'was given up' if failed else 'is tried again by itself'}.")
    else:
        columns = ("number", "event", "kind", "attempts", "next_attempt_at", "gave_up_at", "last_error")
        titles = (
            Column("number", drop=4),
            Column("event", short=17, id=True),
            Column("kind", drop=2, short=24),
            Column("attempts", drop=3),
            "next attempt",
            Column("given up", drop=1),
            Column("last error", short=36),
        )
        output.table(titles, [[each[column] for column in columns] for each in rows])
        if len(rows) == limit:
            output.message(f"There may be more: --after {rows[-1]['number']}.")


def _delivery(delivery: "Delivery") -> dict[str, Any]:
    shown = {
        "number": delivery.event.number,
        "event": delivery.event.id,
        "kind": delivery.event.kind,
        "attempts": delivery.attempts,
        "next_attempt_at": None if delivery.gave_up_at is not None else delivery.next_attempt_at,
        "gave_up_at": delivery.gave_up_at,
        "last_error": delivery.last_error,
    }
    return output.timed(shown, ("next_attempt_at", "gave_up_at"))
