"""Many callers in one transaction, one transaction at a time over all nodes: each is told what is true of its own."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tessera.core import changes
from tessera.core.changes import Change
from tessera.ports import Conflict, StoreUnavailable
from tessera.store.conformance import material
from tessera.store.conformance.material import AT
from tessera.store.postgres import commit_queue
from tessera.store.postgres.failures import DefectError
from tessera.store.store import SQLStore
from tests.support import databases, postgres
from tests.support.databases import Kept

Scenario = Callable[..., Awaitable[None]]


def play(scenario: Scenario, nodes: int = 1) -> None:
    """Play a scenario with the database and the stores of so many nodes on it."""

    async def whole(database: Kept) -> None:
        stores = [SQLStore(postgres.driver(database.url)) for _ in range(nodes)]
        try:
            await scenario(database, *stores)
        finally:
            for store in stores:
                await store.close()

    with databases.borrowed() as database:
        asyncio.run(whole(database))


def transactions(database: Kept) -> list[int]:
    """How many organizations each transaction wrote, in order."""
    found = database.rows("select count(*) from organization group by xmin order by min(number)")
    return [row[0] for row in found]


async def together(store: SQLStore, *callers: tuple[Change, ...]) -> list[BaseException | None]:
    """Commit each caller's changes at the same moment; what each is told."""
    done = await asyncio.gather(*(store.commit(*each) for each in callers), return_exceptions=True)
    return [each if isinstance(each, BaseException) else None for each in done]


