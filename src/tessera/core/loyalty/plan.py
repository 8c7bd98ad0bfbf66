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
from tessera.core.loyalty import purchase_plan, tier_plan
from tessera.core.loyalty.declaration import SECTIONS, Declaration, EventForm, amount, canonical, check
from tessera.core.loyalty.drafts import (
    Draft,
    Imported,
    Leaving,
    Members,
    Step,
    account_named,
    inverse,
    points_text,
)
from tessera.core.loyalty.named_plan import Kind, plan_named
from tessera.core.loyalty.points import PointAccount
from tessera.core.loyalty.program import EventRule, Program


class Plan(NamedTuple):
    """What is to happen: nothing when there are no steps. `left_alone` are the sections that stay as they are."""

    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    left_alone: tuple[str, ...]
    leaving: tuple[Leaving, ...]
    brought: tuple[Imported, ...]


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
    purchase_plan.purchases(draft, wanted, accounts, sources)
    first: list[Change] = [changes.RaiseProgramVersion(whole.organization, whole.version)] if draft.steps else []
    return Plan(
        tuple(draft.steps),
        (*first, *draft.changes),
        tuple(section for section in SECTIONS if isinstance(getattr(wanted, section), UnsetType)),
        tuple(draft.leaving),
        tuple(draft.brought),
    )


def _accounts(draft: Draft, wanted: Declaration) -> dict[str, str]:
    """Plan the point accounts; the ids of those that are there afterwards, by name."""
    if isinstance(wanted.point_accounts, UnsetType):
        return {each.name: each.id for each in draft.program.accounts if not each.retired}
    return plan_named(draft, _ACCOUNTS, draft.program.accounts, wanted.point_accounts)


def _sources(draft: Draft, wanted: Declaration) -> dict[str, str]:
    if isinstance(wanted.point_sources, UnsetType):
        return {each.name: each.id for each in draft.program.sources if not each.retired}
    return plan_named(draft, _SOURCES, draft.program.sources, wanted.point_sources)


def _label(each: Any) -> str:
    """The group, of an account that is there or that is wanted."""
    label: str = each.grouping_label if isinstance(each, PointAccount) else each.group
    return label


_ACCOUNTS = Kind(
    what="point account",
    section="point_accounts",
    member="name",
    add=lambda owner, key, form: changes.AddPointAccount(
        organization=owner,
        id=key,
        name=form.name,
        grouping_label=form.group,
        lifetime_days=form.lifetime_days,
        overdraw=int(form.overdraw),
    ),
    set=lambda owner, key, each, name, retired_at: changes.SetPointAccount(
        organization=owner,
        id=key,
        name=name,
        grouping_label=_label(each),
        lifetime_days=each.lifetime_days,
        overdraw=int(each.overdraw),
        retired_at=retired_at,
    ),
    facts=lambda each: {
        "group": _label(each),
        "lifetime_days": each.lifetime_days,
        "overdraw": each.overdraw,
    },
)
_SOURCES = Kind(
    what="point source",
    section="point_sources",
    member="name",
    add=lambda owner, key, form: changes.AddPointSource(owner, key, form.name),
    set=lambda owner, key, _each, name, retired_at: changes.SetPointSource(owner, key, name, retired_at),
    facts=lambda _each: {},
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
    kind = Kind(
        what="event",
        section="events",
        member="lookup",
        add=lambda owner, key, form: changes.AddEventRule(owner, key, form.lookup, form.name or form.lookup),
        set=lambda owner, key, each, lookup, retired_at: changes.SetEventRule(
            owner, key, lookup, each.name or each.lookup, retired_at
        ),
        facts=lambda each: {"name": each.name or each.lookup, "awards": earned.of(each)},
    )
    ids = plan_named(draft, kind, known, wanted.events)
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
            raise Validation(f"{place}.source names no point source.", sent=name)
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
