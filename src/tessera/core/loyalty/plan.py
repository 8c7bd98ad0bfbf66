"""From a program as it is to a program as it is declared: the steps in words, and the changes that make them.

Accounts, sources and events that are left out of a section that stands there are retired; `tier_plan` has the law of
tier systems. Nothing here is written: the first change restates the version that all of it was planned on.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec import UnsetType

from tessera.core import changes
from tessera.core.changes import Change
from tessera.core.errors import Validation
from tessera.core.loyalty import tier_plan
from tessera.core.loyalty.declaration import SECTIONS, Declaration, EventForm, amount, canonical, check
from tessera.core.loyalty.drafts import (
    PARKED,
    Action,
    Brought,
    Draft,
    Leaving,
    Members,
    Step,
    account_named,
    differences,
    inverse,
    match,
    points_text,
    refuse_other_s_names,
    told,
)
from tessera.core.loyalty.points import PointAccount
from tessera.core.loyalty.program import EventRule, Program


class Plan(NamedTuple):
    """What is to happen: nothing when there are no steps. `left_alone` are the sections that stay as they are."""

    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    left_alone: tuple[str, ...]
    leaving: tuple[Leaving, ...]
    brought: tuple[Brought, ...]


def plan(whole: Program, wanted: Declaration, new_id: Callable[[], str], at: int) -> Plan:
    """The way from a program, read whole, to what is wanted. Raises ArgumentError, MissingData, Validation."""
    wanted = canonical(wanted)
    check(wanted)
    draft = Draft(whole, new_id, at)
    accounts = _accounts(draft, wanted)
    sources = _sources(draft, wanted)
    if isinstance(wanted.tier_systems, UnsetType):
        tier_plan.refuse_missing_accounts(whole, accounts)
    else:
        tier_plan.systems(draft, wanted.tier_systems, accounts)
    _events(draft, wanted, accounts, sources)
    first: list[Change] = [changes.RaiseProgramVersion(whole.organization, whole.version)] if draft.steps else []
    return Plan(
        tuple(draft.steps),
        (*first, *draft.changes),
        tuple(section for section in SECTIONS if isinstance(getattr(wanted, section), UnsetType)),
        tuple(draft.leaving),
        tuple(draft.brought),
    )


class _Kind(NamedTuple):
    """A kind of thing that has a name, and is retired when it is left out."""

    what: str
    section: str
    member: str
    add: Callable[[int, str, Any], Change]
    set: Callable[[int, str, Any, str, int | None], Change]
    facts: Callable[[Any], dict[str, object]]


def _accounts(draft: Draft, wanted: Declaration) -> dict[str, str]:
    """Plan the point accounts; the ids of those that are there afterwards, by name."""
    if isinstance(wanted.point_accounts, UnsetType):
        return {each.name: each.id for each in draft.program.accounts if not each.retired}
    return _named(draft, _ACCOUNTS, draft.program.accounts, wanted.point_accounts)


def _sources(draft: Draft, wanted: Declaration) -> dict[str, str]:
    if isinstance(wanted.point_sources, UnsetType):
        return {each.name: each.id for each in draft.program.sources if not each.retired}
    return _named(draft, _SOURCES, draft.program.sources, wanted.point_sources)


def _named(draft: Draft, kind: _Kind, known: Sequence[Any], wanted: Sequence[Any]) -> dict[str, str]:
    """Plan the things of one kind; the ids of those that are there afterwards, by name."""

    def name_of(each: object) -> str:
        name: str = getattr(each, kind.member)
        return name

    found, left = match(known, wanted, name_of, _is_retired)
    names = [name_of(form) for form in wanted]
    refuse_other_s_names(kind.section, kind.member, names, [name_of(known[index]) for index in left])
    owner = draft.organization
    for name, index in zip(names, found, strict=True):
        holder = next((each for each in known if name_of(each) == name), None)
        if holder is not None and (index is None or holder is not known[index]):
            draft.changes.append(kind.set(owner, holder.id, holder, f"{PARKED}{holder.id}", None))
    ids = {}
    for place, (name, form, index) in enumerate(zip(names, wanted, found, strict=True)):
        if index is None:
            ids[name] = draft.new_id(form.id, f"{kind.section}[{place}]")
            draft.step(Action.ADD, kind.what, name + told(kind.facts(form)), kind.add(owner, ids[name], form))
            continue
        before = known[index]
        ids[name] = before.id
        set_ = kind.set(owner, before.id, form, name, None)
        told_ = differences({kind.member: name_of(before), **kind.facts(before)},
                            {kind.member: name, **kind.facts(form)})  # fmt: skip
        if before.retired:
            draft.step(Action.RESTORE, kind.what, ": ".join([name, ", ".join(["brought back", *told_])]), set_)
        elif told_:
            draft.step(Action.CHANGE, kind.what, f"{name_of(before)}: {', '.join(told_)}", set_)
    for index in left:
        gone = known[index]
        if not gone.retired:
            name = name_of(gone)
            draft.step(Action.RETIRE, kind.what, name, kind.set(owner, gone.id, gone, name, draft.at))
    return ids


def _is_retired(each: object) -> bool:
    return bool(getattr(each, "retired", False))


def _label(each: Any) -> str:
    """The group, of an account that is there or that is wanted."""
    label: str = each.grouping_label if isinstance(each, PointAccount) else each.group
    return label


_ACCOUNTS = _Kind(
    "point account",
    "point_accounts",
    "name",
    lambda owner, key, form: changes.AddPointAccount(
        owner, key, form.name, form.group, form.lifetime_days, int(form.overdraw)
    ),
    lambda owner, key, each, name, retired_at: changes.SetPointAccount(
        owner, key, name, _label(each), each.lifetime_days, int(each.overdraw), retired_at
    ),
    lambda each: {
        "group": _label(each),
        "lifetime_days": each.lifetime_days,
        "overdraw": each.overdraw,
    },
)
_SOURCES = _Kind(
    "point source",
    "point_sources",
    "name",
    lambda owner, key, form: changes.AddPointSource(owner, key, form.name),
    lambda owner, key, _each, name, retired_at: changes.SetPointSource(owner, key, name, retired_at),
    lambda _each: {},
)


def _events(draft: Draft, wanted: Declaration, accounts: dict[str, str], sources: dict[str, str]) -> None:
    """Plan the events; each award names an account and a source that are there afterwards."""
    known = draft.program.event_rules
    if isinstance(wanted.events, UnsetType):
        _refuse_missing_earnings([each for each in known if not each.retired], draft.program, accounts, sources)
        return
    earned = _Earnings(draft.program, accounts, sources)
    for place, form in enumerate(wanted.events):
        earned.read(f"events[{place}].awards", form)
    kind = _Kind(
        "event",
        "events",
        "lookup",
        lambda owner, key, form: changes.AddEventRule(owner, key, form.lookup, form.name or form.lookup),
        lambda owner, key, each, lookup, retired_at: changes.SetEventRule(
            owner, key, lookup, each.name or each.lookup, retired_at
        ),
        lambda each: {"name": each.name or each.lookup, "awards": earned.of(each)},
    )
    ids = _named(draft, kind, known, wanted.events)
    before = {each.id: earned.of(each) for each in known}
    for form in wanted.events:
        _awards(draft, ids[form.lookup], before.get(ids[form.lookup], Members()), earned.of(form))


def _awards(draft: Draft, rule_id: str, before: Members, after: Members) -> None:
    owner = draft.organization
    for account_id, earns in before.items():
        if after.get(account_id) != earns:
            draft.changes.append(changes.RemoveEventAward(owner, rule_id, account_id))
    for account_id, earns in after.items():
        if before.get(account_id) != earns:
            draft.changes.append(changes.AddEventAward(owner, rule_id, account_id, *earns))


class _Earnings:
    """What events earn, as they are and as they are wanted: units and source by the id of the account."""

    def __init__(self, whole: Program, accounts: dict[str, str], sources: dict[str, str]) -> None:
        self._whole = whole
        self._accounts = accounts
        self._sources = sources
        self._account_names = {account.id: account.name for account in whole.accounts} | inverse(accounts)
        self._source_names = {source.id: source.name for source in whole.sources} | inverse(sources)
        self._wanted: dict[str, Members] = {}

    def read(self, place: str, form: EventForm) -> None:
        """Look the names of a wanted event up. Raises Validation for one that is not there afterwards."""
        earned = {}
        for index, award in enumerate(form.awards):
            here = f"{place}[{index}]"
            source = None if award.source is None else self._source(award.source, here)
            earned[account_named(self._accounts, award.account, f"{here}.account")] = (
                amount(award.points, f"{here}.points"),
                source,
            )
        self._wanted[form.lookup] = self._told(earned)

    def _source(self, name: str, place: str) -> str:
        if name not in self._sources:
            raise Validation(f"{place}.source names no point source.")
        return self._sources[name]

    def of(self, each: EventRule | EventForm) -> Members:
        """What an event earns."""
        if isinstance(each, EventForm):
            return self._wanted[each.lookup]
        return self._told(
            {
                self._whole.account_numbered(award.point_account).id: (award.amount, award.point_source_id)
                for award in each.awards
            }
        )

    def _told(self, earned: dict[str, tuple[int, str | None]]) -> Members:
        said = [
            f"{points_text(units)} {self._account_names[account_id]}"
            + (f" from {self._source_names.get(source, source)}" if source is not None else "")
            for account_id, (units, source) in earned.items()
        ]
        return Members(earned, " and ".join(said) or "nothing")


def _refuse_missing_earnings(
    rules: Sequence[EventRule], whole: Program, accounts: dict[str, str], sources: dict[str, str]
) -> None:
    """Raises Validation when events that stay as they are earn in, or from, what goes."""
    going = {source.id for source in whole.sources} - set(sources.values())
    for award in (award for rule in rules for award in rule.awards):
        if whole.account_numbered(award.point_account).id not in accounts.values():
            raise Validation(
                "point_accounts leaves out an account in which events earn. Keep it, or declare events too."
            )
        if award.point_source_id in going:
            raise Validation("point_sources leaves out a source that events name. Keep it, or declare events too.")
