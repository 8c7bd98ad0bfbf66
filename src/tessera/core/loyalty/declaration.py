"""A loyalty program as an operator declares it: what it should be like, by names, for files and for the API alike.

A section that is left out stays as it is; an empty one means none. Points are numbers with at most four decimals.
Every refusal names the place.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tessera.core.errors import MissingData, Validation
from tessera.core.loyalty.points import SPEND, TIER, number, units
from tessera.core.loyalty.program import EventRule, Program
from tessera.core.loyalty.purchase_rules import PurchaseRule, Rounding, folded
from tessera.core.loyalty.tiers import TierLevel
from tessera.core.text import Text, canonical_id

Points = Annotated[Any, Meta(description="points, at most four decimals", extra_json_schema={"type": "number"})]
Money = Annotated[
    Any, Meta(description="an amount of the currency, at most four decimals", extra_json_schema={"type": "number"})
]
Days = Annotated[int, Meta(ge=1, le=36_500)]


class _Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """With an `id`, which an export writes, a thing can be given another name; without one it is found by its name."""


class PointAccountForm(_Form, frozen=True, kw_only=True):
    """A point account; `group` is what its points count for: `Spend`, `Tier`, or another label."""

    name: Text
    id: Text | None = None
    group: Text
    lifetime_days: Days | None = None
    overdraw: bool = False


class PointSourceForm(_Form, frozen=True, kw_only=True):
    """A point source."""

    name: Text
    id: Text | None = None


class TierLevelForm(_Form, frozen=True, kw_only=True):
    """A level: reached with `points` over these accounts together, kept with `keep`; the lowest has none of them."""

    name: Text
    id: Text | None = None
    points: Points | None = None
    accounts: Annotated[list[Text], Meta(min_length=1, max_length=20)] | None = None
    keep: Points | None = None


class TierSystemForm(_Form, frozen=True, kw_only=True):
    """A tier system, its levels lowest first."""

    name: Text
    id: Text | None = None
    maintenance_days: Days | None = None
    levels: Annotated[list[TierLevelForm], Meta(min_length=1, max_length=100)]


class AwardForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an event earns in one point account."""

    account: Text
    points: Points
    source: Text | None = None


class EventForm(_Form, frozen=True, kw_only=True):
    """An event that partners tell of by its `lookup`, and what it earns; its name is the lookup when left out."""

    lookup: Text
    id: Text | None = None
    name: Text | None = None
    awards: Annotated[list[AwardForm], Meta(max_length=20)] = []


