"""Plans: what a declaration does to a program, step by step, and what it refuses."""

from itertools import count
from typing import Any

import msgspec
import pytest

from tessera.core import changes
from tessera.core.errors import PlatformRefusal
from tessera.core.loyalty.declaration import Declaration, declared
from tessera.core.loyalty.plan import Plan, plan
from tessera.core.loyalty.points import SPEND, TIER, UNITS, PointAccount, PointSource
from tessera.core.loyalty.program import Award, EventRule, Program
from tessera.core.loyalty.tiers import Rule, TierLevel, TierSystem

AT = 1_900_000_000_000_000
NEW_ID = "0190f1de-0000-7000-8000-000000000001"


def rule(name: str, points: int, *accounts: int, keep: int | None = None) -> Rule:
    """A rule over accounts by number."""
    return Rule(f"t-{name}", f"r-{name}", f"rule-{name}", f"c-{name}", points * UNITS, accounts, keep)


PROGRAM = Program(
    1,
    "retailer",
    (
        PointAccount(1, "a-beans", "Beans", SPEND, 365),
        PointAccount(2, "a-status", "Status", TIER),
        PointAccount(3, "a-old", "Old", "Other", retired=True),
    ),
    (
        TierSystem(
            1,
            "s-club",
            "Club",
            365,
            (
                TierLevel(1, "l-low", 0, "Low", None),
                TierLevel(2, "l-high", 1, "High", rule("high", 500, 2)),
                TierLevel(3, "l-top", 2, "Top", rule("top", 2000, 2, keep=1500 * UNITS)),
                TierLevel(4, "l-gone", 1_000_004, "Gone", rule("gone", 900, 2), retired=True),
            ),
        ),
        TierSystem(2, "s-former", "Former", None, (TierLevel(5, "l-former", 0, "Only", None),), retired=True),
    ),
    (PointSource(1, "p-till", "Till"), PointSource(2, "p-old", "Fair", retired=True)),
    (
        EventRule(1, "e-survey", "survey", "Survey", (Award(1, 25 * UNITS, "p-till"),)),
        EventRule(2, "e-old", "visit", "Visit", (), retired=True),
    ),
    7,
)
"""A whole program: of everything one that is there and one that is retired."""

LIVE = msgspec.structs.replace(
    PROGRAM,
    systems=(msgspec.structs.replace(PROGRAM.systems[0], levels=PROGRAM.systems[0].levels[:3]),),
    event_rules=PROGRAM.event_rules[:1],
)
"""The same as every request reads it."""


def planned(**sections: Any) -> Plan:
    """The plan for a declaration of these sections."""
    numbers = count(1)
    return plan(PROGRAM, msgspec.convert(sections, Declaration), lambda: f"new-{next(numbers)}", AT)


def steps(**sections: Any) -> list[str]:
    """The steps of a plan, as lines."""
    return [f"{step.action} {step.what} {step.text}" for step in planned(**sections).steps]


BEANS = {"name": "Beans", "group": "Spend", "lifetime_days": 365}
STATUS = {"name": "Status", "group": "Tier"}
LOW: dict[str, Any] = {"name": "Low"}
HIGH = {"name": "High", "points": 500, "accounts": ["Status"]}
TOP = {"name": "Top", "points": 2000, "accounts": ["Status"], "keep": 1500}
SURVEY = {"lookup": "survey", "name": "Survey", "awards": [{"account": "Beans", "points": 25, "source": "Till"}]}


