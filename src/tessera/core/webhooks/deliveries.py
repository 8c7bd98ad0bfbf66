"""Rules of delivering: how an answer is judged, when an event is tried again, and when it is given up.

Two ways of failing are told apart. When some events of a batch arrive and others do not, the receiver is up and cannot
take the others: each of those becomes a delivery with a retry schedule of its own, and the webhook moves on. When none
arrives, the receiver is down: the webhook keeps its position and backs off, and each try is one event.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tessera.core.changes import AddDelivery, Change, DisableWebhook, EndDelivery, MoveWebhook, PostponeDelivery
from tessera.core.times import SECOND
from tessera.core.webhooks.webhooks import Delivery, Event, Webhook

NEVER = 2**62
"""`next_attempt_at` of a delivery that was given up."""

BACKOFF_SECONDS = (5, 30, 120, 300, 600)
"""Pauses of a receiver that is down, by its failures in a row; then always as long as the last."""

RETRY_SCHEDULE_SECONDS = (5, 30, 120, 300, *(600,) * 6, *(1800,) * 4, *(3600,) * 4, *(14_400,) * 16)
"""Pauses of a delivery, by its failures: close at first, for three days in all; then it is given up."""

UNANSWERED_MAX = 5
"""Failures in a row after which one event that gets no answer no longer blocks the events behind it."""

JITTER = 0.2
"""By how much of itself a pause may be shorter, so that what failed together is not tried together."""

GONE = 410
"""The status by which a receiver says that it wants nothing more."""


class Answer(NamedTuple):
    """The result of one attempt: the status and the beginning of the body, or None and why there was no answer."""

    status: int | None
    text: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def error(self) -> str:
        """The failure in a few words."""
        return self.text if self.status is None else f"the answer was {self.status}"


class Batch(NamedTuple):
    """Events to attempt side by side. A webhook that has been sent them has nothing left to hear up to `through`."""

    events: list[Event]
    through: int


class Moment(NamedTuple):
    """The time at which answers are judged, and a chance from 0 up to 1 for the jitter."""

    now: int
    chance: float

    def after(self, seconds: float) -> int:
        """The end of a pause that begins now, somewhat shortened."""
        return self.now + int(seconds * (1 - JITTER * self.chance) * SECOND)


def backoff_seconds(failures: int) -> int:
    """Return the pause of a receiver after so many failures in a row."""
    return BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1]


def after_batch(webhook: Webhook, batch: Batch, answers: Sequence[Answer], moment: Moment) -> list[Change]:
    """Judge the answers to a batch of fresh events: move on, set aside what failed alone, or back off."""
    failed = [(event, answer) for event, answer in zip(batch.events, answers, strict=True) if not answer.arrived]
    error = failed[-1][1].error if failed else None
    set_aside = [_set_aside(webhook, event, answer, moment) for event, answer in failed]
    gone = _disabled_when_gone(webhook, answers, moment)
    if len(failed) < len(batch.events):
        return [_up(webhook, batch.through, error, moment), *set_aside, *gone]
    if not gone and _is_blocked_by_one(webhook, answers):
        return [_down(webhook, batch.through, error, moment), *set_aside]
    return [_down(webhook, webhook.position, error, moment), *gone]


def after_retry(delivery: Delivery, answer: Answer, moment: Moment) -> list[Change]:
    """Judge the answer to one delivery: it has ended, is due later, or is given up when its schedule is over."""
    webhook, event = delivery.webhook, delivery.event.number
    if answer.arrived:
        return [EndDelivery(webhook, event, delivery.attempts, moment.now)]
    attempts = delivery.attempts + 1
    gave_up = attempts > len(RETRY_SCHEDULE_SECONDS)
    return [
        PostponeDelivery(
            webhook=webhook,
            event=event,
            attempts=attempts,
            was_attempts=delivery.attempts,
            next_attempt_at=NEVER if gave_up else moment.after(RETRY_SCHEDULE_SECONDS[attempts - 1]),
            last_error=answer.error,
            gave_up_at=moment.now if gave_up else None,
        )
    ]


def after_retries(webhook: Webhook, answers: Sequence[Answer], moment: Moment) -> list[Change]:
    """Judge a receiver by the answers to its deliveries.

    When it was down, they have shown whether it still is. Otherwise the deliveries alone are put off.
    """
    gone = _disabled_when_gone(webhook, answers, moment)
    if not webhook.failures:
        return gone
    if any(answer.arrived for answer in answers):
        return [_up(webhook, webhook.position, None, moment), *gone]
    return [_down(webhook, webhook.position, answers[-1].error, moment), *gone]


def _is_blocked_by_one(webhook: Webhook, answers: Sequence[Answer]) -> bool:
    """Whether it may be a single event that the receiver cannot take: it must not block the others for ever."""
    if len(answers) != 1:
        return False
    return answers[0].status is not None or webhook.failures + 1 >= UNANSWERED_MAX


def _up(webhook: Webhook, position: int, error: str | None, moment: Moment) -> MoveWebhook:
    """The webhook at a position, its receiver up; `error` is that of an event which was set aside."""
    return MoveWebhook(
        webhook=webhook.number,
        position=position,
        was_position=webhook.position,
        failures=0,
        next_attempt_at=0,
        delivered_at=moment.now,
        last_error=error,
    )


def _down(webhook: Webhook, position: int, error: str | None, moment: Moment) -> MoveWebhook:
    """The webhook at a position after one more failure in a row, backing off."""
    failures = webhook.failures + 1
    return MoveWebhook(
        webhook=webhook.number,
        position=position,
        was_position=webhook.position,
        failures=failures,
        next_attempt_at=moment.after(backoff_seconds(failures)),
        delivered_at=None,
        last_error=error,
    )


def _set_aside(webhook: Webhook, event: Event, answer: Answer, moment: Moment) -> AddDelivery:
    """A delivery of an event that failed by itself, so that the webhook can move on."""
    return AddDelivery(webhook.number, event.number, 1, moment.after(RETRY_SCHEDULE_SECONDS[0]), answer.error)


def _disabled_when_gone(webhook: Webhook, answers: Iterable[Answer], moment: Moment) -> list[Change]:
    """The end of the webhook, when its receiver has said that it wants nothing more."""
    if not any(answer.status == GONE for answer in answers):
        return []
    return [DisableWebhook(webhook.number, moment.now, "the receiver wants no more (410 Gone)")]
