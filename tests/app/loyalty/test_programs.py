"""Programs that change: what is declared comes to be, whole or not at all, whoever else is at it."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from tessera import wiring
from tessera.app.context import Context
from tessera.app.loyalty import program_files, programs, tiers, user_events
from tessera.app.loyalty.user_events import Subject
from tessera.app.organizations import organizations
from tessera.core.errors import ChangedMeanwhile, NotFound, PlatformRefusal, Validation
from tessera.core.loyalty.declaration import Declaration
from tessera.core.loyalty.orders import Deposit
from tessera.core.loyalty.points import UNITS
from tessera.directory import feed
from tests.support.clock import StepClock
from tests.support.declarations import bare, declarations, exchanged
from tests.support.invariants import contents
from tests.support.scene import Scene, play, status
from tests.support.settings import settings_for, settings_of


def declared(**sections: Any) -> Declaration:
    """A declaration of these sections."""
    return msgspec.convert(sections, Declaration)


CLUB: list[dict[str, Any]] = [
    {"name": "L0"},
    {"name": "L1", "points": 500, "accounts": ["Status"]},
    {"name": "L2", "points": 2000, "accounts": ["Status"]},
    {"name": "L3", "points": 5000, "accounts": ["Status"]},
]


def club(*levels: dict[str, Any]) -> Declaration:
    """The scene's tier system with these levels."""
    return declared(tier_systems=[{"name": "Club", "levels": list(levels)}])


async def make(context: Context, wanted: Declaration, organization: int = 1) -> list[str]:
    """Make a program what is wanted; the steps."""
    proposal = await programs.propose(context, organization, wanted)
    await programs.carry_out(context, proposal)
    return [f"{step.action} {step.what} {step.text}" for step in proposal.plan.steps]


async def level_of(scene: Scene, customer_id: str) -> str:
    """The level that a customer holds, as the wire says it."""
    told = await tiers.status(scene.context, scene.caller, scene.retailer_id, customer_id, None)
    return told.tier_levels[0].tier_overview.name


def with_second(scene: Scene, operation: Callable[[Context], Awaitable[None]]) -> Awaitable[None]:
    """Have something done in a second context on the same folder, which follows no feed by itself."""

    async def done() -> None:
        async with wiring.open_context(settings_of(scene.folder), clock=StepClock()) as other:
            await operation(other)

    return done()


@pytest.fixture(scope="module")
def folder(engine: str) -> Any:
    """A data folder for many organizations."""
    with tempfile.TemporaryDirectory() as made:
        settings_for(Path(made) / "data")
        yield Path(made) / "data"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(declarations(), declarations())
def test_what_is_declared_comes_to_be(folder: Path, first: Declaration, second: Declaration) -> None:
    """From any program to any other: what is there afterwards is what was declared, and declaring it plans nothing."""

    async def whole() -> None:
        async with wiring.open_context(settings_of(folder)) as context:
            organization = await organizations.create(context, f"Org {context.new_uuid()}")
            for given_form in (first, second, None, first):
                wanted = given_form or exchanged(await programs.export(context, organization))
                proposal = await programs.propose(context, organization.number, wanted)
                if proposal.plan.steps:
                    await programs.carry_out(context, proposal)
                there = await programs.export(context, organization)
                assert bare(there) == bare(wanted)
                again = await programs.propose(context, organization.number, wanted)
                assert again.plan.steps == ()
                for as_json in (True, False):
                    text = program_files.write(there, as_json=as_json)
                    read = program_files.read(text.encode()).declaration
                    assert bare(read) == bare(wanted)
                    assert (await programs.propose(context, organization.number, read)).plan.changes == ()

    asyncio.run(whole())


def test_two_at_once_have_one_winner(tmp_path: Path) -> None:
    """Of two changes planned on the same program one is made; the other is told, and writes nothing."""

    async def scenario(scene: Scene) -> None:
        async def operation(other: Context) -> None:
            mine = await programs.propose(scene.context, 1, declared(point_sources=[{"name": "Till"}]))
            theirs = await programs.propose(other, 1, club(*CLUB[:3], {**CLUB[3], "points": 9000}))
            await programs.carry_out(scene.context, mine)
            before = contents(scene.folder)
            with pytest.raises(ChangedMeanwhile, match="Look at the plan again"):
                await programs.carry_out(other, theirs)
            assert contents(scene.folder) == before
            assert await make(other, club(*CLUB[:3], {**CLUB[3], "points": 9000})) == [
                "change tier level L3 of Club: points 5000 -> 9000"
            ]

        await with_second(scene, operation)

    play(tmp_path, scenario)


