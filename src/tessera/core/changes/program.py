"""Writes of loyalty programs: point accounts and sources, tier systems, event rules.

Whoever changes a program puts `RaiseProgramVersion` first: everything that the rest of the commit relied on then still
is as it was read, since nothing else changes a program.
"""

from tessera.core.changes.change import Change, NoticeKind


class _ProgramChange(Change, frozen=True):
    organization: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.PROGRAM, str(self.organization)


class RaiseProgramVersion(_ProgramChange, frozen=True):
    """The program changes; it had this version before."""

    was_version: int


class AddPointAccount(_ProgramChange, frozen=True):
    """A new point account; its id, and its name in the organization, are free. `overdraw` is 0 or 1."""

    id: str
    name: str
    grouping_label: str
    lifetime_days: int | None = None
    overdraw: int = 0


class SetPointAccount(_ProgramChange, frozen=True):
    """What a point account of the organization is like from now on; its name is free but for itself."""

    id: str
    name: str
    grouping_label: str
    lifetime_days: int | None
    overdraw: int
    retired_at: int | None


class AddPointSource(_ProgramChange, frozen=True):
    """A new point source; its id, and its name in the organization, are free."""

    id: str
    name: str


class SetPointSource(_ProgramChange, frozen=True):
    """What a point source of the organization is like from now on; its name is free but for itself."""

    id: str
    name: str
    retired_at: int | None


class AddTierSystem(_ProgramChange, frozen=True):
    """A new tier system; its id, and its name in the organization, are free."""

    id: str
    name: str
    maintenance_days: int | None


class SetTierSystem(_ProgramChange, frozen=True):
    """What a tier system of the organization is like from now on; its name is free but for itself."""

    id: str
    name: str
    maintenance_days: int | None
    retired_at: int | None


class AddTierLevel(_ProgramChange, frozen=True):
    """A new level of a tier system; its id and its rank there are free."""

    id: str
    tier_system_id: str
    rank: int
    name: str


class ParkTierLevels(_ProgramChange, frozen=True):
    """All levels of a tier system leave their ranks, so that each can take another's in the same commit."""

    tier_system_id: str


class SetTierLevel(_ProgramChange, frozen=True):
    """What a level is called and where it stands from now on, taken away before or not; the rank is free but for it."""

    id: str
    rank: int
    name: str


class RetireTierLevel(_ProgramChange, frozen=True):
    """A level is taken away; no customer holds it. The history of those that did still names it."""

    id: str
    retired_at: int


class AddTierRule(_ProgramChange, frozen=True):
    """The point-balance rule of a level that has none yet."""

    id: str
    tier_level_id: str
    tree_id: str
    root_id: str
    constraint_id: str
    target: int
    keep_target: int | None = None


class SetTierRule(_ProgramChange, frozen=True):
    """What it takes to reach a level and to keep it from now on."""

    id: str
    target: int
    keep_target: int | None


class RemoveTierRule(_ProgramChange, frozen=True):
    """A level has no rule from now on."""

    id: str


class AddTierRuleAccount(_ProgramChange, frozen=True):
    """One more point account that a rule counts."""

    rule_id: str
    point_account_id: str


class RemoveTierRuleAccount(_ProgramChange, frozen=True):
    """A point account that a rule counts no more."""

    rule_id: str
    point_account_id: str


class AddEventRule(_ProgramChange, frozen=True):
    """A new event rule; its id, and its lookup in the organization, are free."""

    id: str
    lookup: str
    name: str


class SetEventRule(_ProgramChange, frozen=True):
    """What an event rule of the organization is like from now on; its lookup is free but for itself."""

    id: str
    lookup: str
    name: str
    retired_at: int | None


class AddEventAward(_ProgramChange, frozen=True):
    """What an event earns in one point account, in which it has earned nothing so far."""

    event_rule_id: str
    point_account_id: str
    amount: int
    point_source_id: str | None


class RemoveEventAward(_ProgramChange, frozen=True):
    """A point account in which an event earns nothing more."""

    event_rule_id: str
    point_account_id: str


class AddPurchaseRule(_ProgramChange, frozen=True):
    """A new earning rule for purchases; its id, and its name in the organization, are free. Lists are JSON."""

    id: str
    name: str
    point_account_id: str
    points: int
    per: int
    rounding: str
    minimum: int
    channels: str
    excluded_items: str
    point_source_id: str | None


class SetPurchaseRule(_ProgramChange, frozen=True):
    """The earning rule of an organization as it is from now on; its name is free but for itself."""

    id: str
    name: str
    point_account_id: str
    points: int
    per: int
    rounding: str
    minimum: int
    channels: str
    excluded_items: str
    point_source_id: str | None
    retired_at: int | None
