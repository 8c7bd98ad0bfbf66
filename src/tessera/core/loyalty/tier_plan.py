"""The part of a plan that is about tier systems: their levels, the ranks of these, and the rules that lead to them.

A level that is left out goes, unless a customer holds it. Ranks follow the order of the declaration: when any of them
moves, all levels of the system leave their ranks first.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tessera.core import changes
from tessera.core.errors import Validation
from tessera.core.loyalty.declaration import TierLevelForm, TierSystemForm, amount
from tessera.core.loyalty.drafts import (
    PARKED,
    Action,
    Draft,
    Leaving,
    Members,
    account_named,
    differences,
    inverse,
    match,
    points_text,
    refuse_other_s_names,
    told,
)
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Rule, TierLevel, TierSystem

SYSTEM = "tier system"
LEVEL = "tier level"


def refuse_missing_accounts(whole: Program, accounts: dict[str, str]) -> None:
    """Raises Validation when tier systems that stay as they are count an account that goes."""
    levels = [level for system in whole.systems if not system.retired for level in system.levels if not level.retired]
    counted = {account for level in levels if level.rule is not None for account in level.rule.point_accounts}
    if not {whole.account_numbered(number).id for number in counted} <= set(accounts.values()):
        raise Validation(
            "point_accounts leaves out an account that tier systems count. Keep it, or declare tier_systems too."
        )


def systems(draft: Draft, wanted: Sequence[TierSystemForm], accounts: dict[str, str]) -> None:
    """Plan the tier systems; `accounts` are the ids of those that are there afterwards, by name."""
    known = draft.program.systems
    found, left = match(known, wanted, _name, _is_retired)
    names = [form.name for form in wanted]
    refuse_other_s_names("tier_systems", "name", names, [known[index].name for index in left])
    for name, index in zip(names, found, strict=True):
        holder = next((each for each in known if each.name == name), None)
        if holder is not None and (index is None or holder is not known[index]):
            draft.changes.append(_set(draft, holder, f"{PARKED}{holder.id}", holder.maintenance_days))
    for place, (form, index) in enumerate(zip(wanted, found, strict=True)):
        before = None if index is None else known[index]
        here = f"tier_systems[{place}]"
        system_id = _system(draft, form, before, here)
        _Ladder(draft=draft, form=form, before=before, system_id=system_id, place=here, accounts=accounts).plan()
    for index in left:
        gone = known[index]
        if not gone.retired and any(not level.retired for level in gone.levels):
            set_ = _set(draft, gone, gone.name, gone.maintenance_days, draft.at)
            draft.step(Action.RETIRE, SYSTEM, gone.name, set_)


def _name(each: object) -> str:
    name: str = each.name  # type: ignore[attr-defined]  # a system, a level, or the form of one
    return name


def _is_retired(each: object) -> bool:
    return bool(getattr(each, "retired", False))


def _set(
    draft: Draft, system: TierSystem, name: str, maintenance_days: int | None, retired_at: int | None = None
) -> changes.SetTierSystem:
    return changes.SetTierSystem(draft.organization, system.id, name, maintenance_days, retired_at)


def _system(draft: Draft, form: TierSystemForm, before: TierSystem | None, place: str) -> str:
    """Plan the system itself; its id."""
    after = {"name": form.name, "maintenance_days": form.maintenance_days}
    if before is None:
        system_id = draft.new_id(form.id, place)
        add = changes.AddTierSystem(draft.organization, system_id, form.name, form.maintenance_days)
        draft.step(Action.ADD, SYSTEM, form.name + told({"maintenance_days": form.maintenance_days}), add)
        return system_id
    changed = differences({"name": before.name, "maintenance_days": before.maintenance_days}, after)
    set_ = _set(draft, before, form.name, form.maintenance_days)
    if before.retired:
        draft.step(Action.RESTORE, SYSTEM, f"{form.name}: {', '.join(['brought back', *changed])}", set_)
    elif changed:
        draft.step(Action.CHANGE, SYSTEM, f"{before.name}: {', '.join(changed)}", set_)
    return before.id


class _Target(NamedTuple):
    """What a level takes: units, over these accounts (by id), and units to keep it."""

    units: int
    accounts: Members
    keep: int | None


class _Ladder:
    """The levels of one system."""

    def __init__(
        self, draft: Draft, form: TierSystemForm, before: TierSystem | None, system_id: str, place: str,
        accounts: dict[str, str],
    ) -> None:  # fmt: skip
        self._draft = draft
        self._form = form
        self._known = () if before is None else before.levels
        self._id = system_id
        self._place = place
        self._accounts = accounts
        self._names = {each.id: each.name for each in draft.program.accounts} | inverse(accounts)

    def plan(self) -> None:
        """Plan every level, and those that go."""
        found, left = match(self._known, self._form.levels, _name, _is_retired)
        gone = [self._known[index] for index in left if not self._known[index].retired]
        parked = self._ranks_move(found, gone)
        if parked:
            self._draft.changes.append(changes.ParkTierLevels(self._draft.organization, self._id))
        for rank, (form, index) in enumerate(zip(self._form.levels, found, strict=True)):
            if index is None:
                self._add(form, rank)
            else:
                self._change(form, self._known[index], rank, parked=parked)
        for level in gone:
            retire = changes.RetireTierLevel(self._draft.organization, level.id, self._draft.at)
            self._draft.step(Action.REMOVE, LEVEL, self._said(level.name), retire)
            self._draft.leaving.append(Leaving(level.number, level.name, self._form.name, self._place))

    def _order(self) -> dict[str, int]:
        """Where each level stands, counted from the lowest."""
        return {level.id: place for place, level in enumerate(level for level in self._known if not level.retired)}

    def _ranks_move(self, found: Sequence[int | None], gone: Sequence[TierLevel]) -> bool:
        there = [(rank, self._known[index]) for rank, index in enumerate(found) if index is not None]
        order = self._order()
        if gone or any(order.get(level.id) != rank for rank, level in there):
            return True
        return len(there) < len(found) and any(level.rank != rank for rank, level in there)

    def _said(self, name: str) -> str:
        return f"{name} of {self._form.name}"

    def _add(self, form: TierLevelForm, rank: int) -> None:
        level_id = self._draft.new_id(form.id, f"{self._place}.levels[{rank}]")
        target = self._wanted(form, rank)
        add = changes.AddTierLevel(self._draft.organization, level_id, self._id, rank, form.name)
        self._draft.step(Action.ADD, LEVEL, self._said(form.name) + told(_facts(rank, target)), add)
        if target is not None:
            self._add_rule(level_id, target)

    def _change(self, form: TierLevelForm, level: TierLevel, rank: int, *, parked: bool) -> None:
        target, before = self._wanted(form, rank), self._is(level.rule)
        was_rank = self._order().get(level.id)
        changed = differences(
            {"name": level.name, **_facts(was_rank, before)}, {"name": form.name, **_facts(rank, target)}
        )
        said = self._said(level.name)
        if level.retired:
            self._draft.step(Action.RESTORE, LEVEL, f"{self._said(form.name)}: {', '.join(['brought back', *changed])}")
        elif changed:
            self._draft.step(Action.CHANGE, LEVEL, f"{said}: {', '.join(changed)}")
        if parked or level.retired or form.name != level.name:
            own = rank if parked or level.retired else level.rank
            self._draft.changes.append(changes.SetTierLevel(self._draft.organization, level.id, own, form.name))
        self._change_rule(level, before, target)

    def _change_rule(self, level: TierLevel, before: _Target | None, after: _Target | None) -> None:
        owner = self._draft.organization
        if level.rule is None or before is None:
            if after is not None:
                self._add_rule(level.id, after)
            return
        rule_id = level.rule.id
        if after is None:
            self._draft.changes.append(changes.RemoveTierRule(owner, rule_id))
            return
        if (before.units, before.keep) != (after.units, after.keep):
            self._draft.changes.append(changes.SetTierRule(owner, rule_id, after.units, after.keep))
        for account_id in sorted(before.accounts.keys() - after.accounts.keys()):
            self._draft.changes.append(changes.RemoveTierRuleAccount(owner, rule_id, account_id))
        for account_id in sorted(after.accounts.keys() - before.accounts.keys()):
            self._draft.changes.append(changes.AddTierRuleAccount(owner, rule_id, account_id))

    def _add_rule(self, level_id: str, target: _Target) -> None:
        rule_id, tree_id, root_id, constraint_id = (self._draft.new_id() for _ in range(4))
        owner = self._draft.organization
        self._draft.changes.append(
            changes.AddTierRule(
                organization=owner,
                id=rule_id,
                tier_level_id=level_id,
                tree_id=tree_id,
                root_id=root_id,
                constraint_id=constraint_id,
                target=target.units,
                keep_target=target.keep,
            )
        )
        for account_id in target.accounts:
            self._draft.changes.append(changes.AddTierRuleAccount(owner, rule_id, account_id))

    def _wanted(self, form: TierLevelForm, rank: int) -> _Target | None:
        """What a level should take; None for the lowest."""
        if form.points is None:
            return None
        here = f"{self._place}.levels[{rank}]"
        ids = [
            account_named(self._accounts, name, f"{here}.accounts[{index}]")
            for index, name in enumerate(form.accounts or [])
        ]
        units = amount(form.points, f"{here}.points")
        keep = None if form.keep is None else amount(form.keep, f"{here}.keep")
        return self._target(units, ids, keep)

    def _is(self, rule: Rule | None) -> _Target | None:
        """What a level takes now."""
        if rule is None:
            return None
        ids = [self._draft.program.account_numbered(number).id for number in rule.point_accounts]
        return self._target(rule.target, ids, rule.keep_target)

    def _target(self, units: int, ids: Sequence[str], keep: int | None) -> _Target:
        accounts = Members(dict.fromkeys(ids), " + ".join(self._names[each] for each in ids))
        return _Target(units, accounts, None if keep == units else keep)


def _facts(rank: int | None, target: _Target | None) -> dict[str, object]:
    """How a level is told of."""
    if target is None:
        return {"rank": rank, "points": None, "accounts": None, "keep": None}
    keep = None if target.keep is None else points_text(target.keep)
    return {"rank": rank, "points": points_text(target.units), "accounts": target.accounts, "keep": keep}