def test_many_at_once_have_one_winner(tmp_path: Path) -> None:
    """However many commit at the same moment what they planned on the same program, one is made."""

    async def scenario(scene: Scene) -> None:
        async def operation(other: Context) -> None:
            contexts = (scene.context, other) * 8
            planned = [
                await programs.propose(context, 1, declared(point_sources=[{"name": f"Till {place}"}]))
                for place, context in enumerate(contexts)
            ]
            done = await asyncio.gather(
                *(programs.carry_out(context, each) for context, each in zip(contexts, planned, strict=True)),
                return_exceptions=True,
            )
            assert [type(each) for each in done].count(ChangedMeanwhile) == len(contexts) - 1
            whole = await other.store.whole_program(1)
            assert whole is not None
            assert [source.name for source in whole.sources] == [f"Till {done.index(None)}"]

        await with_second(scene, operation)

    play(tmp_path, scenario)


def test_a_level_that_a_customer_holds_stays(tmp_path: Path) -> None:
    """A level that is left out while customers hold it is refused with how many, and nothing is changed."""

    async def scenario(scene: Scene) -> None:
        for number in range(3):
            await scene.deposit(await scene.customer(f"c{number}"), status(600))
        before = contents(scene.folder)
        proposal = await programs.propose(scene.context, 1, club(CLUB[0], *CLUB[2:]))
        assert [held.sentence for held in proposal.held] == [
            (
                "3 customers hold the tier level L1 of Club, which is left out. Move them to another level"
                " (movement/move_user), or keep it."
            )
        ]
        with pytest.raises(Validation, match=r"^tier_systems\[0\] leaves out a level that customers hold: 3\. Move"):
            await programs.carry_out(scene.context, proposal)
        assert contents(scene.folder) == before

    play(tmp_path, scenario)


def test_a_level_that_is_entered_meanwhile_stays(tmp_path: Path) -> None:
    """A level that nobody held when the plan was made, and somebody does when it is carried out, stays."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("c")
        proposal = await programs.propose(scene.context, 1, club(CLUB[0], *CLUB[2:]))
        assert proposal.held == []
        await scene.deposit(customer, status(600))
        before = contents(scene.folder)
        with pytest.raises(ChangedMeanwhile):
            await programs.carry_out(scene.context, proposal)
        assert contents(scene.folder) == before
        assert await level_of(scene, customer) == "L1"

    play(tmp_path, scenario)


def test_nobody_enters_a_level_that_went(tmp_path: Path) -> None:
    """A process that has not heard yet that a level went does not put a customer into it, and loses no deposit."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("c")
        await with_second(scene, lambda other: _made(other, club(CLUB[0], *CLUB[2:])))
        assert scene.context.directory.programs.known[1].systems[0].levels[1].name == "L1"
        await scene.deposit(customer, status(600))
        assert await level_of(scene, customer) == "L0"
        await scene.deposit(customer, status(1400))
        assert await level_of(scene, customer) == "L2"

    play(tmp_path, scenario)


async def _made(context: Context, wanted: Declaration) -> None:
    await make(context, wanted)


def test_those_who_left_a_level_do_not_keep_it(tmp_path: Path) -> None:
    """A level that customers held once can go; their history still has it, and it comes back as the same one."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("c")
        await scene.deposit(customer, status(600))
        await scene.deposit(customer, status(1500))
        assert await make(scene.context, club(CLUB[0], *CLUB[2:])) == [
            "change tier level L2 of Club: rank 2 -> 1",
            "change tier level L3 of Club: rank 3 -> 2",
            "remove tier level L1 of Club",
        ]
        found = await scene.context.store.customer(1, customer)
        assert found is not None
        past = await scene.context.store.memberships(found.number)
        assert [each.tier_level for each in past] == [1, 2, 3]
        assert await level_of(scene, customer) == "L2"
        await make(scene.context, club(*CLUB))
        program = await scene.context.store.program(1)
        assert program is not None
        assert [(level.id, level.rank) for level in program.systems[0].levels] == [
            (f"level-{rank}", rank) for rank in range(4)
        ]

    play(tmp_path, scenario)


def test_a_retired_account_takes_no_deposits(tmp_path: Path) -> None:
    """Points of a retired account are shown and spent; deposits are refused until it is brought back."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("c")
        beans = Deposit("account-spend", 10 * UNITS)
        await scene.deposit(customer, beans)
        keep = [{"name": "Status", "group": "Tier"}]
        await make(scene.context, declared(point_accounts=keep))
        with pytest.raises(Validation, match="retired"):
            await scene.deposit(customer, beans)
        await make(scene.context, declared(point_accounts=[*keep, {"name": "Beans", "group": "Spend"}]))
        await scene.deposit(customer, beans)

    play(tmp_path, scenario)


