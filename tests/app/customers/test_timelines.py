"""Timelines: everything that happened to a customer, once, in its order, whatever part of it is asked for."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tessera.api.platform import fields
from tessera.app.customers import activity, timelines
from tessera.app.customers.customers import CustomerRef
from tessera.app.customers.timelines import Asked
from tessera.app.loyalty import points, tiers, user_events
from tessera.app.loyalty.settlement import settle_due
from tessera.app.loyalty.tiers import Place
from tessera.app.loyalty.user_events import Subject
from tessera.core.changes import AddEventAward, AddEventRule, RetireTierLevel, SetEventRule, SetPointAccount
from tessera.core.customers.timeline import ACTIVITY, KINDS, POINTS, TIERS, VIEWS, EventType, TimelineEvent
from tessera.core.loyalty.entries import EntryKind
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import SPEND, UNITS
from tests.support.scene import Scene, play, status

ALL = VIEWS["ALL"]
DAY_SECONDS = 86_400


def test_every_kind_of_entry_and_every_type_has_a_place() -> None:
    """Each kind of ledger entry is an event of some type; each type is in one view, and in that of everything."""
    assert KINDS.keys() == set(EntryKind)
    assert sorted([*POINTS, *TIERS, *ACTIVITY]) == sorted(EventType) == sorted(ALL)


async def read(
    scene: Scene, who: str, types: Sequence[EventType] = ALL, limit: int = 1000, since: int | None = None
) -> list[TimelineEvent]:
    """A timeline."""
    asked = Asked(types, limit, since)
    return await timelines.read(scene.context, scene.caller, scene.shop.api_key, CustomerRef(who), asked)


async def live(scene: Scene) -> str:
    """A customer to whom everything has happened, a moment after one another."""
    context = scene.context
    await context.commit(
        AddEventRule(1, "rule-visit", "visit", "Visit"),
        AddEventAward(1, "rule-visit", "account-tier", 600 * UNITS, None),
        SetPointAccount(1, "account-spend", "Beans", SPEND, 1, 0, None),
    )
    who = await scene.customer("card")
    scene.clock.step(1)
    await scene.deposit(who, Deposit("account-spend", 10 * UNITS, "once", "r-1", "receipt"), status(1))
    scene.clock.step(1)
    await points.order(
        context, scene.caller, scene.retailer_id, who, [Spend(("account-spend",), 20_000, is_return=True)]
    )  # fmt: skip
    scene.clock.step(1)
    await user_events.trigger(context, scene.caller, scene.retailer_id, Subject(who), "visit")
    scene.clock.step(1)
    await activity.count(context, scene.caller, scene.shop.api_key, CustomerRef(who), {"survey": 2})
    scene.clock.step(1)
    await tiers.move(context, scene.caller, scene.retailer_id, who, Place("club", "level-0"))
    scene.clock.step(3 * DAY_SECONDS)
    assert await settle_due(context) == 1
    return who


def test_what_happened_is_there_in_its_order(tmp_path: Path) -> None:
    """Points, levels and activity, each with its members, the newest first."""

    async def scenario(scene: Scene) -> None:
        who = await live(scene)
        events = await read(scene, who)
        assert [each.event_type.value for each in events] == [
            "points.expired", "tier.demoted", "activity.counted", "event.triggered", "tier.promoted", "points.earned",
            "points.spent", "points.earned", "points.earned", "tier.joined",
        ]  # fmt: skip
        expired, demoted, counted, triggered, promoted, awarded, returned, _, earned, joined = events
        assert (expired.account_name, expired.amount, expired.is_return is True) == ("Beans", 8, False)
        assert (demoted.level, demoted.former_level, demoted.reason) == ("L0", "L1", "moved")
        assert (counted.name, counted.count) == ("survey", 2)
        assert (triggered.event_lookup, triggered.event_name) == ("visit", "Visit")
        assert (promoted.tier_system, promoted.level, promoted.former_level) == ("Club", "L1", "L0")
        assert awarded.reference_id == triggered.id
        assert (returned.amount, returned.is_return) == (2, True)
        assert (earned.reference_id, earned.reference_type) == ("r-1", "receipt")
        assert joined.reason == "joined"
        assert len({each.id for each in events}) == len(events)
        times = [each.time_of_occurrence for each in events]
        assert times == sorted(times, reverse=True)
        other = await scene.customer("other")
        assert [each.event_type for each in await read(scene, other)] == [EventType.TIER_JOINED]

    play(tmp_path, scenario)


def test_each_view_and_each_type_is_a_part_of_the_whole(tmp_path: Path) -> None:
    """Asking for some types gives the events of these, in the same order and with the same members."""

    async def scenario(scene: Scene) -> None:
        who = await live(scene)
        whole = await read(scene, who)
        for types in (*VIEWS.values(), *([each] for each in EventType)):
            assert await read(scene, who, types) == [each for each in whole if each.event_type in types]
        for limit in range(1, len(whole) + 1):
            assert await read(scene, who, limit=limit) == whole[:limit]

    play(tmp_path, scenario)


@pytest.mark.parametrize("retire", ["level", "event"])
def test_what_is_retired_keeps_its_name(tmp_path: Path, retire: str) -> None:
    """The history names levels and events that the program does not have any more."""

    async def scenario(scene: Scene) -> None:
        who = await live(scene)
        before = await read(scene, who)
        if retire == "level":
            await scene.context.commit(RetireTierLevel(1, "level-1", scene.clock.now()))
        else:
            await scene.context.commit(SetEventRule(1, "rule-visit", "visit", "Visit", scene.clock.now()))
        assert await read(scene, who) == before

    play(tmp_path, scenario)


STEPS = st.lists(
    st.tuples(st.sampled_from(["deposit", "visit", "survey"]), st.sampled_from([0.0, 0.0002, 0.001, 5.0])),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(STEPS, st.integers(1, 4))
def test_going_on_from_the_newest_leaves_nothing_out(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]], limit: int
) -> None:
    """Pages after a moment, each from the newest event of the one before, are the whole timeline, once."""

    async def scenario(scene: Scene) -> None:
        context, caller = scene.context, scene.caller
        await context.commit(
            AddEventRule(1, "rule-visit", "visit", "Visit"),
            AddEventAward(1, "rule-visit", "account-spend", UNITS, None),
        )
        who = await scene.customer("card")
        for place, (step, seconds) in enumerate(steps):
            scene.clock.step(seconds)
            if step == "deposit":
                await scene.deposit(who, Deposit("account-spend", UNITS), status(300))
            elif step == "visit":
                await user_events.trigger(context, caller, scene.retailer_id, Subject(who), "visit")
            else:
                await activity.count(context, caller, scene.shop.api_key, CustomerRef(who), {f"survey {place}": 1})
        whole = await read(scene, who)
        seen: list[TimelineEvent] = []
        since = 0
        while page := await read(scene, who, limit=limit, since=since):
            assert len(page) >= min(limit, len(whole) - len(seen))
            seen = [*page, *seen]
            since = _moment(page[0].time_of_occurrence)
        assert seen == whole

    play(tmp_path_factory.mktemp("pages"), scenario)


def _moment(text: str) -> int:
    found = fields.moment(text, "since")
    assert found is not None
    return found


def test_a_long_history_is_read_in_pages(tmp_path: Path) -> None:
    """More entries and events than are read at once come whole, from either end and from the middle."""

    async def scenario(scene: Scene) -> None:
        context = scene.context
        await context.commit(AddEventRule(1, "rule-visit", "visit", "Visit"))
        who = await scene.customer("card")
        many = timelines.PAGE + 50
        for start in range(0, many, 50):
            scene.clock.step(60)
            await scene.deposit(who, *(Deposit("account-spend", start + place + 1) for place in range(50)))
            for _ in range(50):
                scene.clock.step(0.001)
                await user_events.trigger(context, scene.caller, scene.retailer_id, Subject(who), "visit")
        whole = await read(scene, who)
        assert len(whole) == 2 * many + 1
        assert await read(scene, who, since=0) == whole
        middle = _moment(whole[300].time_of_occurrence)
        later = await read(scene, who, since=middle)
        assert later == [each for each in whole if _moment(each.time_of_occurrence) // 1000 > middle // 1000]
        assert await read(scene, who, POINTS) == [each for each in whole if each.event_type in POINTS]

    play(tmp_path, scenario)
