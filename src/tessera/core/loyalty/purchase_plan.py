"""Planning the earning rules for purchases: from those that are there to those that are declared."""

from collections.abc import Mapping
from typing import TypedDict

import msgspec
from msgspec import UnsetType

from tessera.core import changes
from tessera.core.errors import Validation
from tessera.core.loyalty.declaration import Declaration, PurchaseForm, amount
from tessera.core.loyalty.drafts import Draft, account_named, inverse, points_text
from tessera.core.loyalty.named_plan import Kind, plan_named
from tessera.core.loyalty.points import UNITS
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.purchase_rules import PurchaseRule


class _Rule(msgspec.Struct, frozen=True):
    """A rule with everything named by ids, whether it is there or wanted."""

    id: str | None
    name: str
    account_id: str
    points: int
    per: int
    rounding: str
    minimum: int
    channels: tuple[str, ...]
    excluded_items: tuple[str, ...]
    source_id: str | None
    retired: bool = False


def purchases(draft: Draft, wanted: Declaration, accounts: Mapping[str, str], sources: Mapping[str, str]) -> None:
    """Plan the earning rules; each names an account and a source that are there afterwards. Raises Validation."""
    known = [_known(rule, draft.program) for rule in draft.program.purchase_rules]
    if isinstance(wanted.purchases, UnsetType):
        _refuse_missing(known, draft.program, accounts, sources)
        return
    rules = [_wanted(form, accounts, sources, f"purchases[{place}]") for place, form in enumerate(wanted.purchases)]
    account_names = {account.id: account.name for account in draft.program.accounts} | inverse(accounts)
    source_names = {source.id: source.name for source in draft.program.sources} | inverse(sources)

    def facts(rule: _Rule) -> dict[str, object]:
        return {
            "earns": _earns(rule, account_names[rule.account_id]),
            "rounding": rule.rounding,
            "minimum": points_text(rule.minimum) if rule.minimum else None,
            "channels": " and ".join(rule.channels) or None,
            "excluded_items": " and ".join(rule.excluded_items) or None,
            "source": None if rule.source_id is None else source_names.get(rule.source_id, rule.source_id),
        }

    kind = Kind(
        what="purchase rule",
        section="purchases",
        member="name",
        add=lambda owner, key, rule: changes.AddPurchaseRule(owner, key, rule.name, **_columns(rule)),
        set=lambda owner, key, rule, name, retired_at: changes.SetPurchaseRule(
            owner, key, name, **_columns(rule), retired_at=retired_at
        ),
        facts=facts,
    )
    plan_named(draft, kind, known, rules)


def _earns(rule: _Rule, account: str) -> str:
    each = "" if rule.per == UNITS else f" {points_text(rule.per)}"
    return f"{points_text(rule.points)} {account} for each{each or ' 1'}"


class _Columns(TypedDict):
    """The columns of a rule; lists are JSON."""

    point_account_id: str
    points: int
    per: int
    rounding: str
    minimum: int
    channels: str
    excluded_items: str
    point_source_id: str | None


def _columns(rule: _Rule) -> _Columns:
    return _Columns(
        point_account_id=rule.account_id,
        points=rule.points,
        per=rule.per,
        rounding=rule.rounding,
        minimum=rule.minimum,
        channels=msgspec.json.encode(rule.channels).decode(),
        excluded_items=msgspec.json.encode(rule.excluded_items).decode(),
        point_source_id=rule.source_id,
    )


def _known(rule: PurchaseRule, whole: Program) -> _Rule:
    return _Rule(
        id=rule.id,
        name=rule.name,
        account_id=whole.account_numbered(rule.point_account).id,
        points=rule.points,
        per=rule.per,
        rounding=rule.rounding,
        minimum=rule.minimum,
        channels=rule.channels,
        excluded_items=rule.excluded_items,
        source_id=rule.point_source_id,
        retired=rule.retired,
    )


def _wanted(form: PurchaseForm, accounts: Mapping[str, str], sources: Mapping[str, str], place: str) -> _Rule:
    if form.source is not None and form.source not in sources:
        raise Validation(f"{place}.source names no point source.", sent=form.source)
    return _Rule(
        id=form.id,
        name=form.name,
        account_id=account_named(accounts, form.account, f"{place}.account"),
        points=amount(form.points, f"{place}.points"),
        per=amount(form.per, f"{place}.per"),
        rounding=form.rounding.value,
        minimum=amount(form.minimum, f"{place}.minimum"),
        channels=tuple(form.channels),
        excluded_items=tuple(form.excluded_items),
        source_id=None if form.source is None else sources[form.source],
    )


def _refuse_missing(
    rules: list[_Rule], whole: Program, accounts: Mapping[str, str], sources: Mapping[str, str]
) -> None:
    """Raises Validation when rules that stay as they are earn in, or from, what goes."""
    going = {source.id for source in whole.sources} - set(sources.values())
    for rule in rules:
        if rule.retired:
            continue
        if rule.account_id not in accounts.values():
            raise Validation(
                "point_accounts leaves out an account in which purchases earn. Keep it, or declare purchases too."
            )
        if rule.source_id in going:
            raise Validation(
                "point_sources leaves out a source that purchases name. Keep it, or declare purchases too."
            )
