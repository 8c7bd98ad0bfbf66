"""Programs: what is read of them once they were changed, and levels that go or change their places."""

from tessera.core import changes
from tessera.store.conformance import material
from tessera.store.conformance.case import Stores, Topic, expect, expect_conflict
from tessera.store.conformance.material import AT, CUSTOMER

TOPIC = Topic("programs")


@TOPIC
async def a_program_reads_back(stores: Stores) -> None:
    """A program has its organization's accounts and ladders only, levels from the lowest up, rules with accounts."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.AddTierRuleAccount(world.organization, "rule-1", "account-2"),
        changes.AddTierSystem(world.organization, "system-empty", "No levels yet", None),
    )
    program = await store.program(world.organization)
    if program is None:
        raise AssertionError("the program is absent")
    expect(program.retailer_id, "retailer of Org", "the retailer id")
    expect([(each.id, each.name, each.grouping_label) for each in program.accounts],
           [("account-1", "Beans", "Spend"), ("account-2", "Status", "Tier")])  # fmt: skip
    system = program.systems[0]
    expect((len(program.systems), system.id, system.name, system.maintenance_days), (1, "system-1", "Club", 365))
    expect([(level.id, level.rank, level.name, level.rule is None) for level in system.levels],
           [("level-0", 0, "Low", True), ("level-1", 1, "High", False), ("level-2", 2, "Highest", True)])  # fmt: skip
    rule = system.levels[1].rule
    expect(rule and (rule.id, rule.tree_id, rule.root_id, rule.constraint_id, rule.target, rule.point_accounts),
           ("rule-1", "tree-1", "root-1", "constraint-1", 5_000_000,
            tuple(account.number for account in program.accounts)))  # fmt: skip


@TOPIC
async def what_is_retired_reads_back_whole_only(stores: Stores) -> None:
    """Retired systems, levels and events are read with the whole program alone; accounts and sources are marked."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    await store.commit(
        changes.RaiseProgramVersion(owner, 0),
        changes.SetPointAccount(owner, "account-1", "Peas", "Other", 30, 1, AT),
        changes.SetPointSource(owner, "source-1", "Desk", AT),
        changes.RetireTierLevel(owner, "level-2", AT),
        changes.SetTierRule(owner, "rule-1", 7, 5),
        changes.SetEventRule(owner, "event-1", "poll", "Poll", AT),
    )
    program, whole = await store.program(owner), await store.whole_program(owner)
    if program is None or whole is None:
        raise AssertionError("the program is absent")
    expect((program.version, whole.version), (1, 1), "the versions")
    first = program.accounts[0]
    expect((first.name, first.grouping_label, first.lifetime_days, first.overdraw, first.retired),
           ("Peas", "Other", 30, True, True))  # fmt: skip
    expect([(each.name, each.retired) for each in program.sources], [("Desk", True), ("Shop", False)], "the sources")
    expect([level.id for level in program.systems[0].levels], ["level-0", "level-1"], "the levels")
    rule = program.systems[0].levels[1].rule
    expect(rule and (rule.target, rule.keep_target), (7, 5), "the rule")
    expect([each.lookup for each in program.event_rules], ["visit"], "the events")
    expect([(level.id, level.retired) for level in whole.systems[0].levels],
           [("level-0", False), ("level-1", False), ("level-2", True)])  # fmt: skip
    expect([(each.lookup, each.retired, len(each.awards)) for each in whole.event_rules],
           [("poll", True, 1), ("visit", False, 0)])  # fmt: skip
    expect([(each.id, each.levels == ()) for each in whole.systems], [("system-1", False), ("system-2", True)])
    await store.commit(changes.SetTierSystem(owner, "system-1", "Club", None, AT))
    program, whole = await store.program(owner), await store.whole_program(owner)
    expect(program and program.systems, (), "the systems")
    expect(whole and whole.systems[0].retired, True, "that the retired system is marked")


@TOPIC
async def holders_and_taken_ids_are_told(stores: Stores) -> None:
    """Current holders of a level are counted up to the limit; an id is taken whatever has it."""
    store = await stores()
    world = await material.furnish(store)
    await store.commit(
        changes.JoinTier("customer-other", "m", world.tier_system, world.low_level, AT, "joined"),
    )
    expect([await store.holders(world.low_level, limit) for limit in (1, 2, 9)], [1, 2, 2], "the holders")
    expect(await store.holders(world.high_level, 9), 0, "the holders of another level")
    await store.commit(changes.LeaveTier(world.customer, "membership-1", AT))
    expect(await store.holders(world.low_level, 9), 1, "the holders once one has left")
    taken = ["account-other", "source-1", "system-2", "level-0", "event-1"]
    expect([await store.is_taken(each) for each in taken], [True] * 5, "that they are taken")
    expect([await store.is_taken(each) for each in ("new", "Beans", "rule-1")], [False] * 3, "that others are free")


@TOPIC
async def a_level_that_goes_is_held_by_nobody(stores: Stores) -> None:
    """A level is taken away once its last holder has left, and from then on nobody enters it."""
    store = await stores()
    world = await material.furnish(store)
    retire = changes.RetireTierLevel(world.organization, "level-0", AT)
    await expect_conflict(store, retire)
    await store.commit(changes.LeaveTier(world.customer, "membership-1", AT), retire)
    await expect_conflict(store, retire)
    join = changes.JoinTier(CUSTOMER, "new", world.tier_system, world.low_level, AT, "moved")
    await expect_conflict(store, join)
    await store.commit(changes.SetTierLevel(world.organization, "level-0", 0, "Low"), join)


@TOPIC
async def levels_change_their_places(stores: Stores) -> None:
    """Levels that were parked take each other's ranks in the same commit."""
    store = await stores()
    world = await material.furnish(store)
    owner = world.organization
    high, highest = changes.SetTierLevel(owner, "level-1", 2, "High"), changes.SetTierLevel(owner, "level-2", 1, "Top")
    await expect_conflict(store, high, high, highest)
    await store.commit(
        changes.ParkTierLevels(owner, "system-1"), high, highest, changes.SetTierLevel(owner, "level-0", 0, "Low")
    )
    found = await store.program(owner)
    levels = [] if found is None else found.systems[0].levels
    expect([(level.id, level.rank) for level in levels], [("level-0", 0), ("level-2", 1), ("level-1", 2)], "the levels")