class PurchaseForm(_Form, frozen=True, kw_only=True):
    """An earning rule for purchases: `points` for each `per` of the currency, in one point account."""

    name: Text
    id: Text | None = None
    account: Text
    points: Points
    per: Money = 1
    rounding: Rounding = Rounding.DOWN
    minimum: Money = 0
    channels: Annotated[list[Text], Meta(max_length=100)] = []
    excluded_items: Annotated[list[Text], Meta(max_length=1000)] = []
    source: Text | None = None


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole program, or those sections of it that are to change."""

    organization: Text | None = None
    retailer_id: Text | None = None
    point_accounts: Annotated[list[PointAccountForm], Meta(max_length=1000)] | UnsetType = UNSET
    point_sources: Annotated[list[PointSourceForm], Meta(max_length=1000)] | UnsetType = UNSET
    tier_systems: Annotated[list[TierSystemForm], Meta(max_length=100)] | UnsetType = UNSET
    events: Annotated[list[EventForm], Meta(max_length=1000)] | UnsetType = UNSET
    purchases: Annotated[list[PurchaseForm], Meta(max_length=100)] | UnsetType = UNSET


SECTIONS = ("point_accounts", "point_sources", "tier_systems", "events", "purchases")


def amount(points: object, place: str) -> int:
    """Points of a declaration in units. Raises ArgumentError, Validation naming the place."""
    return units(Decimal(repr(points)) if isinstance(points, float) else points, place)


def check(declaration: Declaration) -> None:
    """What can be told of a declaration alone: nothing twice, amounts in their bounds, levels that grow.

    Raises ArgumentError, MissingData, Validation.
    """
    for section in ("point_accounts", "point_sources", "tier_systems", "purchases"):
        _distinct_names(section, "name", [form.name for form in listed(declaration, section)])
    for place, form in enumerate(listed(declaration, "point_accounts")):
        _check_group(f"point_accounts[{place}]", form.group)
    _distinct_names("events", "lookup", [form.lookup for form in listed(declaration, "events")])
    for section in SECTIONS:
        _distinct(section, "id", [form.id for form in listed(declaration, section)])
    levels = [level for form in listed(declaration, "tier_systems") for level in form.levels]
    _distinct("the levels of tier_systems", "id", [level.id for level in levels], numbered=False)
    for place, form in enumerate(listed(declaration, "tier_systems")):
        _check_levels(f"tier_systems[{place}].levels", form.levels)
    for place, form in enumerate(listed(declaration, "events")):
        _check_awards(f"events[{place}].awards", form.awards)
    for place, form in enumerate(listed(declaration, "purchases")):
        _check_purchase(f"purchases[{place}]", form)


def canonical(declaration: Declaration) -> Declaration:
    """The declaration with its ids as they are stored: a UUID in any case means the same (RFC 9562 section 4)."""
    sections = {
        section: [_canonical(form) for form in listed(declaration, section)]
        for section in SECTIONS
        if not isinstance(getattr(declaration, section), UnsetType)
    }
    return msgspec.structs.replace(declaration, **sections)


def _canonical(form: Any) -> Any:
    if isinstance(form, TierSystemForm):
        form = msgspec.structs.replace(form, levels=[_canonical(level) for level in form.levels])
    return form if form.id is None else msgspec.structs.replace(form, id=canonical_id(form.id))


def listed(declaration: Declaration, section: str) -> list[Any]:
    """The forms of a section; none when it is left out."""
    forms: list[Any] | UnsetType = getattr(declaration, section)
    return [] if isinstance(forms, UnsetType) else forms


def _distinct(place: str, member: str, values: Iterable[str | None], *, numbered: bool = True) -> None:
    seen = set()
    for index, value in enumerate(values):
        if value is not None and value in seen:
            found = f"{place}[{index}].{member}" if numbered else f"An {member} among {place}"
            raise Validation(f"{found} stands there twice.", sent=value)
        seen.add(value)


def _distinct_names(place: str, member: str, names: Sequence[str]) -> None:
    """Nothing is called as another thing is, nor so that a reader takes it for that."""
    _distinct(place, member, names)
    read: dict[str, int] = {}
    for index, name in enumerate(names):
        first = read.setdefault(as_read(name), index)
        if first != index:
            raise Validation(
                f"{place}[{index}].{member} reads the same as {place}[{first}].{member}. Choose another.", sent=name
            )


def as_read(name: str) -> str:
    """A name as a reader sees it: one form of each character, none that is invisible, blanks once and inside only."""
    visible = "".join(each for each in unicodedata.normalize("NFKC", name) if unicodedata.category(each) != "Cf")
    return " ".join(visible.split())


def _check_group(place: str, group: str) -> None:
    meant = next((label for label in (SPEND, TIER) if as_read(group).casefold() == label.casefold()), group)
    if meant != group:
        raise Validation(f"{place}.group must be {SPEND} or {TIER}, written exactly so, or another label.", sent=group)


def _check_levels(place: str, levels: list[TierLevelForm]) -> None:
    _distinct_names(place, "name", [level.name for level in levels])
    if (levels[0].points, levels[0].accounts, levels[0].keep) != (None, None, None):
        raise Validation(f"{place}[0] is the lowest level, which takes no points, accounts or keep.")
    below = 0
    for index, level in enumerate(levels[1:], 1):
        here = f"{place}[{index}]"
        for member, value in (("points", level.points), ("accounts", level.accounts)):
            if value is None:
                raise MissingData(f"The field {here}.{member} is missing.")
        target = amount(level.points, f"{here}.points")
        if target <= below:
            lower = "0" if index == 1 else "those of the level before"
            raise Validation(f"{here}.points must be more than {lower}.", sent=level.points)
        below = target
        _distinct(f"{here}.accounts", "name", level.accounts or [])
        if level.keep is not None and not 0 <= amount(level.keep, f"{here}.keep") <= target:
            raise Validation(f"{here}.keep must be from 0 to the points of the level.", sent=level.keep)


def _check_awards(place: str, awards: list[AwardForm]) -> None:
    _distinct(place, "account", [award.account for award in awards])
    for index, award in enumerate(awards):
        if amount(award.points, f"{place}[{index}].points") <= 0:
            raise Validation(f"{place}[{index}].points must be more than 0.", sent=award.points)


def _check_purchase(place: str, form: PurchaseForm) -> None:
    for member, value in (("points", form.points), ("per", form.per)):
        if amount(value, f"{place}.{member}") <= 0:
            raise Validation(f"{place}.{member} must be more than 0.", sent=value)
    if amount(form.minimum, f"{place}.minimum") < 0:
        raise Validation(f"{place}.minimum must be 0 or more.", sent=form.minimum)
    _distinct(f"{place}.channels", "name", [folded(channel) for channel in form.channels])
    _distinct(f"{place}.excluded_items", "item", form.excluded_items)


def declared(program: Program, organization: str) -> Declaration:
    """A program as its declaration: what is retired stays out. Declaring that again changes nothing."""
    names = {account.number: account.name for account in program.accounts}
    sources = {source.id: source.name for source in program.sources if not source.retired}
    return Declaration(
        organization=organization,
        retailer_id=program.retailer_id,
        point_accounts=[
            PointAccountForm(
                name=account.name,
                id=account.id,
                group=account.grouping_label,
                lifetime_days=account.lifetime_days,
                overdraw=account.overdraw,
            )
            for account in program.accounts
            if not account.retired
        ],
        point_sources=[PointSourceForm(name=name, id=source_id) for source_id, name in sources.items()],
        tier_systems=[
            TierSystemForm(
                name=system.name,
                id=system.id,
                maintenance_days=system.maintenance_days,
                levels=[_level_form(level, names) for level in system.levels],
            )
            for system in program.systems
        ],
        events=[_event_form(rule, names, sources) for rule in program.event_rules],
        purchases=[_purchase_form(rule, names, sources) for rule in program.purchase_rules],
    )


def _level_form(level: TierLevel, names: dict[int, str]) -> TierLevelForm:
    if level.rule is None:
        return TierLevelForm(name=level.name, id=level.id)
    keep = level.rule.keep_target
    return TierLevelForm(
        name=level.name,
        id=level.id,
        points=number(level.rule.target),
        accounts=[names[account] for account in level.rule.point_accounts],
        keep=None if keep is None else number(keep),
    )


def _event_form(rule: EventRule, names: dict[int, str], sources: dict[str, str]) -> EventForm:
    awards = [
        AwardForm(
            account=names[award.point_account],
            points=number(award.amount),
            source=sources.get(award.point_source_id or ""),
        )
        for award in rule.awards
    ]
    return EventForm(lookup=rule.lookup, id=rule.id, name=rule.name, awards=awards)


def _purchase_form(rule: PurchaseRule, names: dict[int, str], sources: dict[str, str]) -> PurchaseForm:
    return PurchaseForm(
        name=rule.name,
        id=rule.id,
        account=names[rule.point_account],
        points=number(rule.points),
        per=number(rule.per),
        rounding=Rounding(rule.rounding),
        minimum=number(rule.minimum),
        channels=list(rule.channels),
        excluded_items=list(rule.excluded_items),
        source=sources.get(rule.point_source_id or ""),
    )
