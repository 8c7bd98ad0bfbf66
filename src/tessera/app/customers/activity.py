"""What partners note of a customer beside the profile: tags, and how often it did something."""

from collections.abc import Mapping, Sequence

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.customers.customers import CustomerRef, change, find
from tessera.app.runtime import purge_clock
from tessera.core.changes import Change, PurgeTags, SetActivityCounter, SetTag
from tessera.core.customers import activity, tags
from tessera.core.customers.activity import ActivityCounter
from tessera.core.customers.customers import Customer
from tessera.core.customers.tags import Given, Tag
from tessera.core.errors import Validation
from tessera.core.times import HOUR

NAMES_MAX = 1000
"""Tags, and likewise names of events, that one customer may have."""

TAGS_KEPT = HOUR
"""How long a tag is kept after its end, for a clock that goes back."""


async def read_tags(context: Context, caller: Caller, api_key: str, named: CustomerRef) -> list[Tag]:
    """The tags of a customer that have not ended, by name. Raises InvalidAPIKey, UserNotFound."""
    customer = await find(context, caller, api_key, named)
    return _shown(await context.store.tags(customer.number), context.clock.now())


async def tag(
    context: Context,
    caller: Caller,
    api_key: str,
    named: CustomerRef,
    sent: Sequence[str | Given],
    ttl_seconds: int | None,
) -> list[Tag]:
    """Give a customer tags, one after the other; all of its tags then. What changes nothing is not written.

    Raises InvalidAPIKey, UserNotFound, Validation.
    """
    whole = [Given(each) if isinstance(each, str) else each for each in sent]

    async def decide(customer: Customer) -> tuple[list[Tag], list[Change]]:
        now, until = context.clock.now(), purge_clock.known_until(context, TAGS_KEPT)
        stored = await context.store.tags(customer.number)
        held = {each.name: each for each in stored if each.live(now)}
        there = {each.name: each for each in stored}
        changes: list[Change] = []
        if until is not None and not all(each.live(until) for each in stored):
            changes.append(PurgeTags(until, customer.number))
            there = {each.name: each for each in stored if each.live(until)}
        for each in whole:
            held[each.name] = tags.given(each, held.get(each.name), ttl_seconds, now)
        for name in dict.fromkeys(each.name for each in whole):
            before, after = there.get(name), held[name]
            was_count, was_expires_at = (0, None) if before is None else (before.count, before.expires_at)
            if (after.count, after.expires_at) != (was_count, was_expires_at):
                changes.append(
                    SetTag(
                        customer=customer.number,
                        name=name,
                        count=after.count,
                        expires_at=after.expires_at,
                        was_count=was_count,
                        was_expires_at=was_expires_at,
                    )
                )
        if len(held) > NAMES_MAX:
            raise Validation(f"tags: a customer has at most {NAMES_MAX}.")
        return _shown(list(held.values()), now), changes

    return await change(context, caller, api_key, named, decide)


def _shown(held: list[Tag], now: int) -> list[Tag]:
    return sorted((each for each in held if each.live(now)), key=lambda each: each.name)


async def count(
    context: Context, caller: Caller, api_key: str, named: CustomerRef, events: Mapping[str, int]
) -> dict[str, ActivityCounter]:
    """Count what a customer did; the totals of these. Raises InvalidAPIKey, UserNotFound, Validation."""

    async def decide(customer: Customer) -> tuple[dict[str, ActivityCounter], list[Change]]:
        now = context.clock.now()
        held = {each.name: each for each in await context.store.behaviours(customer.number)}
        if len(held.keys() | events.keys()) > NAMES_MAX:
            raise Validation(f"events: a customer has at most {NAMES_MAX} names.")
        counted = {name: activity.done(name, times, held.get(name), now) for name, times in events.items()}
        changes: list[Change] = [
            SetActivityCounter(customer.number, name, each.count, each.last_at, held[name].count if name in held else 0)
            for name, each in counted.items()
        ]
        return counted, changes

    return await change(context, caller, api_key, named, decide)
