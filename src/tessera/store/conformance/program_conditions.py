"""The conditions of what changes a loyalty program."""

from collections.abc import Iterable

import msgspec

from tessera.core import changes
from tessera.store.conformance.case import Condition
from tessera.store.conformance.material import AT, World


def program(world: World) -> Iterable[Condition]:
    """Where the facts of a program's changes hold, and every way in which they do not."""
    yield Condition(
        (changes.RaiseProgramVersion(world.organization, 0),),
        (
            changes.RaiseProgramVersion(world.organization, 1),
            changes.RaiseProgramVersion(world.organization + 100, 0),
        ),
    )
    yield from _accounts(world)
    yield from _sources(world)
    yield from _systems(world)
    yield from _levels(world)
    yield from _rules(world)
    yield from _events(world)
    yield from _purchase_rules(world)


def _accounts(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (
            changes.AddPointAccount(
                organization=owner, id="new", name="New", grouping_label="Tier", lifetime_days=30, overdraw=1
            ),
            changes.AddPointAccount(other, "new", "Other beans", "Tier"),
        ),
        (
            changes.AddPointAccount(owner, "account-1", "New", "Tier"),
            changes.AddPointAccount(owner, "account-other", "New", "Tier"),
            changes.AddPointAccount(owner, "new", "Beans", "Tier"),
        ),
    )
    yield Condition(
        (
            changes.SetPointAccount(
                organization=owner,
                id="account-1",
                name="Beans",
                grouping_label="Other",
                lifetime_days=30,
                overdraw=1,
                retired_at=AT,
            ),
            changes.SetPointAccount(
                organization=owner,
                id="account-1",
                name="New",
                grouping_label="Spend",
                lifetime_days=None,
                overdraw=0,
                retired_at=None,
            ),
            changes.SetPointAccount(
                organization=other,
                id="account-other",
                name="Status",
                grouping_label="Spend",
                lifetime_days=None,
                overdraw=0,
                retired_at=None,
            ),
        ),
        (
            changes.SetPointAccount(
                organization=owner,
                id="unknown",
                name="New",
                grouping_label="Spend",
                lifetime_days=None,
                overdraw=0,
                retired_at=None,
            ),
            changes.SetPointAccount(
                organization=owner,
                id="account-other",
                name="New",
                grouping_label="Spend",
                lifetime_days=None,
                overdraw=0,
                retired_at=None,
            ),
            changes.SetPointAccount(
                organization=owner,
                id="account-1",
                name="Status",
                grouping_label="Spend",
                lifetime_days=None,
                overdraw=0,
                retired_at=None,
            ),
        ),
    )


def _sources(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (changes.AddPointSource(owner, "new", "New"), changes.AddPointSource(other, "new", "Shop")),
        (
            changes.AddPointSource(owner, "source-1", "New"),
            changes.AddPointSource(owner, "source-other", "New"),
            changes.AddPointSource(owner, "new", "Till"),
        ),
    )
    yield Condition(
        (
            changes.SetPointSource(owner, "source-1", "New", None),
            changes.SetPointSource(owner, "source-1", "Till", AT),
            changes.SetPointSource(other, "source-other", "Shop", None),
        ),
        (
            changes.SetPointSource(owner, "unknown", "New", None),
            changes.SetPointSource(owner, "source-other", "New", None),
            changes.SetPointSource(owner, "source-1", "Shop", None),
        ),
    )


def _systems(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (changes.AddTierSystem(owner, "new", "New", None), changes.AddTierSystem(other, "new", "Club", None)),
        (changes.AddTierSystem(other, "system-1", "New", None), changes.AddTierSystem(owner, "new", "Club", None)),
    )
    yield Condition(
        (
            changes.SetTierSystem(owner, "system-1", "New", None, None),
            changes.SetTierSystem(owner, "system-1", "Club", 30, AT),
        ),
        (
            changes.SetTierSystem(owner, "unknown", "New", None, None),
            changes.SetTierSystem(other, "system-1", "New", None, None),
            changes.SetTierSystem(owner, "system-1", "Ladder", None, None),
        ),
    )


def _levels(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (changes.AddTierLevel(owner, "new", "system-1", 3, "New"),),
        (
            changes.AddTierLevel(owner, "new", "unknown", 3, "New"),
            changes.AddTierLevel(other, "new", "system-1", 3, "New"),
            changes.AddTierLevel(owner, "new", "system-1", 2, "New"),
            changes.AddTierLevel(owner, "level-1", "system-1", 3, "New"),
        ),
    )
    yield Condition(
        (changes.SetTierLevel(owner, "level-1", 1, "New"), changes.SetTierLevel(owner, "level-1", 3, "High")),
        (
            changes.SetTierLevel(owner, "unknown", 3, "New"),
            changes.SetTierLevel(other, "level-1", 3, "New"),
            changes.SetTierLevel(owner, "level-1", 2, "New"),
        ),
    )
    yield Condition(
        (changes.RetireTierLevel(owner, "level-1", AT), changes.RetireTierLevel(owner, "level-2", AT)),
        (
            changes.RetireTierLevel(owner, "unknown", AT),
            changes.RetireTierLevel(other, "level-1", AT),
            changes.RetireTierLevel(owner, "level-0", AT),
        ),
    )


