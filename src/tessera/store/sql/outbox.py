"""The outbox: what happened, who is told, and how far they are."""

import msgspec

from tessera.core import changes
from tessera.core.webhooks.webhooks import Event, Webhook
from tessera.ports.outbox import Counts
from tessera.store.sql.statement import Select, Statement

WRITES: dict[type[changes.Change], tuple[Statement, ...]] = {
    changes.AddEvent: (
        Statement(
            "insert into event (id, organization, kind, data, occurred_at, user_id)"
            " values (:id, :organization, :kind, :data, :occurred_at, :user_id)"
        ),
    ),
    changes.AddWebhook: (
        Statement(
            "insert into webhook (organization, name, url, kinds, secret, created_at, position, failures,"
            " next_attempt_at) values (:organization, :name, :url, :kinds, :secret, :created_at,"
            " (select coalesce(max(number), 0) from event), 0, 0) on conflict do nothing",
            "the webhook's name is free",
        ),
    ),
    changes.SetWebhook: (
        Statement(
            "update webhook set url = :url, kinds = :kinds, failures = 0, next_attempt_at = 0 where number = :webhook",
            "the webhook exists",
        ),
    ),
    changes.RotateWebhook: (
        Statement(
            "update webhook set former_secret = secret, former_ends_at = :former_ends_at, secret = :secret"
            " where number = :webhook and secret = :was_secret",
            "the webhook has this secret",
        ),
    ),
    changes.DisableWebhook: (
        Statement(
            "update webhook set paused_at = :at, last_error = coalesce(:reason, last_error)"
            " where number = :webhook and paused_at is null",
            "the webhook is not disabled",
        ),
    ),
    changes.EnableWebhook: (
        Statement(
            "update webhook set paused_at = null, failures = 0, next_attempt_at = 0"
            " where number = :webhook and paused_at is not null",
            "the webhook is disabled",
        ),
    ),
    changes.DeleteWebhook: (
        Statement("delete from delivery where webhook = :webhook"),
        Statement("delete from webhook where number = :webhook", "the webhook exists"),
    ),
    changes.MoveWebhook: (
        Statement(
            "update webhook set position = :position, failures = :failures, next_attempt_at = :next_attempt_at,"
            " delivered_at = coalesce(:delivered_at, delivered_at), last_error = coalesce(:last_error, last_error)"
            " where number = :webhook and position = :was_position",
            "the webhook is at this position",
        ),
    ),
    changes.AddDelivery: (
        Statement(
            "insert into delivery (webhook, event, attempts, next_attempt_at, last_error)"
            " values (:webhook, :event, :attempts, :next_attempt_at, :last_error)"
            " on conflict (webhook, event) do update set attempts = excluded.attempts,"
            " next_attempt_at = excluded.next_attempt_at, last_error = excluded.last_error, gave_up_at = null"
        ),
    ),
    changes.PostponeDelivery: (
        Statement(
            "update delivery set attempts = :attempts, next_attempt_at = :next_attempt_at, last_error = :last_error,"
            " gave_up_at = :gave_up_at where webhook = :webhook and event = :event and attempts = :was_attempts",
            "the delivery was attempted this often",
        ),
    ),
    changes.EndDelivery: (
        Statement("delete from delivery where webhook = :webhook and event = :event and attempts = :attempts"),
        Statement("update webhook set delivered_at = :at where number = :webhook"),
    ),
    changes.RetryDeliveries: (
        Statement(
            "update delivery set attempts = 0, next_attempt_at = :now, gave_up_at = null where webhook = :webhook"
        ),
    ),
}


class WebhookInForceRow(msgspec.Struct, frozen=True):
    """A webhook, and 1 for `is_due` when one of its deliveries is due."""

    number: int
    organization: int
    name: str
    url: str
    kinds: str
    secret: bytes
    former_secret: bytes | None
    former_ends_at: int | None
    created_at: int
    disabled_at: int | None
    position: int
    failures: int
    next_attempt_at: int
    delivered_at: int | None
    last_error: str | None
    is_due: int


_WEBHOOK = (
    "select w.number, w.organization, w.name, w.url, w.kinds, w.secret, w.former_secret, w.former_ends_at,"
    " w.created_at, w.paused_at as disabled_at, w.position, w.failures, w.next_attempt_at, w.delivered_at,"
    " w.last_error"
)
WEBHOOKS = Select(f"{_WEBHOOK} from webhook w order by w.number", Webhook)
WEBHOOK = Select(f"{_WEBHOOK} from webhook w where w.organization = :organization and w.name = :name", Webhook)
WEBHOOKS_IN_FORCE = Select(
    f"{_WEBHOOK}, case when exists (select 1 from delivery d where d.webhook = w.number"
    " and d.next_attempt_at <= :now) then 1 else 0 end as is_due"
    " from webhook w where w.paused_at is null order by w.number",
    WebhookInForceRow,
)

_EVENT_COLUMNS = "e.number, e.id, e.organization, e.kind, e.data, e.occurred_at"
_EVENT = f"select {_EVENT_COLUMNS} from event e"
EVENTS_AFTER = Select(
    f"{_EVENT} where e.organization = :organization and e.number > :after order by e.number limit :limit", Event
)
EVENTS_BEFORE = Select(
    f"{_EVENT} where e.organization = :organization and e.number < :before order by e.number desc limit :limit", Event
)
EVENT = Select(f"{_EVENT} where e.id = :id order by e.number limit 1", Event)
LAST_EVENT = "select coalesce(max(number), 0) from event"
EVENTS_ABOUT = Select(
    f"{_EVENT} where e.user_id = :user_id and e.number > :after order by e.number limit :limit", Event
)


class EventTimeRow(msgspec.Struct, frozen=True):
    """A row of `EVENT_SPAN`."""

    number: int
    occurred_at: int


class WaitingRow(msgspec.Struct, frozen=True):
    """A row of `WAITING`: how many events of a kind wait."""

    kind: str
    events: int


class DeliveryRow(msgspec.Struct, frozen=True):
    """A row of `DELIVERIES`: a delivery, and its event."""

    webhook: int
    attempts: int
    next_attempt_at: int
    last_error: str | None
    gave_up_at: int | None
    number: int
    id: str
    organization: int
    kind: str
    data: str
    occurred_at: int


EVENT_SPAN = Select(
    "select number, occurred_at from event where number > :after order by number limit :limit", EventTimeRow
)
WAITING = Select(
    "select kind, count(*) as events from event where organization = :organization and number > :position"
    " group by kind",
    WaitingRow,
)

_DELIVERY = (
    f"select d.webhook, d.attempts, d.next_attempt_at, d.last_error, d.gave_up_at, {_EVENT_COLUMNS} from delivery d"
    " join webhook w on w.number = d.webhook"
    " join event e on e.number = d.event and e.organization = w.organization where d.webhook = :webhook"
)
DELIVERIES_DUE = Select(
    f"{_DELIVERY} and d.next_attempt_at <= :now order by d.next_attempt_at, d.event limit :limit", DeliveryRow
)
DELIVERIES = Select(f"{_DELIVERY} and d.event > :after order by d.event limit :limit", DeliveryRow)
DELIVERY_COUNTS = Select(
    "select count(*) as deliveries, count(gave_up_at) as given_up from delivery where webhook = :webhook", Counts
)
