"""What an operator does with the limits of an application, or of a digital property."""

from collections.abc import Iterable

import msgspec

from tessera.app.clients import applications, properties
from tessera.app.context import Context
from tessera.app.operators import OperatorError, commit
from tessera.core.changes import SetLimits, SetPropertyLimits
from tessera.core.clients import limits
from tessera.core.clients.limits import NETWORKS_MAX, PER_SECOND_MAX, TOKENS_MAX, LimitName, Limits
from tessera.core.clients.properties import PropertyRecord
from tessera.core.nearest import nearest
from tessera.core.networks import NotANetwork, network
from tessera.ports import NodeCount

MEMBERS = {
    LimitName.NETWORKS: "networks",
    LimitName.REQUESTS: "requests_per_second",
    LimitName.TOKENS_HOUR: "tokens_per_hour",
    LimitName.TOKENS_DAY: "tokens_per_day",
}
"""Where each limit stands in what is declared."""


OF_PROPERTIES = (LimitName.NETWORKS, LimitName.REQUESTS)
"""The limits that a digital property can have: it gets no tokens."""


class LimitsReport(msgspec.Struct, frozen=True):
    """The limits of an application or a digital property; `readable` is False when all is refused.

    `client_id` is its client id, or its API key.

    Counted are tokens of this hour and of this day, and what report-only limits would have refused in this day.
    """

    name: str
    client_id: str
    limits: Limits
    readable: bool
    tokens_hour: int
    tokens_day: int
    would_refuse_day: int


class LimitChanges(msgspec.Struct, frozen=True):
    """What is to change; None and nothing for what stays as it is."""

    networks: tuple[str, ...] | None = None
    requests_per_second: int | None = None
    tokens_per_hour: int | None = None
    tokens_per_day: int | None = None
    report_only: tuple[str, ...] = ()
    enforce: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


async def show(context: Context, name_or_client_id: str) -> LimitsReport:
    """The limits of an application. Raises OperatorError."""
    found = await applications.find(context, name_or_client_id)
    declared = limits.declared(found.limits)
    now = context.clock.now()
    own, others = context.counts.own(found.number, now), await _others(context, found.number, now)
    return LimitsReport(
        name=found.name,
        client_id=found.client_id,
        limits=declared or Limits(),
        readable=declared is not None,
        tokens_hour=own.hour_tokens + others.hour_tokens,
        tokens_day=own.day_tokens + others.day_tokens,
        would_refuse_day=own.watched + others.watched,
    )


async def _others(context: Context, application: int, now: int) -> NodeCount:
    return await context.store.counts_of_others(application, context.counts.node, now, now)


async def change(context: Context, name_or_client_id: str, wanted: LimitChanges) -> LimitsReport:
    """Change the limits of an application; what they are now. Raises OperatorError."""
    found = await applications.find(context, name_or_client_id)
    text = _changed(found.limits, wanted, "application")
    if text != found.limits:
        await commit(context, SetLimits(found.client_id, text, found.limits))
    return await show(context, found.client_id)


async def show_property(context: Context, found: PropertyRecord) -> LimitsReport:
    """The limits of a digital property, and what report-only ones would have refused in this day."""
    declared = limits.declared(found.limits)
    now = context.clock.now()
    counts = context.property_counts
    others = await context.store.counts_of_others(-found.number, counts.node, now, now)
    would_refuse = counts.own(found.number, now).watched + others.watched
    return LimitsReport(
        name=found.name,
        client_id=found.api_key,
        limits=declared or Limits(),
        readable=declared is not None,
        tokens_hour=0,
        tokens_day=0,
        would_refuse_day=would_refuse,
    )


async def change_property(context: Context, found: PropertyRecord, wanted: LimitChanges) -> LimitsReport:
    """Change the limits of a digital property; what they are now. Raises OperatorError."""
    named = {*_named(wanted.report_only), *_named(wanted.enforce), *_named(wanted.none)}
    if not named <= {*OF_PROPERTIES} or wanted.tokens_per_hour or wanted.tokens_per_day:
        raise OperatorError("limit_not_for_properties", limits=" and ".join(OF_PROPERTIES))
    text = _changed(found.limits, wanted, "property")
    if text != found.limits:
        await commit(context, SetPropertyLimits(found.api_key, text, found.limits))
    return await show_property(context, await properties.find(context, found.api_key))


def _changed(stored: str, wanted: LimitChanges, owner: str) -> str:
    """The limits as they are to be stored. Raises OperatorError."""
    _check(wanted)
    before = limits.declared(stored) or Limits()
    given = {member: value for member in MEMBERS.values() if (value := getattr(wanted, member)) is not None}
    gone = dict.fromkeys(MEMBERS[limit_name] for limit_name in _named(wanted.none))
    enforced, report_only = _named(wanted.enforce), _named(wanted.report_only)
    after = msgspec.structs.replace(before, **given, **gone)
    missing = [limit_name for limit_name in (*enforced, *report_only) if limit_name not in after.there()]
    if missing:
        raise OperatorError("limit_has_no_value", name=str(missing[0]), owner=owner)
    reported = tuple(
        limit_name for limit_name in LimitName if limit_name in {*before.report_only, *report_only} - {*enforced}
    )
    return msgspec.structs.replace(after, report_only=reported).text()


def _check(wanted: LimitChanges) -> None:
    """Raises OperatorError for a value that cannot be, and for a limit that is to be two things at once."""
    for text in wanted.networks or ():
        try:
            network(text)
        except NotANetwork as error:
            raise OperatorError("network_malformed", problem=str(error)) from None
    if wanted.networks is not None and not 1 <= len(wanted.networks) <= NETWORKS_MAX:
        raise OperatorError("limit_networks_count", limit=NETWORKS_MAX)
    for limit_name, most in (
        (LimitName.REQUESTS, PER_SECOND_MAX),
        (LimitName.TOKENS_HOUR, TOKENS_MAX),
        (LimitName.TOKENS_DAY, TOKENS_MAX),
    ):
        value = getattr(wanted, MEMBERS[limit_name])
        if value is not None and not 1 <= value <= most:
            raise OperatorError("limit_out_of_range", name=str(limit_name), limit=most)
    said = [*_named(wanted.report_only), *_named(wanted.enforce), *_named(wanted.none)]
    twice = next((limit_name for limit_name in said if said.count(limit_name) > 1), None)
    if twice is not None:
        raise OperatorError("limit_named_twice", name=str(twice))


def _named(names: Iterable[str]) -> list[LimitName]:
    given = list(names)
    for name in given:
        if name not in list(LimitName):
            raise OperatorError(
                "limit_unknown", name=name, nearest=nearest(name, list(LimitName)), known=list(LimitName)
            )
    return [LimitName(name) for name in given]