def test_a_retired_tier_system_is_shown_no_more(tmp_path: Path) -> None:
    """Customers of a retired tier system have no level on the wire; brought back it finds them where they were."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("c")
        await scene.deposit(customer, status(600))
        await make(scene.context, declared(tier_systems=[]))
        told = await tiers.status(scene.context, scene.caller, scene.retailer_id, customer, None)
        assert told.tier_levels == []
        await scene.deposit(customer, status(2000))
        await make(scene.context, club(*CLUB))
        assert await level_of(scene, customer) == "L1"
        await scene.deposit(customer, status(1))
        assert await level_of(scene, customer) == "L2"

    play(tmp_path, scenario)


def test_an_event_earns_what_is_declared(tmp_path: Path) -> None:
    """An event that was declared is rewarded, and one that is retired is not known."""

    async def scenario(scene: Scene) -> None:
        customer = await scene.customer("c")
        event = {"lookup": "survey", "awards": [{"account": "Beans", "points": 25.5}]}
        await make(scene.context, declared(events=[event]))
        told = await user_events.trigger(scene.context, scene.caller, scene.retailer_id, Subject(customer), "survey")
        assert [(each.account_name, each.amount) for each in told.outcomes] == [("Beans", 25.5)]
        await make(scene.context, declared(events=[{**event, "awards": [{"account": "Status", "points": 1}]}]))
        told = await user_events.trigger(scene.context, scene.caller, scene.retailer_id, Subject(customer), "survey")
        assert [(each.account_name, each.amount) for each in told.outcomes] == [("Status", 1)]
        await make(scene.context, declared(events=[]))
        with pytest.raises(NotFound):
            await user_events.trigger(scene.context, scene.caller, scene.retailer_id, Subject(customer), "survey")

    play(tmp_path, scenario)


def test_other_processes_hear_of_it(tmp_path: Path) -> None:
    """A program that was changed is read anew by whoever follows the feed."""

    async def scenario(scene: Scene) -> None:
        async def operation(other: Context) -> None:
            before = await other.directory.programs.get(1)
            assert before is not None
            await make(scene.context, club(*CLUB[:3], {**CLUB[3], "points": 9000}))
            assert await feed.catch_up(other.directory, other.store) > 0
            after = await other.directory.programs.get(1)
            assert after is not None
            assert after.version == before.version + 1
            rule = after.systems[0].levels[3].rule
            assert rule is not None
            assert rule.target == 9000 * UNITS

        await with_second(scene, operation)

    play(tmp_path, scenario)


def test_an_id_of_somebody_else_s_is_refused(tmp_path: Path) -> None:
    """An id that something has already, of this organization or of another, is refused with its place."""

    async def scenario(scene: Scene) -> None:
        taken = "0190f1de-0000-7000-8000-000000000001"
        await make(scene.context, declared(point_sources=[{"name": "Till", "id": taken}]))
        other = await organizations.create(scene.context, "Other")
        with pytest.raises(PlatformRefusal, match=r"^point_sources\[0\]\.id is the id of something else"):
            await programs.propose(scene.context, other.number, declared(point_sources=[{"name": "X", "id": taken}]))

    play(tmp_path, scenario)


def test_nobody_changes_another_s_program(tmp_path: Path) -> None:
    """A caller's organization and retailer are its own; a declaration that names others is refused."""

    async def scenario(scene: Scene) -> None:
        other = await organizations.create(scene.context, "Other")
        before = contents(scene.folder)
        for retailer_id, wanted in (
            (other.retailer_id, declared(events=[])),
            (scene.retailer_id, declared(organization="Other", events=[])),
            (scene.retailer_id, declared(retailer_id=other.retailer_id, events=[])),
        ):
            with pytest.raises(PlatformRefusal):
                await programs.apply(scene.context, scene.caller, retailer_id, wanted, dry_run=False)
        with pytest.raises(NotFound):
            await programs.fetch(scene.context, scene.caller, other.retailer_id)
        assert contents(scene.folder) == before

    play(tmp_path, scenario)
