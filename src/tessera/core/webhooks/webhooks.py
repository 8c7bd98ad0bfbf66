"""Webhooks: whom an organization has told what happens, how a message is signed, and where it may go.

The messages are those of the Standard Webhooks scheme: a receiver can verify them with the library of its language.
"""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Sequence

import msgspec

from tessera.core import urls
from tessera.core.event_types import EventType
from tessera.core.times import SECOND, incentives_time

EVERYTHING = "all"
"""Stands for all kinds of events, those to come included."""

KINDS = tuple(each.value for each in EventType)
"""The kinds of events that there are."""

TEST = "webhook.test"
"""The kind of a message that only says that a webhook works."""

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"
URL_LENGTH_MAX = 2048


class Webhook(msgspec.Struct, frozen=True):
    """A webhook as the database holds it; its secrets are enclosed.

    It was told of every event up to `position` (or has a delivery of it). `failures` counts since when none arrived.
    """

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

    def wants(self, kind: str) -> bool:
        """Whether it asks for events of this kind."""
        return self.kinds == EVERYTHING or kind in self.kinds.split(",")

    @property
    def place(self) -> str:
        """For which place of the database its secrets are enclosed."""
        return place_of(self.organization, self.name)


class Event(msgspec.Struct, frozen=True):
    """Something that happened in an organization; numbers grow in the order of the commits. `data` is a JSON object."""

    number: int
    id: str
    organization: int
    kind: str
    data: str
    occurred_at: int


class Delivery(msgspec.Struct, frozen=True):
    """An event that is sent to a webhook on its own, since it failed while others arrived, or was asked for again."""

    webhook: int
    attempts: int
    next_attempt_at: int
    last_error: str | None
    gave_up_at: int | None
    event: Event


class Message(msgspec.Struct, frozen=True):
    """What is sent for one attempt."""

    headers: dict[str, str]
    body: bytes


class _Body(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: msgspec.Raw


def place_of(organization: int, name: str) -> str:
    """For which place of the database the secrets of a webhook are enclosed."""
    return f"webhook {name} of organization {organization}"


def message(event: Event, secrets: Iterable[bytes], now: int) -> Message:
    """The message of an event, as it is sent now; signed by each secret in force."""
    body = msgspec.json.encode(_Body(event.kind, incentives_time(event.occurred_at), msgspec.Raw(event.data)))
    timestamp = str(now // SECOND)
    signed = f"{event.id}.{timestamp}.".encode() + body
    headers = {
        "content-type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signature(secret, signed) for secret in secrets),
    }
    return Message(headers, body)


def signature(secret: bytes, signed: bytes) -> str:
    """One signature as the header has it: HMAC-SHA256, version 1 of the scheme."""
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"


def secret_text(secret: bytes) -> str:
    """A secret as its receiver is given it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def unknown_kind(kinds: Sequence[str]) -> str | None:
    """The first of these kinds that events cannot have; None when they all can."""
    return next((each for each in kinds if each not in KINDS), None)


def url_problem(url: str) -> str | None:
    """Why messages cannot go to this URL, as a sentence; None when they can."""
    if not url or len(url) > URL_LENGTH_MAX:
        return f"The URL must have 1 to {URL_LENGTH_MAX} characters."
    if not all("!" <= character <= "~" for character in url):
        return "The URL must be printable ASCII without blanks; write other characters percent-encoded."
    try:
        parts = urls.split(url)
    except ValueError as error:
        return str(error)
    host = parts.hostname
    if parts.scheme not in {"https", "http"} or not host:
        return "The URL must begin with https:// and name a host."
    if "@" in parts.netloc:
        return "The URL must not hold a user or password: messages are known by their signature."
    if "#" in url:
        return "The URL must not have a fragment (#...): it would never be sent."
    if parts.scheme == "http" and not _loopback(host):
        return "The URL must begin with https://. Without TLS messages go to this machine only (127.0.0.1, localhost)."
    return None


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