def club(*levels: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The club with these levels."""
    return {"tier_systems": [{"name": "Club", "maintenance_days": 365, "levels": list(levels), **members}]}


STEPS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing declared": ({}, []),
    "everything as it is": (
        {
            "point_accounts": [BEANS, STATUS],
            "point_sources": [{"name": "Till"}],
            **club(LOW, HIGH, TOP),
            "events": [SURVEY],
        },
        [],
    ),
    "in another order": ({"point_accounts": [STATUS, BEANS]}, []),
    "a new account": (
        {"point_accounts": [BEANS, STATUS, {"name": "Charity", "group": "Other", "overdraw": True}]},
        ["add point account Charity (group Other, overdraw yes)"],
    ),
    "an account changes": (
        {"point_accounts": [{**BEANS, "lifetime_days": None, "overdraw": True}, STATUS]},
        ["change point account Beans: lifetime_days 365 -> none, overdraw no -> yes"],
    ),
    "an account is called otherwise": (
        {"point_accounts": [{**BEANS, "id": "a-beans", "name": "Peas"}, STATUS], "events": [
            {"lookup": "survey", "name": "Survey", "awards": [{"account": "Peas", "points": 25, "source": "Till"}]}
        ]},
        ["change point account Beans: name Beans -> Peas"],
    ),
    "two accounts change their names": (
        {"point_accounts": [{**BEANS, "id": "a-status"}, {**STATUS, "id": "a-beans"}]},
        [
            "change point account Status: name Status -> Beans, group Tier -> Spend, lifetime_days none -> 365",
            "change point account Beans: name Beans -> Status, group Spend -> Tier, lifetime_days 365 -> none",
        ],
    ),
    "an account comes back by its name": (
        {"point_accounts": [BEANS, STATUS, {"name": "Old", "group": "Other"}]},
        ["restore point account Old: brought back"],
    ),
    "an account comes back by its id": (
        {"point_accounts": [BEANS, STATUS, {"name": "Again", "id": "a-old", "group": "Tier"}]},
        ["restore point account Again: brought back, name Old -> Again, group Other -> Tier"],
    ),
    "sources come, come back and go": (
        {"point_sources": [{"name": "Fair"}, {"name": "Shop"}], "events": []},
        ["restore point source Fair: brought back", "add point source Shop", "retire point source Till",
         "retire event survey"],
    ),
    "no tier system any more": ({"tier_systems": []}, ["retire tier system Club"]),
    "a tier system comes back": (
        {"tier_systems": [*club(LOW, HIGH, TOP)["tier_systems"], {"name": "Former", "levels": [{"name": "Only"}]}]},
        ["restore tier system Former: brought back"],
    ),
    "a tier system changes": (
        club(LOW, HIGH, TOP, maintenance_days=None, id="s-club", name="Circle"),
        ["change tier system Club: name Club -> Circle, maintenance_days 365 -> none"],
    ),
    "a level's rule changes": (
        club(LOW, {**HIGH, "points": 600, "keep": 0, "accounts": ["Status", "Beans"]}, TOP),
        ["change tier level High of Club: points 500 -> 600, accounts Status -> Status + Beans, keep none -> 0"],
    ),
    "to keep a level takes what it took to reach it": (
        club(LOW, HIGH, {**TOP, "keep": 2000}),
        ["change tier level Top of Club: keep 1500 -> none"],
    ),
    "a level goes": (
        club(LOW, TOP),
        ["change tier level Top of Club: rank 2 -> 1", "remove tier level High of Club"],
    ),
    "a level comes between": (
        club(LOW, {"name": "Mid", "points": 100, "accounts": ["Beans"]}, HIGH, TOP),
        [
            "add tier level Mid of Club (rank 1, points 100, accounts Beans)",
            "change tier level High of Club: rank 1 -> 2",
            "change tier level Top of Club: rank 2 -> 3",
        ],
    ),
    "a level comes on top": (
        club(LOW, HIGH, TOP, {"name": "Peak", "points": 9000.5, "accounts": ["Status"]}),
        ["add tier level Peak of Club (rank 3, points 9000.5, accounts Status)"],
    ),
    "a level comes back": (
        club(LOW, HIGH, {"name": "Gone", "points": 900, "accounts": ["Status"]}, TOP),
        [
            "restore tier level Gone of Club: brought back, rank none -> 2",
            "change tier level Top of Club: rank 2 -> 3",
        ],
    ),
    "another level is the lowest": (
        club({"name": "High"}, {**LOW, "points": 10, "accounts": ["Beans"]}, TOP),
        [
            "change tier level High of Club: rank 1 -> 0, points 500 -> none, accounts Status -> none",
            "change tier level Low of Club: rank 0 -> 1, points none -> 10, accounts none -> Beans",
        ],
    ),
    "events come, change and come back": (
        {"events": [
            {**SURVEY, "name": "Poll", "awards": [{"account": "Status", "points": 1}]},
            {"lookup": "visit"},
            {"lookup": "birthday", "awards": [{"account": "Beans", "points": 5, "source": "Till"}]},
        ]},
        [
            "change event survey: name Survey -> Poll, awards 25 Beans from Till -> 1 Status",
            "restore event visit: brought back, name Visit -> visit",
            "add event birthday (name birthday, awards 5 Beans from Till)",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_the_steps_of_a_plan(name: str) -> None:
    """A declaration is told as the steps that lead to it, and no other."""
    sections, expected = STEPS[name]
    made = planned(**sections)

    assert [f"{step.action} {step.what} {step.text}" for step in made.steps] == expected
    first = changes.RaiseProgramVersion(1, 7)
    assert made.changes[:1] == ((first,) if expected else ())
    assert bool(made.changes) == bool(expected)


def test_what_is_left_out_whole_stays_as_it_is() -> None:
    """A section that is not there is told to be left alone; an empty one means none."""
    assert planned(events=[]).left_alone == ("point_accounts", "point_sources", "tier_systems", "purchases")
    assert steps(events=[]) == ["retire event survey"]


def test_names_that_change_hands_are_parked_first() -> None:
    """When one thing takes the name of another, that one leaves it before, in the same commit."""
    made = planned(point_accounts=[{**BEANS, "id": "a-status"}, {**STATUS, "id": "a-beans"}])
    names = [(each.id, each.name) for each in made.changes if isinstance(each, changes.SetPointAccount)]

    assert names == [
        ("a-beans", "\x01a-beans"),
        ("a-status", "\x01a-status"),
        ("a-status", "Beans"),
        ("a-beans", "Status"),
    ]


def test_tier_systems_change_names_as_well() -> None:
    """A tier system leaves its name before another takes it."""
    former = {"name": "Club", "id": "s-former", "levels": [{"name": "Only"}]}
    made = planned(tier_systems=[{**club(LOW, HIGH, TOP, id="s-club", name="Former")["tier_systems"][0]}, former])
    names = [(each.id, each.name) for each in made.changes if isinstance(each, changes.SetTierSystem)]

    assert names == [
        ("s-former", "\x01s-former"),
        ("s-club", "\x01s-club"),
        ("s-club", "Former"),
        ("s-former", "Club"),
    ]


def test_ranks_that_move_are_parked_first() -> None:
    """When any rank moves all levels leave theirs, and each is set again; on top of the others nothing moves."""
    moved = planned(**club(LOW, TOP)).changes
    on_top = planned(**club(LOW, HIGH, TOP, {"name": "Peak", "points": 9000, "accounts": ["Status"]})).changes

    assert moved[1:] == (
        changes.ParkTierLevels(1, "s-club"),
        changes.SetTierLevel(1, "l-low", 0, "Low"),
        changes.SetTierLevel(1, "l-top", 1, "Top"),
        changes.RetireTierLevel(1, "l-high", AT),
    )
    assert on_top[1:] == (
        changes.AddTierLevel(1, "new-1", "s-club", 3, "Peak"),
        changes.AddTierRule(1, "new-2", "new-1", "new-3", "new-4", "new-5", 9000 * UNITS, None),
        changes.AddTierRuleAccount(1, "new-2", "a-status"),
    )


def test_a_level_that_goes_is_asked_about() -> None:
    """A level that goes is named with its tier system, so that its holders can be counted."""
    leaving = planned(**club(LOW, TOP)).leaving

    assert [(each.number, each.name, each.system, each.place) for each in leaving] == [
        (2, "High", "Club", "tier_systems[0]")
    ]


def test_ids_brought_along_are_kept() -> None:
    """An id for something new is taken as it is, and told with its place."""
    made = planned(point_sources=[{"name": "Till"}, {"name": "Shop", "id": NEW_ID}])

    assert made.changes[1:] == (changes.AddPointSource(1, NEW_ID, "Shop"),)
    assert [tuple(each) for each in made.brought] == [(NEW_ID, "point_sources[1].id")]


def test_what_a_program_is_declared_as_changes_nothing() -> None:
    """The declaration of a program plans nothing on it, with its retired things beside it."""
    form = declared(LIVE, "Org")

    assert plan(PROGRAM, form, lambda: "new", AT).steps == ()
    assert msgspec.json.encode(form) == (
        b'{"organization":"Org","retailer_id":"retailer","point_accounts":[{"name":"Beans","id":"a-beans",'
        b'"group":"Spend","lifetime_days":365},{"name":"Status","id":"a-status","group":"Tier"}],'
        b'"point_sources":[{"name":"Till","id":"p-till"}],"tier_systems":[{"name":"Club","id":"s-club",'
        b'"maintenance_days":365,"levels":[{"name":"Low","id":"l-low"},{"name":"High","id":"l-high","points":500,'
        b'"accounts":["Status"]},{"name":"Top","id":"l-top","points":2000,"accounts":["Status"],"keep":1500}]}],'
        b'"events":[{"lookup":"survey","id":"e-survey","name":"Survey","awards":[{"account":"Beans","points":25,'
        b'"source":"Till"}]}],"purchases":[]}'
    )


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name twice": ({"point_accounts": [BEANS, BEANS]}, "point_accounts[1].name stands there twice."),
    "an id twice": (
        {"point_sources": [{"name": "A", "id": "p-till"}, {"name": "B", "id": "p-till"}]},
        "point_sources[1].id stands there twice.",
    ),
    "a level's id twice": (
        {"tier_systems": [{"name": name, "levels": [{"name": "L", "id": "l-low"}]} for name in "AB"]},
        "An id among the levels of tier_systems stands there twice.",
    ),
    "a level's name twice": (club(LOW, {**HIGH, "name": "Low"}), "tier_systems[0].levels[1].name stands there twice."),
    "an event twice": ({"events": [SURVEY, SURVEY]}, "events[1].lookup stands there twice."),
    "an award twice": (
        {"events": [{**SURVEY, "awards": [{"account": "Beans", "points": 1}] * 2}]},
        "events[0].awards[1].account stands there twice.",
    ),
    "a rule for the lowest level": (
        club({**LOW, "keep": 0}, HIGH),
        "tier_systems[0].levels[0] is the lowest level, which takes no points, accounts or keep.",
    ),
    "a level without points": (club(LOW, {"name": "A"}), "The field tier_systems[0].levels[1].points is missing."),
    "a level without accounts": (
        club(LOW, {"name": "A", "points": 1}), "The field tier_systems[0].levels[1].accounts is missing.",
    ),
    "a level for nothing": (
        club(LOW, {**HIGH, "points": 0}), "tier_systems[0].levels[1].points must be more than 0.",
    ),
    "levels that do not grow": (
        club(LOW, HIGH, {**TOP, "points": 500}),
        "tier_systems[0].levels[2].points must be more than those of the level before.",
    ),
    "more to keep than to reach": (
        club(LOW, {**HIGH, "keep": 501}), "tier_systems[0].levels[1].keep must be from 0 to the points of the level.",
    ),
    "less than nothing to keep": (
        club(LOW, {**HIGH, "keep": -1}), "tier_systems[0].levels[1].keep must be from 0 to the points of the level.",
    ),
    "an account twice in a rule": (
        club(LOW, {**HIGH, "accounts": ["Status", "Status"]}),
        "tier_systems[0].levels[1].accounts[1].name stands there twice.",
    ),
    "points that are a text": (
        club(LOW, {**HIGH, "points": "5"}), "tier_systems[0].levels[1].points must be a number.",
    ),
    "points that are a truth": (
        club(LOW, {**HIGH, "points": True}), "tier_systems[0].levels[1].points must be a number.",
    ),
    "five decimals": (
        club(LOW, {**HIGH, "points": 0.00001}), "tier_systems[0].levels[1].points has more than four decimals.",
    ),
    "too many points": (
        club(LOW, {**HIGH, "points": 10**12}),
        "tier_systems[0].levels[1].points must be from -100000000000 to 100000000000.",
    ),
    "an account that is not there": (
        club(LOW, {**HIGH, "accounts": ["Nothing"]}), "tier_systems[0].levels[1].accounts[0] names no point account.",
    ),
    "an account that is retired": (
        club(LOW, {**HIGH, "accounts": ["Old"]}), "tier_systems[0].levels[1].accounts[0] names no point account.",
    ),
    "an event in an account that goes": (
        {"point_accounts": [STATUS], "events": [SURVEY]}, "events[0].awards[0].account names no point account.",
    ),
    "an event from a source that is not there": (
        {"events": [{**SURVEY, "awards": [{"account": "Beans", "points": 1, "source": "Fair"}]}]},
        "events[0].awards[0].source names no point source.",
    ),
    "an event that earns nothing": (
        {"events": [{**SURVEY, "awards": [{"account": "Beans", "points": 0}]}]},
        "events[0].awards[0].points must be more than 0.",
    ),
    "an account goes that levels count": (
        {"point_accounts": [BEANS]},
        "point_accounts leaves out an account that tier systems count. Keep it, or declare tier_systems too.",
    ),
    "an account goes in which events earn": (
        {"point_accounts": [STATUS]},
        "point_accounts leaves out an account in which events earn. Keep it, or declare events too.",
    ),
    "a source goes that events name": (
        {"point_sources": []}, "point_sources leaves out a source that events name. Keep it, or declare events too.",
    ),
    "the name of another one with another id": (
        {"point_accounts": [BEANS, STATUS, {"name": "Old", "id": NEW_ID, "group": "x"}]},
        "point_accounts[2].name belongs to another one with another id. Leave the id out, or choose another name.",
    ),
    "an id that is none": (
        {"point_sources": [{"name": "Till"}, {"name": "Shop", "id": "0190F1DE-0000-7000-8000-00000000000"}]},
        "point_sources[1].id names nothing that is there, and for something new must be a UUID.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_its_place(name: str) -> None:
    """A declaration that cannot be is refused with a sentence that names the place."""
    sections, expected = REFUSED[name]

    with pytest.raises(PlatformRefusal) as refused:
        planned(**sections)

    assert refused.value.public == expected
