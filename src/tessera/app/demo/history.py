"""Made-up customers with a history, as many as wanted: what a database of years looks like, made in minutes.

The same seed makes the same people. Everything goes through the law of points and tiers, dated back, so that balances
and levels agree with the ledger; nobody is told of it, since it is no news.
"""

import copy
from collections.abc import Callable
from random import Random

from tessera.app.context import Context
from tessera.app.customers.customers import creation
from tessera.app.demo import demo
from tessera.app.demo.people import person, person_id
from tessera.app.loyalty import programs
from tessera.app.operators import OperatorError
from tessera.core.changes import AddEntry, AddEvent, Change
from tessera.core.loyalty.ledger_session import LedgerSession, Owner
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import SPEND, TIER, UNITS, PointAccount
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Membership, Reason, TierLevel, TierSystem
from tessera.core.times import DAY
from tessera.ports import Conflict

BATCH = 500
"""Customers that share two commits: one makes them, one gives them their history."""

YEARS_BACK_DAYS = 730

_SCALES = (1, 1, 1, 3, 12)
"""Some buy more than others, so that every level has somebody."""

_SOURCES = ("web-shop", "till", "app")


class Progress:
    """How far it is."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.customers = 0
        self.entries = 0


class _Moment:
    """A clock that stands where it is put: on the day that is made up."""

    def __init__(self) -> None:
        self.at = 0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> int:
        return self.at


class _Drawn:
    """Entropy from a seed: made-up people have made-up ids, the same every time."""

    def __init__(self) -> None:
        self.random = Random()  # noqa: S311  # nothing here is a secret

    def random_bytes(self, length: int) -> bytes:
        return self.random.randbytes(length)


class _QuietLedgerSession(LedgerSession):
    """A book whose moves nobody is told of."""

    def _tell_points(self, account: PointAccount, entry: AddEntry) -> None:
        pass

    def tell_tier(
        self, system: TierSystem, former: TierLevel | None, level: TierLevel, entered: Membership, reason: Reason
    ) -> None:
        pass


async def generate(
    context: Context, organization: int, progress: Progress, seed: int, report: Callable[[Progress], bool]
) -> None:
    """Make customers until there are as many more as wanted, or `report`, called after each batch, says to stop.

    A seed goes on after the customers that it has made before. Raises OperatorError when they were changed since.
    """
    program = await _program(context, organization)
    first = await _made(context, organization, seed)
    maker = _Maker(context, program, seed)
    now = context.clock.now()
    begin, span = now - YEARS_BACK_DAYS * DAY, (YEARS_BACK_DAYS - 1) * DAY
    while progress.customers < progress.wanted:
        count = min(BATCH, progress.wanted - progress.customers)
        people = [
            (first + place, begin + span * place // progress.wanted)
            for place in range(progress.customers, progress.customers + count)
        ]
        try:
            progress.entries += await maker.make(people, now)
        except Conflict:
            raise OperatorError("seed_taken") from None
        progress.customers += count
        if report(progress):
            return


async def _program(context: Context, organization: int) -> Program:
    known = context.directory.programs
    program = await known.get(organization)
    if program is not None and not program.accounts:
        await programs.carry_out(context, await programs.propose(context, organization, demo.first_program()))
        program = await known.get(organization)
    if program is None:
        raise OperatorError("organization_gone")
    return program


async def _made(context: Context, organization: int, seed: int) -> int:
    """How many customers this seed has made so far; they are numbered without a gap."""

    async def is_there(index: int) -> bool:
        return await context.store.customer_with_external_id(organization, person_id(seed, index)) is not None

    beyond = 1
    while await is_there(beyond - 1):
        beyond *= 2
    low, high = beyond // 2, beyond - 1
    while low < high:
        middle = (low + high) // 2
        if await is_there(middle):
            low = middle + 1
        else:
            high = middle
    return low


class _Maker:
    """Makes batches of customers, on a context whose time and chance are made up."""

    def __init__(self, context: Context, program: Program, seed: int) -> None:
        self._program = program
        self._seed = seed
        self._moment = _Moment()
        self._drawn = _Drawn()
        self._context = copy.copy(context)
        self._context.clock = self._moment
        self._context.entropy = self._drawn
        self._spend = [each for each in program.accounts if each.grouping_label == SPEND and not each.retired]
        self._tier = [each for each in program.accounts if each.grouping_label == TIER and not each.retired]
        self._sources = [each.id for each in program.sources if not each.retired] or list(_SOURCES)

    async def make(self, people: list[tuple[int, int]], now: int) -> int:
        """Make customers (their numbers in the seed, and when each joined); how many entries they have."""
        ids = []
        changes: list[Change] = []
        for index, joined_at in people:
            customer_id, own = self._creation(index, joined_at)
            ids.append(customer_id)
            changes += own
        await self._context.commit(*changes)
        made = await self._context.store.customers(self._program.organization, ids)
        changes = []
        for customer_id, (index, joined_at) in zip(ids, people, strict=True):
            customer = made[customer_id]
            self._put(index, joined_at, part=1)
            owner = Owner(customer.number, customer.id, customer.version)
            session = _QuietLedgerSession(owner, customer.stands(), self._program, self._context.new_uuid)
            self._live(session, index, joined_at, now)
            changes += session.close()
        await self._context.commit(*changes)
        return sum(type(each) is AddEntry for each in changes)

    def _put(self, index: int, at: int, part: int = 0) -> None:
        """To the moment, and to the chance, of one part of one person's life."""
        self._moment.at = at
        self._drawn.random.seed(self._seed << 40 | index << 1 | part)

    def _creation(self, index: int, joined_at: int) -> tuple[str, list[Change]]:
        self._put(index, joined_at)
        customer_id = self._context.new_uuid()
        new = person(self._drawn.random, self._seed, index)
        program = self._program
        own = creation(self._context, program.organization, program, customer_id, new, joined_at)
        return customer_id, [each for each in own if type(each) is not AddEvent]

    def _live(self, session: LedgerSession, index: int, joined_at: int, now: int) -> None:
        """A life of purchases, each with its points, and now and then a reward."""
        random = self._drawn.random
        days = sorted(random.random() for _ in range(random.randint(1, 5)))
        scale = random.choice(_SCALES)
        for visit, day in enumerate(days):
            at = joined_at + int((now - joined_at) * day)
            session.settle(at)
            amount = random.randint(3, 400) * scale * UNITS
            order, source = f"order-{index}-{visit}", random.choice(self._sources)
            for account in (*self._spend[:1], *self._tier[:1]):
                session.deposit(
                    Deposit(
                        point_account_id=account.id,
                        amount=amount,
                        idempotency_id=None,
                        reference_id=order,
                        reference_type="order",
                        point_source_id=source,
                    ),
                    0,
                    at,
                )
            session.promote(at)
            if self._spend and random.random() < 0.3:
                spend = Spend((self._spend[0].id,), amount // 2, None, f"reward-{index}-{visit}", "reward")
                session.spend(spend, 0, at)
        session.settle(now)
