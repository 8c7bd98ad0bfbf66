"""What an operator does with the limits of an application, or of a digital property."""

from collections.abc import Iterable

import msgspec

from tessera.app.clients import applications, properties
from tessera.app.context import Context
from tessera.app.operators import OperatorError, commit
from tessera.core.changes import SetPropertyRails, SetRails
from tessera.core.clients import limits as rails
from tessera.core.clients.limits import NETWORKS_MAX, PER_SECOND_MAX, TOKENS_MAX, GuardRails, Rail
from tessera.core.clients.properties import PropertyRecord
from tessera.core.nearest import nearest
from tessera.core.networks import NotANetwork, network
from tessera.ports import NodeCount

MEMBERS = {
    Rail.NETWORKS: "networks",
    Rail.REQUESTS: "requests_per_second",
    Rail.TOKENS_HOUR: "tokens_per_hour",
    Rail.TOKENS_DAY: "tokens_per_day",
}
"""Where each rail stands in what is declared."""


OF_PROPERTIES = (Rail.NETWORKS, Rail.REQUESTS)
"""The limits that a digital property can have: it gets no tokens."""


class Limits(msgspec.Struct, frozen=True):
    """The limits of an application or a digital property; `readable` is False when all is refused.

    `client_id` is its client id, or its API key.

    Counted are tokens of this hour and of this day, and what watched rails would have refused in this day.
    """

    name: str
    client_id: str
    rails: GuardRails
    readable: bool
    tokens_hour: int
    tokens_day: int
    would_refuse_day: int


class Wanted(msgspec.Struct, frozen=True):
    """What is to change; None and nothing for what stays as it is."""

    networks: tuple[str, ...] | None = None
    requests_per_second: int | None = None
    tokens_per_hour: int | None = None
    tokens_per_day: int | None = None
    watch: tuple[str, ...] = ()
    enforce: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


async def show(context: Context, name_or_client_id: str) -> Limits:
    """The limits of an application. Raises OperatorError."""
    found = await applications.find(context, name_or_client_id)
    declared = rails.declared(found.rails)
    now = context.clock.now()
    own, others = context.counts.own(found.number, now), await _others(context, found.number, now)
    return Limits(
        name=found.name,
        client_id=found.client_id,
        rails=declared or GuardRails(),
        readable=declared is not None,
        tokens_hour=own.hour_tokens + others.hour_tokens,
        tokens_day=own.day_tokens + others.day_tokens,
        would_refuse_day=own.watched + others.watched,
    )


async def _others(context: Context, application: int, now: int) -> NodeCount:
    return await context.store.told_by_others(application, context.counts.node, now, now)


async def change(context: Context, name_or_client_id: str, wanted: Wanted) -> Limits:
    """Change the limits of an application; what they are now. Raises OperatorError."""
    found = await applications.find(context, name_or_client_id)
    text = _changed(found.rails, wanted, "application")
    if text != found.rails:
        await commit(context, SetRails(found.client_id, text, found.rails))
    return await show(context, found.client_id)


async def show_property(context: Context, found: PropertyRecord) -> Limits:
    """The limits of a digital property, and what watched ones would have refused in this day."""
    declared = rails.declared(found.rails)
    now = context.clock.now()
    counts = context.property_counts
    others = await context.store.told_by_others(-found.number, counts.node, now, now)
    watched = counts.own(found.number, now).watched + others.watched
    return Limits(
        name=found.name,
        client_id=found.api_key,
        rails=declared or GuardRails(),
        readable=declared is not None,
        tokens_hour=0,
        tokens_day=0,
        would_refuse_day=watched,
    )


async def change_property(context: Context, found: PropertyRecord, wanted: Wanted) -> Limits:
    """Change the limits of a digital property; what they are now. Raises OperatorError."""
    named = {*_named(wanted.watch), *_named(wanted.enforce), *_named(wanted.none)}
    if not named <= {*OF_PROPERTIES} or wanted.tokens_per_hour or wanted.tokens_per_day:
        raise OperatorError("limit_not_for_properties", limits=" and ".join(OF_PROPERTIES))
    text = _changed(found.rails, wanted, "property")
    if text != found.rails:
        await commit(context, SetPropertyRails(found.api_key, text, found.rails))
    return await show_property(context, await properties.find(context, found.api_key))


def _changed(stored: str, wanted: Wanted, owner: str) -> str:
    """The limits as they are to be stored. Raises OperatorError."""
    _check(wanted)
    before = rails.declared(stored) or GuardRails()
    given = {member: value for member in MEMBERS.values() if (value := getattr(wanted, member)) is not None}
    gone = dict.fromkeys(MEMBERS[rail] for rail in _named(wanted.none))
    enforced, watched = _named(wanted.enforce), _named(wanted.watch)
    after = msgspec.structs.replace(before, **given, **gone)
    missing = [rail for rail in (*enforced, *watched) if rail not in after.there()]
    if missing:
        raise OperatorError("limit_has_no_value", name=str(missing[0]), owner=owner)
    watch = tuple(rail for rail in Rail if rail in {*before.watch, *watched} - {*enforced})
    return msgspec.structs.replace(after, watch=watch).text()


def _check(wanted: Wanted) -> None:
    """Raises OperatorError for a value that cannot be, and for a rail that is to be two things at once."""
    for text in wanted.networks or ():
        try:
            network(text)
        except NotANetwork as error:
            raise OperatorError("network_malformed", problem=str(error)) from None
    if wanted.networks is not None and not 1 <= len(wanted.networks) <= NETWORKS_MAX:
        raise OperatorError("limit_networks_count", limit=NETWORKS_MAX)
    for rail, most in ((Rail.REQUESTS, PER_SECOND_MAX), (Rail.TOKENS_HOUR, TOKENS_MAX), (Rail.TOKENS_DAY, TOKENS_MAX)):
        value = getattr(wanted, MEMBERS[rail])
        if value is not None and not 1 <= value <= most:
            raise OperatorError("limit_out_of_range", name=str(rail), limit=most)
    said = [*_named(wanted.watch), *_named(wanted.enforce), *_named(wanted.none)]
    twice = next((rail for rail in said if said.count(rail) > 1), None)
    if twice is not None:
        raise OperatorError("limit_named_twice", name=str(twice))


def _named(names: Iterable[str]) -> list[Rail]:
    given = list(names)
    for name in given:
        if name not in list(Rail):
            raise OperatorError("limit_unknown", name=name, nearest=nearest(name, list(Rail)), known=list(Rail))
    return [Rail(name) for name in given]
