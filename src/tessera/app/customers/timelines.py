"""Timelines of customers: the ledger, the memberships and the activity, merged by time.

Moments are compared by the millisecond: ids of user events, by which these are read, are no finer.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import NamedTuple

from tessera.app.callers import Caller
from tessera.app.context import Context
from tessera.app.customers.customers import CustomerRef, find
from tessera.app.loyalty import program_lookup
from tessera.core.customers import timeline
from tessera.core.customers.activity import ActivityCounter
from tessera.core.customers.customers import Customer
from tessera.core.customers.timeline import EventType, Membership, TimelineEvent
from tessera.core.loyalty.entries import Entry
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Reason
from tessera.core.times import first_uuid
from tessera.ports import UserEvent

PAGE = 200
"""Rows that are read at once."""

MILLISECOND = 1000

ID_LAG = 10_000_000
"""How much earlier than its event an id of a former version may be, in microseconds."""

LAST_ID = "g"
"""Above every id."""

Record = Entry | Membership | UserEvent | ActivityCounter


class Asked(NamedTuple):
    """The part of a timeline that is asked for: types, how many, and those later than a moment.

    Without a moment they are the newest ones; with it the first ones after it.
    """

    types: Sequence[EventType]
    limit: int
    since: int | None = None


class _Happened(NamedTuple):
    """Something that happened; `place` orders what happened at the same time."""

    at: int
    place: tuple[int, int, str]
    record: Record


async def read(context: Context, caller: Caller, api_key: str, named: CustomerRef, asked: Asked) -> list[TimelineEvent]:
    """Events of a customer, the newest first. Raises InvalidAPIKey, UserNotFound.

    After `since`, events of the same millisecond are not separated, so that going on from the newest leaves none out:
    there may be more than `limit` then.
    """
    customer = await find(context, caller, api_key, named)
    history = await _memberships(context, customer) if set(asked.types) & set(timeline.TIERS) else []
    known = await _program(context, caller.organization, lambda program: timeline.knows_levels(program, history))
    entered = [held for held in history if timeline.of_membership(known, held).event_type in asked.types]
    happened = await _merged(_sources(context, customer, asked, entered), asked)
    entries = [each.record for each in happened if isinstance(each.record, Entry)]
    lookups = [each.record.lookup for each in happened if isinstance(each.record, UserEvent)]
    if not (timeline.knows_accounts(known, entries) and timeline.knows_events(known, lookups)):
        known = await context.store.whole_program(caller.organization) or known
    happened.sort(key=lambda each: (each.at, each.place), reverse=True)
    return [_event(known, customer, each.record) for each in happened]


async def _program(context: Context, organization: int, knows: Callable[[Program], bool]) -> Program:
    """The program of an organization, with what is retired where it is needed."""
    known = await program_lookup.program(context, organization)
    return known if knows(known) else await context.store.whole_program(organization) or known


async def _memberships(context: Context, customer: Customer) -> list[Membership]:
    """Every level that the customer entered, in their order.

    The former level is the one that was left at that moment: a merged customer's levels stand among these as well.
    """
    left_at: dict[tuple[int, int | None], int] = {}
    entered = []
    for held in await context.store.memberships(customer.number):
        former = None if held.reason == Reason.JOINED else left_at.get((held.tier_system, held.joined_at))
        entered.append(
            Membership(
                id=held.id,
                tier_system=held.tier_system,
                tier_level=held.tier_level,
                joined_at=held.joined_at,
                reason=held.reason,
                former_level=former,
            )
        )
        left_at[held.tier_system, held.left_at] = held.tier_level
    return entered


def _sources(
    context: Context, customer: Customer, asked: Asked, entered: Sequence[Membership]
) -> list[AsyncGenerator[_Happened, None]]:
    """Each source in the order in which it is read: the oldest first after a moment, otherwise the newest first."""
    sources = [
        _listed([_Happened(held.joined_at, (1, place, held.id), held) for place, held in enumerate(entered)], asked)
    ]
    kinds = [kind.value for kind, event_type in timeline.KINDS.items() if event_type in asked.types]
    if kinds:
        sources.append(_entries(context, customer, asked, kinds))
    if EventType.EVENT_TRIGGERED in asked.types:
        sources.append(_user_events(context, customer, asked))
    if EventType.ACTIVITY_COUNTED in asked.types:
        sources.append(_counted(context, customer, asked))
    return sources


async def _merged(sources: Sequence[AsyncGenerator[_Happened, None]], asked: Asked) -> list[_Happened]:
    """The first of what the sources have; in the order of reading."""
    first = max if asked.since is None else min
    picked: list[_Happened] = []
    async with AsyncExitStack() as stack:
        for source in sources:
            await stack.enter_async_context(aclosing(source))
        heads = {place: head for place, source in enumerate(sources) if (head := await anext(source, None)) is not None}
        while heads:
            place = first(heads, key=lambda each: (heads[each].at, heads[each].place))
            together = bool(picked) and picked[-1].at // MILLISECOND == heads[place].at // MILLISECOND
            if len(picked) >= asked.limit and (asked.since is None or not together):
                break
            picked.append(heads.pop(place))
            head = await anext(sources[place], None)
            if head is not None:
                heads[place] = head
    return picked


def _later(at: int, since: int | None) -> bool:
    return since is None or at // MILLISECOND > since // MILLISECOND


async def _listed(happened: Iterable[_Happened], asked: Asked) -> AsyncGenerator[_Happened, None]:
    """What is known already."""
    for each in sorted(happened, key=lambda each: (each.at, each.place), reverse=asked.since is None):
        if _later(each.at, asked.since):
            yield each


async def _counted(context: Context, customer: Customer, asked: Asked) -> AsyncGenerator[_Happened, None]:
    counted = await context.store.behaviours(customer.number)
    async for each in _listed((_Happened(done.last_at, (3, 0, done.name), done) for done in counted), asked):
        yield each


async def _entries(
    context: Context, customer: Customer, asked: Asked, kinds: Sequence[str]
) -> AsyncGenerator[_Happened, None]:
    total = customer.stands().entries
    newest_first = asked.since is None
    beyond = total + 1 if asked.since is None else await _entries_until(context, customer, asked.since)
    while page := await context.store.entries_of_kinds(customer.number, kinds, beyond, PAGE, newest_first=newest_first):
        for entry in page:
            if _later(entry.occurred_at, asked.since):
                yield _Happened(entry.occurred_at, (0, entry.number, entry.id), entry)
        beyond = page[-1].number


async def _entries_until(context: Context, customer: Customer, since: int) -> int:
    """How many entries are not later than a moment, by halving: they are numbered without a gap, in time."""
    low, high = 0, customer.stands().entries
    while low < high:
        middle = (low + high) // 2 + 1
        entries = await context.store.entries_between(customer.number, middle, middle)
        if entries and _later(entries[0].occurred_at, since):
            high = middle - 1
        else:
            low = middle
    return low


async def _user_events(context: Context, customer: Customer, asked: Asked) -> AsyncGenerator[_Happened, None]:
    store = context.store
    beyond = LAST_ID if asked.since is None else first_uuid(max(0, asked.since - ID_LAG))
    while True:
        if asked.since is None:
            page = await store.user_events_before(customer.number, beyond, PAGE)
        else:
            page = await store.user_events(customer.number, beyond, PAGE)
        for event in page:
            if _later(event.occurred_at, asked.since):
                yield _Happened(event.occurred_at, (2, 0, event.id), event)
        if not page:
            return
        beyond = page[-1].id


def _event(program: Program, customer: Customer, record: Record) -> TimelineEvent:
    match record:
        case Entry():
            return timeline.of_entry(program, record)
        case Membership():
            return timeline.of_membership(program, record)
        case UserEvent():
            return timeline.of_user_event(program, record.id, record.lookup, record.occurred_at)
        case ActivityCounter():
            return timeline.of_behaviour(customer.id, record)