WRONG: dict[str, tuple[Change, type[Exception]]] = {
    "a fact that does not hold": (changes.DisableApplication("nobody", AT), Conflict),
    "a name that is taken": (material.organization("taken"), Conflict),
    "a number that is too big": (changes.AddOrganization("big", "big", 2**63), DefectError),
    "a row that refers to nothing": (changes.AddProperty(10**12, "shop", "key", AT), DefectError),
    "a text with a NUL in it": (material.organization("a\0b"), ValueError),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", [0, 31, 63])
def test_of_64_callers_only_the_one_at_fault_is_told(wrong: str, place: int) -> None:
    """The others are committed together; nothing of his is, not even what stood before it."""
    change, error = WRONG[wrong]

    async def scenario(database: Kept, store: SQLStore) -> None:
        await store.commit(material.organization("taken"))
        callers: list[tuple[Change, ...]] = [(material.organization(f"n{n}"),) for n in range(commit_queue.BATCH_MAX)]
        callers[place] = (material.organization("his"), change, material.organization("after"))
        told = await together(store, *callers)
        assert [n for n, each in enumerate(told) if each is not None] == [place]
        assert isinstance(told[place], error)
        if isinstance(told[place], Conflict):
            assert told[place].change is change  # type: ignore[union-attr]
        names = {each.name for each in await store.organizations()}
        assert names == {"taken", *(f"n{n}" for n in range(commit_queue.BATCH_MAX) if n != place)}
        assert transactions(database) == [1, commit_queue.BATCH_MAX - 1]

    play(scenario)


REFUSING = """
create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
create trigger refusing before insert on organization execute function refuse()
"""


def test_no_two_callers_get_one_error() -> None:
    """Callers whose commits fail together get an error each: it goes on to name whose request it ended."""

    async def scenario(database: Kept, store: SQLStore) -> None:
        database.execute(REFUSING)
        try:
            told = await together(store, *((material.organization(f"n{n}"),) for n in range(3)))
        finally:
            database.execute("drop function refuse() cascade")
        assert [type(each) for each in told] == [StoreUnavailable] * 3
        assert len({id(each) for each in told}) == 3

    play(scenario)


def test_several_at_fault() -> None:
    """Each is told of his own; of two that want the same name one has it."""

    async def scenario(_database: Kept, store: SQLStore) -> None:
        twice = [(material.organization("once"), material.organization(f"with {n}")) for n in range(2)]
        wrong = [(changes.DisableApplication(f"nobody {n}", AT),) for n in range(10)]
        told = await together(store, *twice, *wrong, (material.organization("good"),))
        assert sorted(each is None for each in told[:2]) == [False, True]
        assert [each.change.client_id for each in told[2:-1]] == [f"nobody {n}" for n in range(10)]  # type: ignore[union-attr]
        assert told[-1] is None
        winner = told.index(None)
        assert {each.name for each in await store.organizations()} == {"once", f"with {winner}", "good"}

    play(scenario)


def test_a_row_that_is_wrong_only_together_is_told_truly() -> None:
    """Who is in conflict with one that is left out himself is not at fault: he is tried again without him."""

    async def scenario(_database: Kept, store: SQLStore) -> None:
        first = (material.organization("x"), changes.DisableApplication("nobody", AT))
        second = (material.organization("x"),)
        told = await together(store, first, second)
        assert isinstance(told[0], Conflict)
        assert told[1] is None
        assert [each.name for each in await store.organizations()] == ["x"]

    play(scenario)


FAILING = """
create sequence planned;
grant usage on sequence planned to public;
create function fail() returns trigger language plpgsql as $$ begin
    if nextval('planned') <= {times} then
        raise exception 'planned' using errcode = '{code}';
    end if;
    return new;
end $$;
create trigger fail before insert on organization for each row execute function fail()"""
"""A number of a sequence is not given back by a transaction that is undone."""

MENDED = "drop function fail cascade; drop sequence planned"


def failing(code: str, times: int, expected: list[str | None]) -> None:
    """Two callers whose transaction the server undoes so many times; what each is told."""

    async def scenario(database: Kept, store: SQLStore) -> None:
        database.execute(FAILING.format(code=code, times=times))
        try:
            told = await together(store, (material.organization("one"),), (material.organization("two"),))
        finally:
            database.execute(MENDED)
        assert [None if each is None else type(each).__name__ for each in told] == expected
        there = [name for name, each in zip(("one", "two"), expected, strict=True) if each is None]
        assert [each.name for each in await store.organizations()] == there

    play(scenario)


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_transaction_that_is_undone_for_another_is_tried_again(code: str) -> None:
    """A deadlock or a failed serialization is nobody's fault: all is done again, up to a point."""
    failing(code, commit_queue.TRIES - 1, [None, None])
    failing(code, 1000, ["StoreUnavailable", "StoreUnavailable"])


def test_a_server_that_is_in_trouble_refuses_everybody() -> None:
    """A full disk is not tried again, and not one caller's fault; nothing is written."""
    failing("53100", 1000, ["StoreUnavailable", "StoreUnavailable"])


ROUNDS = 30


def test_a_level_is_not_taken_away_while_a_customer_joins_it() -> None:
    """Two nodes at once: each statement reads what the other writes, so that one of them has to lose, every time."""

    async def scenario(_database: Kept, one: SQLStore, two: SQLStore) -> None:
        world = await material.furnish(one)
        owner = world.organization
        await one.commit(
            *(changes.AddTierLevel(owner, f"new-{n}", "system-1", 10 + n, f"L{n}") for n in range(ROUNDS)),
            *(material.customer(owner, f"joining-{n}") for n in range(ROUNDS)),
        )
        program = await one.program(owner)
        assert program is not None
        levels = {each.id: each.number for each in program.systems[0].levels}
        losers = set()
        for n in range(ROUNDS):
            join = changes.JoinTier(f"joining-{n}", f"m-{n}", world.tier_system, levels[f"new-{n}"], AT, "joined")
            operations = [one.commit(join), two.commit(changes.RetireTierLevel(owner, f"new-{n}", AT))]
            told = await asyncio.gather(*(operations if n % 2 else reversed(operations)), return_exceptions=True)
            refused = [each for each in told if isinstance(each, Conflict)]
            assert len(refused) == 1, told
            losers.add(type(refused[0].change))
        assert losers <= {changes.JoinTier, changes.RetireTierLevel}

    play(scenario, nodes=2)


def test_what_is_accepted_is_finished_when_the_store_is_closed() -> None:
    """Closing waits for the commits that were taken."""

    async def scenario(database: Kept, store: SQLStore) -> None:
        waiting = [asyncio.ensure_future(store.commit(material.organization(f"n{n}"))) for n in range(200)]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*waiting)
        assert sum(transactions(database)) == 200

    play(scenario)
