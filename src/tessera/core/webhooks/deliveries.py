"""What becomes of a webhook and its deliveries after an attempt: who is tried again, when, and who is let be.

Two ways of failing are kept apart. When some of a window arrive and others do not, these events are what the receiver
cannot take: each gets a delivery of its own, and the webhook goes on. When none arrives, the receiver is down: the
webhook stays where it is, and only one event is tried now and then.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tessera.core.changes import AddDelivery, Change, DisableWebhook, EndDelivery, MoveWebhook, PostponeDelivery
from tessera.core.times import SECOND
from tessera.core.webhooks.webhooks import Delivery, Event, Webhook

NEVER = 2**62
"""`next_attempt_at` of a delivery that was given up."""

DOWN_SECONDS = (5, 30, 120, 300, 600)
"""How long a receiver that is down is left alone, after each failure; then always as long as the last."""

FAILED_SECONDS = (5, 30, 120, 300, *(600,) * 6, *(1800,) * 4, *(3600,) * 4, *(14_400,) * 16)
"""How long after each failure a delivery is tried again: close at first, for three days in all."""

UNANSWERED_MAX = 5
"""Failures in a row after which one event that gets no answer no longer stands in the way of the next."""

JITTER = 0.2
"""By how much of itself a pause may be shorter, so that what failed together is not tried together."""

GONE = 410
"""By this status a receiver says that it wants nothing more."""


class Answer(NamedTuple):
    """What came of one attempt: the status and the beginning of the answer, or None and why none came."""

    status: int | None
    text: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def error(self) -> str:
        """What went wrong, in a few words."""
        return self.text if self.status is None else f"the answer was {self.status}"


class Moment(NamedTuple):
    """When it was, and a chance from 0 up to 1."""

    now: int
    chance: float

    def after(self, seconds: float) -> int:
        """A pause from now, somewhat shortened."""
        return self.now + int(seconds * (1 - JITTER * self.chance) * SECOND)


def down_seconds(failures: int) -> int:
    """How long a receiver is left alone after so many failures in a row."""
    return DOWN_SECONDS[min(failures, len(DOWN_SECONDS)) - 1]


def after_window(
    webhook: Webhook, window: Sequence[Event], answers: Sequence[Answer], through: int, moment: Moment
) -> list[Change]:
    """What to write after a window of events; `through` is the number up to which nothing else was to be told."""
    failed = [(event, answer) for event, answer in zip(window, answers, strict=True) if not answer.arrived]
    error = failed[-1][1].error if failed else None
    gone = any(answer.status == GONE for answer in answers)
    if len(failed) < len(window):
        moved = MoveWebhook(
            webhook=webhook.number,
            position=through,
            was_position=webhook.position,
            failures=0,
            next_attempt_at=0,
            delivered_at=moment.now,
            last_error=error,
        )
        return [
            moved,
            *(_set_aside(webhook, event, answer, moment) for event, answer in failed),
            *_disable(webhook, moment, gone=gone),
        ]
    failures = webhook.failures + 1
    again_at = moment.after(down_seconds(failures))
    alone = len(window) == 1 and not gone
    if alone and (answers[0].status is not None or failures >= UNANSWERED_MAX):
        # It may be this event that the receiver cannot take: it must not stand in the way of the others for ever.
        moved = MoveWebhook(
            webhook=webhook.number,
            position=through,
            was_position=webhook.position,
            failures=failures,
            next_attempt_at=again_at,
            delivered_at=None,
            last_error=error,
        )
        return [moved, _set_aside(webhook, window[0], answers[0], moment)]
    stays = MoveWebhook(
        webhook=webhook.number,
        position=webhook.position,
        was_position=webhook.position,
        failures=failures,
        next_attempt_at=again_at,
        delivered_at=None,
        last_error=error,
    )
    return [stays, *_disable(webhook, moment, gone=gone)]


def _set_aside(webhook: Webhook, event: Event, answer: Answer, moment: Moment) -> AddDelivery:
    return AddDelivery(webhook.number, event.number, 1, moment.after(FAILED_SECONDS[0]), answer.error)


def _disable(webhook: Webhook, moment: Moment, *, gone: bool) -> list[Change]:
    return [DisableWebhook(webhook.number, moment.now, "the receiver wants no more (410 Gone)")] if gone else []


def after_delivery(delivery: Delivery, answer: Answer, moment: Moment) -> list[Change]:
    """What to write after one delivery was tried again."""
    webhook, event = delivery.webhook, delivery.event.number
    if answer.arrived:
        return [EndDelivery(webhook, event, delivery.attempts, moment.now)]
    attempts = delivery.attempts + 1
    gave_up = attempts > len(FAILED_SECONDS)
    again_at = NEVER if gave_up else moment.after(FAILED_SECONDS[attempts - 1])
    gave_up_at = moment.now if gave_up else None
    return [
        PostponeDelivery(
            webhook=webhook,
            event=event,
            attempts=attempts,
            was_attempts=delivery.attempts,
            next_attempt_at=again_at,
            last_error=answer.error,
            gave_up_at=gave_up_at,
        )
    ]


def after_deliveries(webhook: Webhook, answers: Sequence[Answer], moment: Moment) -> list[Change]:
    """What to write of the webhook itself after deliveries were tried again.

    When it was down, that has shown whether it still is. Otherwise the deliveries alone are put off.
    """
    gone = _disable(webhook, moment, gone=any(answer.status == GONE for answer in answers))
    if not webhook.failures:
        return gone
    if any(answer.arrived for answer in answers):
        return [
            MoveWebhook(
                webhook=webhook.number,
                position=webhook.position,
                was_position=webhook.position,
                failures=0,
                next_attempt_at=0,
                delivered_at=moment.now,
                last_error=None,
            ),
            *gone,
        ]
    failures = webhook.failures + 1
    again_at = moment.after(down_seconds(failures))
    at = webhook.position
    return [
        MoveWebhook(
            webhook=webhook.number,
            position=at,
            was_position=at,
            failures=failures,
            next_attempt_at=again_at,
            delivered_at=None,
            last_error=answers[-1].error,
        ),
        *gone,
    ]
