"""Writes of loyalty programs: point accounts and sources, tier systems, event rules."""

from tessera.core.changes.change import Change, NoticeKind


class _ProgramChange(Change, frozen=True):
    organization: int

    def notice(self) -> tuple[NoticeKind, str]:
        return NoticeKind.PROGRAM, str(self.organization)


class AddPointAccount(_ProgramChange, frozen=True):
    """A new point account; its id, and its name in the organization, are free."""

    id: str
    name: str
    grouping_label: str


class AddTierSystem(_ProgramChange, frozen=True):
    """A new tier system; its id, and its name in the organization, are free."""

    id: str
    name: str
    maintenance_days: int | None


class AddTierLevel(_ProgramChange, frozen=True):
    """A new level of a tier system; its id and its rank there are free."""

    id: str
    tier_system_id: str
    rank: int
    name: str


class AddTierRule(_ProgramChange, frozen=True):
    """The point-balance rule of a level that has none yet."""

    id: str
    tier_level_id: str
    tree_id: str
    root_id: str
    constraint_id: str
    target: int


class AddTierRuleAccount(_ProgramChange, frozen=True):
    """One more point account that a rule counts."""

    rule_id: str
    point_account_id: str
