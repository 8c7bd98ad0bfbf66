"""What an operator does with webhooks."""

from collections.abc import Sequence

import msgspec

from tessera.app.context import Context
from tessera.app.operators import OperatorError, check_reachable, check_text, commit
from tessera.app.organizations import organizations
from tessera.core.changes import (
    AddWebhook,
    DeleteWebhook,
    DisableWebhook,
    EnableWebhook,
    RotateWebhook,
    SetWebhook,
)
from tessera.core.nearest import nearest
from tessera.core.organizations import OrganizationRecord
from tessera.core.times import SECOND
from tessera.core.webhooks.deliveries import Answer
from tessera.core.webhooks.webhooks import (
    EVERYTHING,
    KINDS,
    SECRET_BYTES,
    TEST,
    Delivery,
    Event,
    Webhook,
    message,
    place_of,
    secret_text,
    unknown_kind,
    url_problem,
)
from tessera.ports import Sender

PAGE = 500


class IssuedWebhook(msgspec.Struct, frozen=True):
    """A webhook with a new secret, which is shown this once."""

    name: str
    organization: str
    url: str
    events: str
    secret: str


class Progress(msgspec.Struct, frozen=True):
    """A webhook and how far it is: events that wait to be told, deliveries tried again, those given up."""

    webhook: Webhook
    waiting: int
    failed: int
    given_up: int


async def create(context: Context, organization: OrganizationRecord, name: str, url: str, events: str) -> IssuedWebhook:
    """Create a webhook, told what happens from now on. Raises OperatorError."""
    check_text("The name", name)
    await _check_url(context, url)
    kinds = read_kinds(events)
    secret = context.entropy.random_bytes(SECRET_BYTES)
    enclosed = context.directory.encrypt(place_of(organization.number, name), secret)
    await commit(
        context,
        AddWebhook(
            organization=organization.number,
            name=name,
            url=url,
            kinds=kinds,
            secret=enclosed,
            created_at=context.clock.now(),
        ),
    )
    return IssuedWebhook(name, organization.name, url, kinds, secret_text(secret))


async def _check_url(context: Context, url: str) -> None:
    problem = url_problem(url)
    if problem is not None:
        raise OperatorError("webhook_url_malformed", problem=problem)
    await check_reachable(context, url)


def read_kinds(events: str) -> str:
    """Kinds of events as they are stored, from a list with commas. Raises OperatorError."""
    kinds = list(dict.fromkeys(each.strip() for each in events.split(",") if each.strip()))
    if kinds == [EVERYTHING]:
        return EVERYTHING
    if not kinds:
        raise OperatorError("webhook_kinds_empty", everything=EVERYTHING, known=KINDS)
    check_kinds(kinds)
    return ",".join(kinds)


def check_kinds(kinds: Sequence[str]) -> None:
    """Raises OperatorError for a kind that events cannot have."""
    unknown = unknown_kind(kinds)
    if unknown is not None:
        raise OperatorError(
            "event_kind_unknown", name=unknown, nearest=nearest(unknown, [*KINDS, EVERYTHING]), known=KINDS
        )


async def find(context: Context, organization: OrganizationRecord, name: str) -> Webhook:
    """The webhook of an organization with this name. Raises OperatorError."""
    found = await context.store.webhook(organization.number, name)
    if found is None:
        known = [each.name for each in await every(context, organization)]
        raise OperatorError(
            "webhook_not_found", organization=organization.name, name=name, nearest=nearest(name, known), known=known
        )
    return found


async def find_named(context: Context, org: str | None, name: str) -> tuple[OrganizationRecord, Webhook]:
    """An organization (the only one when not named) and its webhook with this name. Raises OperatorError."""
    organization = await organizations.find(context, org)
    return organization, await find(context, organization, name)


async def every(context: Context, organization: OrganizationRecord) -> list[Webhook]:
    """The webhooks of an organization."""
    return [each for each in await context.store.webhooks() if each.organization == organization.number]


