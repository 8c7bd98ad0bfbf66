"""A year of a thousand customers, with a leap day in it and some weeks without upkeep, beside the plain model."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple

from tessera.app.loyalty import points, tiers, user_events
from tessera.app.loyalty.points import Answer
from tessera.app.loyalty.settlement import settle_due
from tessera.app.loyalty.user_events import Subject
from tessera.core.errors import IdempotencyConflict, NotFound, PlatformRefusal, Validation
from tessera.core.loyalty.orders import Deposit, Order, Spend
from tests.loyalty import furniture, year
from tests.loyalty.club import CLUB
from tests.loyalty.model import Person
from tests.loyalty.records import Records
from tests.loyalty.records import points as shown
from tests.loyalty.wishes import Moved, Put, Refused, Reply, Take, Wish
from tests.loyalty.year import Request
from tests.support import engines, invariants
from tests.support.scene import Scene, play

SEED = 20_320_229
CUSTOMERS = 1_000
AT_ONCE = 16
START = year.microseconds("2031-07-01T09:30:00.000001+00:00")
AWAY = year.microseconds("2031-12-20T00:00:00+00:00"), year.microseconds("2032-02-03T00:00:00+00:00")
END = year.microseconds("2032-07-01T12:00:00+00:00")
CODES: dict[type[Exception], str] = {
    NotFound: "not_found", Validation: "validation", IdempotencyConflict: "conflict"
}  # fmt: skip


class Member(NamedTuple):
    """A customer of the product, the same in the model, and the requests it made."""

    id: str
    person: Person
    past: list[Request]


class Year:
    """Drives the product and the model side by side."""

    def __init__(self, scene: Scene, records: Records) -> None:
        self.scene = scene
        self.records = records
        self.chance = Random(SEED)
        self.members: list[Member] = []
        self.numbers: dict[int, str] = {}
        self.did: Counter[str] = Counter()

    async def run(self) -> None:
        """The whole year."""
        program = await self.scene.context.directory.programs.get(1)
        assert program is not None
        self.numbers = {account.number: account.id for account in program.accounts}
        self.scene.clock.at = START
        await self._create(CUSTOMERS // 2)
        while self.scene.clock.at < END:
            busy = self.chance.sample(self.members, AT_ONCE)
            moved = await asyncio.gather(*(self._something(member) for member in busy))
            self.records.check((member.id, member.person) for member, done in zip(busy, moved, strict=True) if done)
            if len(self.members) < CUSTOMERS:
                await self._create(10)
            if self.chance.random() < 0.08 and not AWAY[0] < self.scene.clock.at < AWAY[1]:
                await self._settle()
            self.scene.clock.at = year.next_moment(self.chance, self.scene.clock.at, [each.person for each in busy])
        await self._settle()

    async def _create(self, count: int) -> None:
        first = len(self.members)
        names = [f"card-{first + place}" for place in range(count)]
        for customer_id in await asyncio.gather(*(self.scene.customer(name) for name in names)):
            self.members.append(Member(customer_id, Person(CLUB, self.scene.clock.at), []))

    async def _settle(self) -> None:
        """Everything that is due, and everybody compared."""
        due = [each for each in self.members if (each.person.next_moment() or END) <= self.scene.clock.at]
        assert await settle_due(self.scene.context) >= len(due)
        assert await settle_due(self.scene.context) == 0
        for member in self.members:
            member.person.settle(self.scene.clock.at)
        self.records.check((member.id, member.person) for member in self.members)
        self.did["settled"] += len(due)

    async def _something(self, member: Member) -> bool:
        """One thing that a customer does; whether it moved anything, and so settled what was due."""
        which = self.chance.random()
        if which < 0.04:
            return await self._move(member)
        if which < 0.12:
            return await self._visit(member)
        return await self._ask(member)

    async def _move(self, member: Member) -> bool:
        ladder = self.chance.choice(CLUB.ladders)
        rank = self.chance.randrange(len(ladder.levels))
        place = tiers.Place(ladder.id, ladder.levels[rank].id)
        view = await tiers.move(self.scene.context, self.scene.caller, self.scene.retailer_id, member.id, place)
        due = (member.person.next_moment() or END) <= self.scene.clock.at
        moves = member.person.held(ladder).rank
        member.person.move(ladder, rank, self.scene.clock.at)
        assert (view.tier_level_id, view.tier_overview.rank) == (ladder.levels[rank].id, rank)
        self.did["moved by hand"] += 1
        return due or moves != rank

    async def _visit(self, member: Member) -> bool:
        event = self.chance.choice([*CLUB.visits, "unknown"])
        try:
            expected = member.person.visit(event, self.scene.clock.at)
        except Refused:
            expected = None
        operation = user_events.trigger(
            self.scene.context, self.scene.caller, self.scene.retailer_id, Subject(member.id), event
        )
        try:
            got = (await operation).outcomes
        except NotFound:
            assert expected is None
            return False
        assert expected is not None
        told = [(each.point_account_id, each.amount, each.available_balance) for each in got]
        assert told == [(each.account, float(each.amount), float(each.after)) for each in expected]
        self.did["event"] += 1
        return True

    async def _ask(self, member: Member) -> bool:
        request = year.request(self.chance, member.past, len(member.past))
        lines = len(member.person.ledger)
        expected = self._expected(member.person, request)
        got = await self._got(member, request)
        assert got == expected, (member.id, request)
        member.past.append(request)
        self._count(request, expected)
        return (
            isinstance(expected, Reply)
            and len(member.person.ledger) > lines
            and member.person.ledger[-1].at == (self.scene.clock.at)
        )

    def _count(self, request: Request, reply: Reply | str) -> None:
        if isinstance(reply, str):
            self.did[f"refused: {reply}"] += 1
            return
        for wish, result in zip(request[0], reply.results, strict=True):
            if isinstance(result, str):
                self.did[f"refused in part: {result}"] += 1
            elif isinstance(wish, Put):
                self.did["deposit"] += 1
            else:
                self.did["return" if wish.back else "spend"] += 1
                self.did["debt"] += any(moved.after < 0 for moved in result)

    def _expected(self, person: Person, request: Request) -> Reply | str:
        try:
            return person.ask(request[0], self.scene.clock.at, partial=request[1])
        except Refused as refusal:
            return str(refusal)

    async def _got(self, member: Member, request: Request) -> Reply | str:
        wishes, partial = request
        orders = [_order(wish) for wish in wishes]
        context, caller, retailer_id = self.scene.context, self.scene.caller, self.scene.retailer_id
        try:
            answer = await points.order(context, caller, retailer_id, member.id, orders, partial=partial)
        except tuple(CODES) as refusal:
            return CODES[type(refusal)]
        return self._reply(answer)

    def _reply(self, answer: Answer) -> Reply:
        results: list[list[Moved] | str] = [
            CODES[type(result)]
            if isinstance(result, PlatformRefusal)
            else [Moved(self.numbers[line.point_account], shown(line.amount), shown(line.available)) for line in result]
            for result in answer.results
        ]
        balances = answer.balances.values()
        return Reply(results, {self.numbers[each.point_account]: shown(each.available) for each in balances})


def _order(wish: Wish) -> Order:
    amount = furniture.units(wish.amount)
    if isinstance(wish, Take):
        return Spend(wish.accounts, amount, wish.id, force_spend=wish.force, is_return=wish.back)
    return Deposit(wish.account, amount, wish.id)


def test_a_year_goes_as_the_plain_model_says(tmp_path: Path) -> None:
    """Every answer, entry, balance, level, its history and every event of a year are those of the plain model."""

    async def scenario(scene: Scene) -> Counter[str]:
        furniture.furnish(scene)
        with engines.reading(scene.folder) as database:
            course = Year(scene, Records(database))
            await course.run()
        course.did["promotions"] = sum(
            told.kind == "tier.promoted" for each in course.members for told in each.person.told
        )
        course.did["demotions"] = sum(
            told.kind == "tier.demoted" for each in course.members for told in each.person.told
        )
        course.did["expiries"] = sum(line.kind == "expire" for each in course.members for line in each.person.ledger)
        invariants.check(scene.folder)
        return course.did

    did = play(tmp_path, scenario)
    print(f"\n{dict(did)}")
    assert min(did.values()) > 20, "something hardly ever happened"