def _rules(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (
            changes.AddTierRule(
                organization=owner,
                id="new",
                tier_level_id="level-2",
                tree_id="t",
                root_id="r",
                constraint_id="c",
                target=2,
                keep_target=1,
            ),
        ),
        (
            changes.AddTierRule(
                organization=owner,
                id="new",
                tier_level_id="unknown",
                tree_id="t",
                root_id="r",
                constraint_id="c",
                target=1,
            ),
            changes.AddTierRule(
                organization=other,
                id="new",
                tier_level_id="level-2",
                tree_id="t",
                root_id="r",
                constraint_id="c",
                target=1,
            ),
            changes.AddTierRule(
                organization=owner,
                id="new",
                tier_level_id="level-1",
                tree_id="t",
                root_id="r",
                constraint_id="c",
                target=1,
            ),
            changes.AddTierRule(
                organization=owner,
                id="rule-1",
                tier_level_id="level-2",
                tree_id="t",
                root_id="r",
                constraint_id="c",
                target=1,
            ),
        ),
    )
    yield Condition(
        (changes.SetTierRule(owner, "rule-1", 2, 1), changes.SetTierRule(owner, "rule-1", 2, None)),
        (changes.SetTierRule(owner, "unknown", 2, 1), changes.SetTierRule(other, "rule-1", 2, 1)),
    )
    yield Condition(
        (changes.RemoveTierRule(owner, "rule-1"),),
        (changes.RemoveTierRule(owner, "unknown"), changes.RemoveTierRule(other, "rule-1")),
    )
    yield Condition(
        (changes.AddTierRuleAccount(owner, "rule-1", "account-2"),),
        (
            changes.AddTierRuleAccount(owner, "rule-1", "account-1"),
            changes.AddTierRuleAccount(owner, "rule-1", "account-other"),
            changes.AddTierRuleAccount(other, "rule-1", "account-other"),
            changes.AddTierRuleAccount(owner, "rule-1", "unknown"),
            changes.AddTierRuleAccount(owner, "unknown", "account-2"),
        ),
    )
    yield Condition(
        (changes.RemoveTierRuleAccount(owner, "rule-1", "account-1"),),
        (
            changes.RemoveTierRuleAccount(owner, "rule-1", "account-2"),
            changes.RemoveTierRuleAccount(owner, "unknown", "account-1"),
            changes.RemoveTierRuleAccount(other, "rule-1", "account-1"),
        ),
    )


def _events(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (changes.AddEventRule(owner, "new", "new", "New"), changes.AddEventRule(other, "new", "survey", "New")),
        (
            changes.AddEventRule(owner, "event-1", "new", "New"),
            changes.AddEventRule(other, "event-1", "new", "New"),
            changes.AddEventRule(owner, "new", "survey", "New"),
        ),
    )
    yield Condition(
        (
            changes.SetEventRule(owner, "event-1", "new", "New", None),
            changes.SetEventRule(owner, "event-1", "survey", "Survey", AT),
        ),
        (
            changes.SetEventRule(owner, "unknown", "new", "New", None),
            changes.SetEventRule(other, "event-1", "new", "New", None),
            changes.SetEventRule(owner, "event-1", "visit", "New", None),
        ),
    )
    yield Condition(
        (
            changes.AddEventAward(owner, "event-1", "account-2", 5, None),
            changes.AddEventAward(owner, "event-2", "account-1", 5, "source-1"),
        ),
        (
            changes.AddEventAward(owner, "event-1", "account-1", 5, None),
            changes.AddEventAward(owner, "event-1", "account-other", 5, None),
            changes.AddEventAward(other, "event-1", "account-other", 5, None),
            changes.AddEventAward(owner, "unknown", "account-2", 5, None),
        ),
    )
    yield Condition(
        (changes.RemoveEventAward(owner, "event-1", "account-1"),),
        (
            changes.RemoveEventAward(owner, "event-1", "account-2"),
            changes.RemoveEventAward(owner, "unknown", "account-1"),
            changes.RemoveEventAward(other, "event-1", "account-1"),
        ),
    )


def _earning(owner: int, rule_id: str, name: str, account_id: str) -> changes.AddPurchaseRule:
    """A purchase rule for this account."""
    return changes.AddPurchaseRule(
        organization=owner,
        id=rule_id,
        name=name,
        point_account_id=account_id,
        points=1,
        per=1,
        rounding="down",
        minimum=0,
        channels="[]",
        excluded_items="[]",
        point_source_id=None,
    )


def _changed(owner: int, rule_id: str, name: str, account_id: str) -> changes.SetPurchaseRule:
    """A change of a purchase rule to the same as `_earning` makes."""
    rule = _earning(owner, rule_id, name, account_id)
    return changes.SetPurchaseRule(**msgspec.structs.asdict(rule), retired_at=None)


def _purchase_rules(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    yield Condition(
        (
            changes.AddPurchaseRule(
                organization=owner,
                id="new",
                name="New",
                point_account_id="account-1",
                points=1,
                per=2,
                rounding="up",
                minimum=3,
                channels='["web"]',
                excluded_items='["card"]',
                point_source_id="source-1",
            ),
            _earning(other, "new", "Purchases", "account-other"),
        ),
        (
            _earning(owner, "rule-purchases", "New", "account-1"),
            _earning(other, "rule-purchases", "New", "account-other"),
            _earning(owner, "new", "Purchases", "account-1"),
            _earning(owner, "new", "New", "account-other"),
        ),
    )
    yield Condition(
        (
            changes.SetPurchaseRule(
                organization=owner,
                id="rule-purchases",
                name="New",
                point_account_id="account-2",
                points=5,
                per=7,
                rounding="none",
                minimum=9,
                channels="[]",
                excluded_items="[]",
                point_source_id=None,
                retired_at=AT,
            ),
            _changed(owner, "rule-purchases", "Purchases", "account-1"),
        ),
        (
            _changed(owner, "unknown", "New", "account-1"),
            _changed(other, "rule-purchases", "New", "account-other"),
            _changed(owner, "rule-purchases", "Returns", "account-1"),
            _changed(owner, "rule-purchases", "New", "account-other"),
        ),
    )
