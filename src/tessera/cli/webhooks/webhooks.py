"""`tessera webhooks`: who is told what happens, and how far they are."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tessera.cli import durations, output
from tessera.cli.groups import group
from tessera.cli.opening import confirm, with_context
from tessera.cli.options import AsJSON, DataDir, Hook, Org, Yes, examples
from tessera.cli.tables import Column
from tessera.cli.webhooks import deliveries

if TYPE_CHECKING:
    from tessera.app.context import Context
    from tessera.app.webhooks.webhooks import IssuedWebhook, Progress
    from tessera.core.organizations import OrganizationRecord
    from tessera.core.webhooks.deliveries import Answer
    from tessera.core.webhooks.webhooks import Webhook

app = group("Webhooks: the receivers of events, and their progress.", "name")
app.command("deliveries", ids=("event",), epilog=deliveries.EXAMPLES)(deliveries.deliveries)

MOMENTS = ("created_at", "disabled_at", "next_attempt_at", "delivered_at", "former_secret_ends_at")

Url = Annotated[str, typer.Option("--url", help="URL of the receiver: https://..., or http:// on this machine.")]
Kinds = Annotated[
    str, typer.Option("--events", help="Kinds of events, separated by commas; all for every kind.", metavar="KINDS")
]


def _show_once(made: "IssuedWebhook", *, as_json: bool, sentence: str) -> None:
    if as_json:
        output.document(output.record(made))
        return
    output.message(sentence)
    output.pairs([("URL", made.url), ("events", made.events), ("secret", made.secret)])
    output.message("The secret is shown this once.")


@app.command(
    "create",
    epilog=examples(
        "webhooks create shop --url https://shop.example/hook",
        "webhooks create tiers --url https://shop.example/hook --events tier.promoted,tier.demoted",
    ),
)
def create(
    name: Annotated[str, typer.Argument(help="The webhook's name.", metavar="NAME", show_default=False)],
    url: Url,
    *,
    kinds: Kinds = "all",
    org: Org = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Create a webhook for events from now on. Its secret is shown only once."""
    from tessera.app.organizations import organizations
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> "IssuedWebhook":
        return await webhooks.create(context, await organizations.find(context, org), name, url, kinds)

    made = with_context(data_dir, work)
    _show_once(made, as_json=as_json, sentence=f"Created the webhook {name} of {made.organization}.")


def _state(webhook: "Webhook") -> str:
    if webhook.disabled_at is not None:
        return "disabled"
    return "failing" if webhook.failures else "ok"


def _listed(webhook: "Webhook", organization: str) -> dict[str, Any]:
    """A webhook as it is listed: never its secrets."""
    shown = output.record(webhook)
    for secret in ("secret", "former_secret", "kinds"):
        del shown[secret]
    shown |= {"organization": organization, "events": webhook.kinds, "state": _state(webhook)}
    shown["former_secret_ends_at"] = shown.pop("former_ends_at")
    shown["next_attempt_at"] = webhook.next_attempt_at or None
    return output.timed(shown, MOMENTS)


