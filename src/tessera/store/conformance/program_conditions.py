"""The conditions of what changes a loyalty program."""

from collections.abc import Iterable

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
            changes.AddPointAccount(owner, "new", "New", "Tier", 30, 1),
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
            changes.SetPointAccount(owner, "account-1", "Beans", "Other", 30, 1, AT),
            changes.SetPointAccount(owner, "account-1", "New", "Spend", None, 0, None),
            changes.SetPointAccount(other, "account-other", "Status", "Spend", None, 0, None),
        ),
        (
            changes.SetPointAccount(owner, "unknown", "New", "Spend", None, 0, None),
            changes.SetPointAccount(owner, "account-other", "New", "Spend", None, 0, None),
            changes.SetPointAccount(owner, "account-1", "Status", "Spend", None, 0, None),
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
        (changes.AddTierRule(owner, "new", "level-2", "t", "r", "c", 2, 1),),
        (
            changes.AddTierRule(owner, "new", "unknown", "t", "r", "c", 1),
            changes.AddTierRule(other, "new", "level-2", "t", "r", "c", 1),
            changes.AddTierRule(owner, "new", "level-1", "t", "r", "c", 1),
            changes.AddTierRule(owner, "rule-1", "level-2", "t", "r", "c", 1),
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


def _purchase_rules(world: World) -> Iterable[Condition]:
    owner, other = world.organization, world.other_organization
    earns = (1, 1, "down", 0, "[]", "[]", None)
    yield Condition(
        (
            changes.AddPurchaseRule(owner, "new", "New", "account-1", 1, 2, "up", 3, '["web"]', '["card"]', "source-1"),
            changes.AddPurchaseRule(other, "new", "Purchases", "account-other", *earns),
        ),
        (
            changes.AddPurchaseRule(owner, "rule-purchases", "New", "account-1", *earns),
            changes.AddPurchaseRule(other, "rule-purchases", "New", "account-other", *earns),
            changes.AddPurchaseRule(owner, "new", "Purchases", "account-1", *earns),
            changes.AddPurchaseRule(owner, "new", "New", "account-other", *earns),
        ),
    )
    yield Condition(
        (
            changes.SetPurchaseRule(owner, "rule-purchases", "New", "account-2", 5, 7, "none", 9, "[]", "[]", None, AT),
            changes.SetPurchaseRule(owner, "rule-purchases", "Purchases", "account-1", *earns, None),
        ),
        (
            changes.SetPurchaseRule(owner, "unknown", "New", "account-1", *earns, None),
            changes.SetPurchaseRule(other, "rule-purchases", "New", "account-other", *earns, None),
            changes.SetPurchaseRule(owner, "rule-purchases", "Returns", "account-1", *earns, None),
            changes.SetPurchaseRule(owner, "rule-purchases", "New", "account-other", *earns, None),
        ),
    )
