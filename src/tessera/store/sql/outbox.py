"""The outbox: what happened, who is told, and how far they are."""

from tessera.core import changes
from tessera.store.sql.statement import Statement

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

_WEBHOOK = (
    "select w.number, w.organization, w.name, w.url, w.kinds, w.secret, w.former_secret, w.former_ends_at,"
    " w.created_at, w.paused_at, w.position, w.failures, w.next_attempt_at, w.delivered_at, w.last_error"
)
WEBHOOKS = f"{_WEBHOOK} from webhook w order by w.number"
WEBHOOK = f"{_WEBHOOK} from webhook w where w.organization = :organization and w.name = :name"
WEBHOOKS_IN_FORCE = (
    f"{_WEBHOOK}, case when exists (select 1 from delivery d where d.webhook = w.number"
    " and d.next_attempt_at <= :now) then 1 else 0 end from webhook w where w.paused_at is null order by w.number"
)

_EVENT = "select e.number, e.id, e.organization, e.kind, e.data, e.occurred_at"
EVENTS_AFTER = (
    f"{_EVENT} from event e where e.organization = :organization and e.number > :after order by e.number limit :limit"
)
EVENTS_BEFORE = (
    f"{_EVENT} from event e where e.organization = :organization and e.number < :before"
    " order by e.number desc limit :limit"
)
EVENT = f"{_EVENT} from event e where e.id = :id order by e.number limit 1"
LAST_EVENT = "select coalesce(max(number), 0) from event"
EVENTS_ABOUT = f"{_EVENT} from event e where e.user_id = :user_id and e.number > :after order by e.number limit :limit"
EVENT_SPAN = "select number, occurred_at from event where number > :after order by number limit :limit"
WAITING = "select kind, count(*) from event where organization = :organization and number > :position group by kind"

_DELIVERY = (
    "select d.webhook, d.attempts, d.next_attempt_at, d.last_error, d.gave_up_at,"
    " e.number, e.id, e.organization, e.kind, e.data, e.occurred_at from delivery d"
    " join webhook w on w.number = d.webhook"
    " join event e on e.number = d.event and e.organization = w.organization where d.webhook = :webhook"
)
DELIVERIES_DUE = f"{_DELIVERY} and d.next_attempt_at <= :now order by d.next_attempt_at, d.event limit :limit"
DELIVERIES = f"{_DELIVERY} and d.event > :after order by d.event limit :limit"
DELIVERY_COUNTS = "select count(*), count(gave_up_at) from delivery where webhook = :webhook"
