"""Writes of the outbox: what others are to be told, in the same commit as what happened, and who has been told."""

from tessera.core.changes.change import Change


class AddEvent(Change, frozen=True):
    """Something happened in an organization; `data` is the JSON object that webhooks receive.

    `user_id` is the customer it is about, by which its events are found when it is to be forgotten.
    """

    id: str
    organization: int
    kind: str
    data: str
    occurred_at: int
    user_id: str | None = None


class AddWebhook(Change, frozen=True):
    """A new webhook, told what happens from now on; its name is free in the organization. `secret` is enclosed."""

    organization: int
    name: str
    url: str
    kinds: str
    secret: bytes
    created_at: int


class SetWebhook(Change, frozen=True):
    """A webhook that is there goes to another URL, or asks for other kinds of events."""

    webhook: int
    url: str
    kinds: str


class RotateWebhook(Change, frozen=True):
    """A webhook gets another secret; it had this one, which signs beside the new one until it ends."""

    webhook: int
    secret: bytes
    was_secret: bytes
    former_ends_at: int


class DisableWebhook(Change, frozen=True):
    """An enabled webhook is sent nothing for now; `reason` is given when its receiver asked for that."""

    webhook: int
    at: int
    reason: str | None


class EnableWebhook(Change, frozen=True):
    """A disabled webhook is sent what happened since, at once, from where it was."""

    webhook: int


class DeleteWebhook(Change, frozen=True):
    """A webhook that is there goes, with its deliveries."""

    webhook: int


class MoveWebhook(Change, frozen=True):
    """A webhook was told everything up to `position`, but for what has a delivery; it was told up to `was_position`.

    `delivered_at` is None when nothing arrived now, and `last_error` when nothing failed: then they stay.
    """

    webhook: int
    position: int
    was_position: int
    failures: int
    next_attempt_at: int
    delivered_at: int | None
    last_error: str | None


class AddDelivery(Change, frozen=True):
    """An event (its number) is sent to a webhook on its own, from the beginning when it has a delivery already."""

    webhook: int
    event: int
    attempts: int
    next_attempt_at: int
    last_error: str | None


class PostponeDelivery(Change, frozen=True):
    """A delivery failed again; it had failed this often before. It is given up when `gave_up_at` says so."""

    webhook: int
    event: int
    attempts: int
    was_attempts: int
    next_attempt_at: int
    last_error: str
    gave_up_at: int | None


class EndDelivery(Change, frozen=True):
    """A delivery has arrived; when it was asked for anew since `attempts` was read, it stays."""

    webhook: int
    event: int
    attempts: int
    at: int


class RetryDeliveries(Change, frozen=True):
    """Every delivery of a webhook that failed or was given up begins again now."""

    webhook: int
    now: int