async def progress(context: Context, webhook: Webhook) -> Progress:
    """How far a webhook is."""
    waiting = await context.store.waiting(webhook.organization, webhook.position)
    counts = await context.store.delivery_counts(webhook.number)
    wanted = sum(count for kind, count in waiting.items() if webhook.wants(kind))
    return Progress(webhook, wanted, counts.deliveries - counts.given_up, counts.given_up)


async def change(context: Context, webhook: Webhook, url: str | None, events: str | None) -> None:
    """Send a webhook to another URL, or other kinds of events. Raises OperatorError."""
    if url is None and events is None:
        raise OperatorError("webhook_change_empty")
    if url is not None:
        await _check_url(context, url)
    kinds = webhook.kinds if events is None else read_kinds(events)
    await commit(context, SetWebhook(webhook.number, webhook.url if url is None else url, kinds), about=webhook.name)


async def deliveries(context: Context, webhook: Webhook, *, given_up: bool, after: int, limit: int) -> list[Delivery]:
    """Deliveries of a webhook, in the order of their events: all of them, or those that were given up."""
    found: list[Delivery] = []
    while len(found) < limit:
        page = await context.store.deliveries(webhook.number, after, PAGE)
        found += [each for each in page if each.gave_up_at is not None or not given_up]
        if len(page) < PAGE:
            break
        after = page[-1].event.number
    return found[:limit]


def overlaps(context: Context, webhook: Webhook) -> bool:
    """Whether a former secret still signs beside the secret."""
    return webhook.former_ends_at is not None and webhook.former_ends_at > context.clock.now()


async def rotate(
    context: Context, organization: OrganizationRecord, webhook: Webhook, overlap_seconds: int
) -> IssuedWebhook:
    """Give a webhook another secret; the one it has signs beside it for a while. Raises OperatorError."""
    secret = context.entropy.random_bytes(SECRET_BYTES)
    enclosed = context.directory.encrypt(webhook.place, secret)
    ends_at = context.clock.now() + overlap_seconds * SECOND
    await commit(context, RotateWebhook(webhook.number, enclosed, webhook.secret, ends_at), about=webhook.name)
    return IssuedWebhook(webhook.name, organization.name, webhook.url, webhook.kinds, secret_text(secret))


async def disable(context: Context, webhook: Webhook) -> None:
    """Tell a webhook nothing for now; what happens is kept for it. Raises OperatorError."""
    await commit(context, DisableWebhook(webhook.number, context.clock.now(), None), about=webhook.name)


async def enable(context: Context, webhook: Webhook) -> None:
    """Send a disabled webhook what happens again, from where it was. Raises OperatorError."""
    await commit(context, EnableWebhook(webhook.number), about=webhook.name)


async def delete(context: Context, webhook: Webhook) -> None:
    """Delete a webhook with its deliveries. Raises OperatorError."""
    await commit(context, DeleteWebhook(webhook.number), about=webhook.name)


def secrets_in_force(context: Context, webhook: Webhook, now: int) -> list[bytes]:
    """The secrets that sign now: the webhook's, and its former one until that ends. Raises Unusable."""
    secrets = [context.directory.decrypt(webhook.place, webhook.secret)]
    if webhook.former_secret is not None and (webhook.former_ends_at or 0) > now:
        secrets.append(context.directory.decrypt(webhook.place, webhook.former_secret))
    return secrets


async def test(context: Context, sender: Sender, webhook: Webhook) -> Answer:
    """Send a message that says nothing but that the webhook works, once, disabled or not; what came of it."""
    now = context.clock.now()
    data = msgspec.json.encode({"webhook": webhook.name}).decode()
    event = Event(
        number=0, id=context.new_uuid(), organization=webhook.organization, kind=TEST, data=data, occurred_at=now
    )
    made = message(event, secrets_in_force(context, webhook, now), now)
    return await sender.send(webhook.url, made.headers, made.body)
