"""The book of one customer, in programs and courses of every shape, beside the plain model."""

import itertools
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tessera.core.changes import AddEntry, AddEvent, Change, SetStanding
from tessera.core.errors import NotFound, Validation
from tessera.core.loyalty.ledger_session import LedgerSession, Owner, due_at
from tessera.core.loyalty.orders import Deposit, Spend
from tessera.core.loyalty.points import UNITS
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.standing import Standing
from tessera.core.loyalty.tiers import Membership, evaluation_after
from tests.loyalty.club import Club
from tests.loyalty.model import Line, Person
from tests.loyalty.records import in_order
from tests.loyalty.shapes import HALF_DAY, MIDNIGHT, STEPS, Step, clubs, program
from tests.loyalty.wishes import Put, Refused, Wish


class Kept:
    """A customer as it is stored: the standing that was written last, and every change so far."""

    def __init__(self, loyalty: Program, at: int) -> None:
        self.program = loyalty
        self.ids = itertools.count()
        self.changes: list[Change] = []
        memberships = [
            Membership(system.number, system.levels[0].number, "first", at, evaluation_after(system, at))
            for system in loyalty.systems
        ]
        self.standing = Standing([], memberships)

    def open(self, now: int) -> LedgerSession:
        """The book, settled."""
        session = LedgerSession(Owner(1, "who", 1), self.standing, self.program, lambda: f"id {next(self.ids)}")
        session.settle(now)
        return session

    def close(self, session: LedgerSession) -> None:
        """Write what the book leaves; its standing comes last, and only when something moved."""
        written = session.close()
        if written:
            assert [type(each) for each in written].count(SetStanding) == 1
            last = written[-1]
            assert isinstance(last, SetStanding)
            self.standing = msgspec.json.decode(last.standing, type=Standing)
            assert last.due_at == due_at(self.standing.balances, self.standing.memberships)
            self.changes += written

    def ask(self, wishes: tuple[Wish, ...], now: int, *, partial: bool) -> list[bool]:
        """Have wishes granted; whether each was. Raises Refused."""
        session = self.open(now)
        granted = []
        for place, wish in enumerate(wishes):
            try:
                if isinstance(wish, Put):
                    session.deposit(Deposit(wish.account, int(wish.amount * UNITS)), place, now)
                else:
                    order = Spend(
                        wish.accounts, int(wish.amount * UNITS), force_spend=wish.force, is_return=wish.back
                    )  # fmt: skip
                    session.spend(order, place, now)
            except (NotFound, Validation) as refusal:
                if not partial:
                    raise Refused(refusal.code) from None
                granted.append(False)
            else:
                granted.append(True)
        if any(made and isinstance(wish, Put) for made, wish in zip(granted, wishes, strict=True)):
            session.promote(now)
        self.close(session)
        return granted


def compare(kept: Kept, person: Person) -> None:
    """Raises AssertionError unless the customer is as the model has it."""
    names = {account.number: account.id for account in kept.program.accounts}
    for balance in kept.standing.balances:
        pocket = person.pockets[names[balance.point_account]]
        assert (Decimal(balance.available) / UNITS, Decimal(balance.life_time) / UNITS) == (
            pocket.there,
            pocket.life_time,
        )
        assert sum(lot.remaining for lot in balance.lots) <= max(0, balance.available)
        assert sum(chunk.left for chunk in pocket.chunks if chunk.ends is not None) * UNITS == sum(
            lot.remaining for lot in balance.lots
        )
    sums: dict[int, int] = {}
    ledger = []
    entries = [each for each in kept.changes if isinstance(each, AddEntry)]
    for number, entry in enumerate(entries, 1):
        assert entry.number == number
        sums[entry.point_account] = after = sums.get(entry.point_account, 0) + entry.amount
        line = Line(entry.kind, names[entry.point_account], Decimal(entry.amount) / UNITS, entry.occurred_at,
                    Decimal(after) / UNITS)  # fmt: skip
        ledger.append(line)
    assert in_order(ledger) == in_order(person.ledger)
    held = [(each.tier_system - 1, each.tier_level % 10, each.joined_at) for each in kept.standing.memberships]
    ladders = person.club.ladders
    assert held == [(place, person.held(each).rank, person.held(each).since) for place, each in enumerate(ladders)]
    assert sum(isinstance(each, AddEvent) for each in kept.changes) == len(entries) + len(person.told)
    assert due_at(kept.standing.balances, kept.standing.memberships) == (person.next_moment() or 2**62)


def due_is_exact(kept: Kept) -> None:
    """Nothing happens just before something is due, and something does at that moment."""
    due = due_at(kept.standing.balances, kept.standing.memberships)
    if due < 2**62:
        assert kept.open(due - 1).close() == []
        assert kept.open(due).close() != []


def take(kept: Kept, person: Person, step: Step, now: int) -> None:
    """One step for both."""
    try:
        expected: list[bool] | None = [
            not isinstance(each, str) for each in person.ask(step.wishes, now, partial=step.partial).results
        ]
    except Refused:
        expected = None
    try:
        granted: list[bool] | None = kept.ask(step.wishes, now, partial=step.partial)
    except Refused:
        granted = None
        kept.close(kept.open(now))
    assert granted == expected
    if step.move is not None:
        place, rank = step.move
        system = kept.program.systems[place]
        session = kept.open(now)
        session.move(system, system.levels[rank], now)
        kept.close(session)
        person.move(person.club.ladders[place], rank, now)


@settings(max_examples=300, deadline=None)
@given(clubs(), st.lists(STEPS, min_size=1, max_size=25))
def test_a_book_goes_as_the_plain_model_says(club: Club, steps: list[Step]) -> None:
    """Whatever the program and the course: balances, what ends when, entries, levels and events are the model's."""
    now = MIDNIGHT
    kept, person = Kept(program(club), now), Person(club, now)
    for step in steps:
        now += step.half_days * HALF_DAY
        take(kept, person, step, now)
        compare(kept, person)
        due_is_exact(kept)