@app.command("list", epilog=examples("webhooks list", "webhooks list --json"))
def list_all(*, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """List all webhooks."""

    async def work(context: "Context") -> list[dict[str, Any]]:
        names = {each.number: each.name for each in await context.store.organizations()}
        return [_listed(each, names[each.organization]) for each in await context.store.webhooks()]

    listed = with_context(data_dir, work)
    if as_json:
        output.document(listed)
    elif not listed:
        output.message("There is no webhook yet. Create one: `tessera webhooks create NAME --url URL`.")
    else:
        columns = ("name", "organization", "state", "events", "delivered_at", "failures", "url")
        titles = (
            Column("name", short=24),
            Column("organization", drop=2, short=24),
            "state",
            Column("events", drop=3, short=24),
            Column("last delivery", drop=1),
            Column("failures", drop=4),
            Column("URL", short=48),
        )
        output.table(titles, [[each[column] for column in columns] for each in listed])


@app.command("show", epilog=examples("webhooks show shop"))
def show(name: Hook, *, org: Org = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Show one webhook: its position, waiting events, last failure and next attempt."""
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> "tuple[OrganizationRecord, Progress]":
        organization, webhook = await webhooks.find_named(context, org, name)
        return organization, await webhooks.progress(context, webhook)

    organization, progress = with_context(data_dir, work)
    webhook = progress.webhook
    shown = _listed(webhook, organization.name)
    counts = {"waiting": progress.waiting, "failed": progress.failed, "given_up": progress.given_up}
    if as_json:
        output.document(shown | counts)
        return
    output.pairs(
        [
            ("name", webhook.name),
            ("organization", organization.name),
            ("state", shown["state"]),
            ("URL", webhook.url),
            ("events", webhook.kinds),
            ("created", output.moment(webhook.created_at)),
            ("position", webhook.position),
            ("events waiting", progress.waiting),
            ("last delivery", output.moment(webhook.delivered_at)),
            ("failures in a row", webhook.failures),
            ("last error", webhook.last_error),
            ("next attempt", output.moment(webhook.next_attempt_at or None)),
            ("tried again by itself", progress.failed),
            ("given up", progress.given_up),
            ("former secret ends", output.moment(webhook.former_ends_at)),
        ]
    )


@app.command(
    "set", epilog=examples("webhooks set shop --url https://shop.example/new", "webhooks set shop --events all")
)
def change(
    name: Hook,
    *,
    url: Annotated[str | None, typer.Option("--url", help="The new URL of the receiver.")] = None,
    kinds: Annotated[
        str | None, typer.Option("--events", help="Kinds of events, separated by commas, or all.", metavar="KINDS")
    ] = None,
    org: Org = None,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Change the URL or the kinds of events of a webhook. Waiting events are sent at once."""
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> dict[str, Any]:
        _, webhook = await webhooks.find_named(context, org, name)
        await webhooks.change(context, webhook, url, kinds)
        return await _now(context, org, name)

    _done(with_context(data_dir, work), "Changed.", as_json=as_json)


async def _now(context: "Context", org: str | None, name: str) -> dict[str, Any]:
    from tessera.app.webhooks import webhooks

    organization, webhook = await webhooks.find_named(context, org, name)
    return _listed(webhook, organization.name)


def _done(shown: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        output.document(shown)
    else:
        output.message(f"{shown['name']}: {sentence}")


@app.command("rotate", ids=("name",), epilog=examples("webhooks rotate shop --overlap 7d"))
def rotate(
    name: Hook,
    *,
    overlap: Annotated[
        str, typer.Option("--overlap", help="How long both secrets sign: 7d, 12h, 0.", metavar="DURATION")
    ] = "7d",
    org: Org = None,
    yes: Yes = False,
    data_dir: DataDir = None,
    as_json: AsJSON = False,
) -> None:
    """Rotate a webhook's secret. The new one is shown only once; both sign until the overlap ends."""
    from tessera.app.webhooks import webhooks

    seconds = durations.seconds(overlap)

    async def work(context: "Context") -> "IssuedWebhook":
        organization, webhook = await webhooks.find_named(context, org, name)
        if webhooks.overlaps(context, webhook):
            ends = output.moment(webhook.former_ends_at)
            confirm(
                f"The secret before this one still signs, until {ends}: with another one it ends now. Go on?",
                f"The secret before this one still signs, until {ends}. Wait for that, or say --yes to end it now.",
                yes=yes,
            )
        return await webhooks.rotate(context, organization, webhook, seconds)

    made = with_context(data_dir, work)
    _show_once(made, as_json=as_json, sentence=f"{name}: the former secret signs too, for {overlap} from now.")


@app.command("disable", epilog=examples("webhooks disable shop"))
def disable(name: Hook, *, org: Org = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Disable a webhook. Its events are kept."""
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> dict[str, Any]:
        await webhooks.disable(context, (await webhooks.find_named(context, org, name))[1])
        return await _now(context, org, name)

    _done(
        with_context(data_dir, work), "Disabled. What happens is kept until it is enabled or deleted.", as_json=as_json
    )


@app.command("enable", epilog=examples("webhooks enable shop"))
def enable(name: Hook, *, org: Org = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Enable a disabled webhook again. It continues from its position."""
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> dict[str, Any]:
        await webhooks.enable(context, (await webhooks.find_named(context, org, name))[1])
        return await _now(context, org, name)

    _done(with_context(data_dir, work), "Enabled. What was kept is sent now.", as_json=as_json)


@app.command("delete", epilog=examples("webhooks delete shop --yes"))
def delete(name: Hook, *, org: Org = None, yes: Yes = False, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Delete a webhook. Its waiting events are not sent."""
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> dict[str, Any]:
        organization, webhook = await webhooks.find_named(context, org, name)
        confirm(
            f"Delete the webhook {name} of {organization.name} for good?",
            f"Deleting {name} cannot be undone. Say --yes to do it.",
            yes=yes,
        )
        await webhooks.delete(context, webhook)
        return _listed(webhook, organization.name)

    _done(with_context(data_dir, work), "Deleted.", as_json=as_json)


@app.command("test", ids=("webhook",), epilog=examples("webhooks test shop"))
def send_test(name: Hook, *, org: Org = None, data_dir: DataDir = None, as_json: AsJSON = False) -> None:
    """Send a signed `webhook.test` message now, and show the answer. Exit code 1 if it did not arrive."""
    from tessera import wiring
    from tessera.app.webhooks import webhooks

    async def work(context: "Context") -> "Answer":
        _, webhook = await webhooks.find_named(context, org, name)
        async with wiring.open_sender(context) as sender:
            return await webhooks.test(context, sender, webhook)

    answer = with_context(data_dir, work)
    if as_json:
        output.document({"webhook": name, "arrived": answer.arrived, "status": answer.status, "text": answer.text})
    elif answer.status is None:
        output.message(f"{name}: nothing arrived: {answer.text}.")
    else:
        output.message(f"{name}: {'arrived' if answer.arrived else 'refused'}, the answer was {answer.status}.")
        if answer.text:
            output.data(answer.text)
    if not answer.arrived:
        raise typer.Exit(1)
