"""What an operator is warned of: a credential about to end, and an application that asks for a token for every call.

Pure: what is found in the database goes in, warnings come out, each with a name under which it is told once.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from tessera.core.clients.applications import CredentialRecord
from tessera.core.times import DAY, SECOND, incentives_time

HOUR = 3600 * SECOND

ENDING_DAYS = (1, 7, 30)
"""How many days before the last credential of an application ends it is told."""

USED_DAYS = (1, 7)
"""How many days before its end it is told of a credential that is still used, or whose successor never was."""

STILL_USED = DAY
"""How long ago a credential was used at most that counts as in use."""

WASTEFUL_TOKENS_MIN = 100
CALLS_EACH = 2
"""An application asks for a token for every call when it got as many tokens in an hour, with fewer calls to each."""


WRITTEN_AFTER = 60 * SECOND
"""How long after an hour its counts are taken to be written by every process."""

HOURS_CHECKED = 24


class Reason(StrEnum):
    """Why there is a warning."""

    LAST_CREDENTIAL = "last_credential"
    STILL_USED = "still_used"
    TOKEN_PER_CALL = "token_per_call"


class Owner(msgspec.Struct, frozen=True):
    """The application that a warning is about, and its organization.

    Or a digital property, when `is_property`: then these are its API key and its name.
    """

    client_id: str
    application: str
    organization: int
    organization_name: str
    retailer_id: str
    is_property: bool = False


class Ending(msgspec.Struct, frozen=True):
    """A live credential with an end.

    `application_until` is when the last credential of the application ends, `newer_used_at` when one that ends later
    than this one was last used.
    """

    owner: Owner
    number: int
    name: str
    kind: str
    ends_at: int
    application_until: int
    last_used_at: int | None
    last_used_from: str | None
    newer_used_at: int | None

    def reason(self, now: int) -> Reason | None:
        """Why its end is to be told, when it is near; None for one whose partner has changed over."""
        if self.application_until <= self.ends_at:
            return Reason.LAST_CREDENTIAL
        if self.last_used_at is None or (self.newer_used_at is not None and not in_use(self.last_used_at, now)):
            return None
        return Reason.STILL_USED

    def days(self, now: int) -> int | None:
        """Within how many days it ends, of those at which it is told; None when it is not to be told now."""
        steps = {Reason.LAST_CREDENTIAL: ENDING_DAYS, Reason.STILL_USED: USED_DAYS}.get(
            self.reason(now) or Reason.TOKEN_PER_CALL, ()
        )
        return next((days for days in steps if self.ends_at <= now + days * DAY), None)


class WastefulClient(msgspec.Struct, frozen=True):
    """An application that in one hour (counted from the epoch) got many tokens and made few calls with them."""

    owner: Owner
    number: int
    hour: int
    tokens: int
    calls: int


class Warned(msgspec.Struct, frozen=True):
    """A warning: its name, by which it is told once, and what it says, without a command."""

    name: str
    owner: Owner
    reason: Reason
    text: str
    about: Ending | WastefulClient
    days: int | None = None

    @property
    def code(self) -> str:
        """The code by which a surface words what to type."""
        return f"property_{self.reason}" if self.owner.is_property else self.reason

    @property
    def parameters(self) -> dict[str, str]:
        """The values that the advice names."""
        return {"application": self.owner.application, "id": self.owner.client_id}


def in_use(last_used_at: int | None, now: int) -> bool:
    """Whether a credential was used within the last day."""
    return last_used_at is not None and last_used_at > now - STILL_USED


def endings(found: Iterable[Ending], now: int) -> Iterator[Warned]:
    """The warnings of credentials about to end."""
    for each in found:
        days, reason = each.days(now), each.reason(now)
        if days is not None and reason is not None:
            number = f"property {each.number}" if each.owner.is_property else each.number
            name = f"{reason} {number} {each.ends_at} {days}"
            yield Warned(
                name=name, owner=each.owner, reason=reason, text=ending_text(each, reason, days), about=each, days=days
            )


def ending_text(ending: Ending, reason: Reason, days: int) -> str:
    """What is said of a credential about to end, and what to do."""
    owner, application = ending.owner, ending.owner.application
    begin = (
        f"{ending.name} of {application} ends within {days} {'day' if days == 1 else 'days'}, at"
        f" {incentives_time(ending.ends_at)}"
    )
    if reason is Reason.LAST_CREDENTIAL and owner.is_property:
        return (
            f"{begin}. It is the last: nobody can call with the property's API key and secret after it."
            " Rotate it before then."
        )
    if reason is Reason.LAST_CREDENTIAL:
        return f"{begin}. It is the last: no token is issued or live after it. Rotate it before then."
    used = incentives_time(ending.last_used_at or 0)
    source = f" from {ending.last_used_from}" if ending.last_used_from else ""
    return f"{begin}, and was used at {used} UTC{source}. Have the partner change over to the newer one."


def wasteful_clients(found: Iterable[WastefulClient]) -> Iterator[Warned]:
    """The warnings of applications that ask for a token for every call: one a day for each."""
    told = set()
    for each in found:
        name = f"{Reason.TOKEN_PER_CALL} {each.number} {each.hour // 24}"
        if name not in told:
            told.add(name)
            yield Warned(name, each.owner, Reason.TOKEN_PER_CALL, wasteful_client_text(each), each)


def wasteful_client_text(found: WastefulClient) -> str:
    """What is said of an application that asks for a token for every call, and what to do."""
    application = found.owner.application
    return (
        f"{application} got {found.tokens} tokens in the hour from {incentives_time(found.hour * HOUR)} and made"
        f" {found.calls} calls with them. Its server should keep a token until it ends."
    )


def finished_hours(now: int, through: int = -1) -> range:
    """The hours (counted from the epoch) that are over and whose counts are written, after `through`; of one day."""
    last = (now - WRITTEN_AFTER) // HOUR - 1
    return range(max(through, last - HOURS_CHECKED) + 1, last + 1)


def asks_for_each_call(tokens: int, calls: int) -> bool:
    """Whether so many tokens and calls mean a caller that keeps no token."""
    return tokens >= WASTEFUL_TOKENS_MIN and calls < tokens * CALLS_EACH


def live_secrets(records: Iterable[CredentialRecord], now: int) -> list[CredentialRecord]:
    """The secrets among credentials that are live now, oldest first."""
    return [
        each for each in records if each.kind in {"keyed", "argon2id"} and (each.ends_at is None or each.ends_at > now)
    ]
