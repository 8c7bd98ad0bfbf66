"""What the database says of customers, in the words of the plain model."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tests.loyalty.club import CLUB
from tests.loyalty.furniture import UNITS
from tests.loyalty.model import Line, Person, Told
from tests.support.engines import Reading

KINDS = {"deposit": "points.earned", "spend": "points.spent", "return": "points.spent", "expire": "points.expired"}
RANKS = {level.id: rank for ladder in CLUB.ladders for rank, level in enumerate(ladder.levels)}
LEVEL_NAMES = {level.id.title(): rank for ladder in CLUB.ladders for rank, level in enumerate(ladder.levels)}
LEVEL_NAMES |= {f"L{rank}": rank for rank in range(4)}


def points(amount: float) -> Decimal:
    """A number in units as points."""
    return Decimal(amount) / UNITS


class Records:
    """Reads a database beside the context that has it open."""

    def __init__(self, database: Reading) -> None:
        self._database = database
        self._accounts = database.pairs("select number, id from point_account")
        self._ladders = database.pairs("select number, id from tier_system")
        self._levels = database.pairs("select number, id from tier_level")
        self._events_read = 0
        self._events: dict[str, list[tuple[str, dict[str, Any], int]]] = {}

    def check(self, people: Iterable[tuple[str, Person]]) -> None:
        """Raises AssertionError for the first of these customers who is not as the model has it."""
        self._read_events()
        for customer_id, person in people:
            row = self._database.one("select number, standing, due_at from customer where id = ?", customer_id)
            number, standing, due_at = row[0], json.loads(row[1]), row[2]
            self._standing(standing, person, due_at)
            lines = self._lines(number)
            self._ledger(lines, person)
            self._stays(number, person)
            self._told(customer_id, lines, person)
            visits = self._database.one("select count(*) from user_event where customer = ?", number)
            assert visits == (person.visits,), "an event was not recorded once"

    def _standing(self, standing: list[Any], person: Person, due_at: int) -> None:
        balances, stays, entries = standing
        there = {self._accounts[each[0]]: points(each[2]) for each in balances}
        assert there == person.balances(), "a balance"
        earned = {self._accounts[each[0]]: points(each[3]) for each in balances}
        assert earned == {account: pocket.life_time for account, pocket in person.pockets.items()}, "a life-time value"
        for each in balances:
            chunks: dict[int, Decimal] = {}
            for chunk in person.pockets[self._accounts[each[0]]].chunks:
                if chunk.ends is not None:
                    chunks[chunk.ends] = chunks.get(chunk.ends, Decimal(0)) + chunk.left
            assert [(lot[0], points(lot[1])) for lot in each[4]] == sorted(chunks.items()), "what ends, and when"
        held = sorted((self._ladders[each[0]], RANKS[self._levels[each[1]]], each[3], each[4]) for each in stays)
        stays_now = [stay for stay in person.stays if stay.until is None]
        assert held == sorted((stay.ladder, stay.rank, stay.since, stay.looked_at) for stay in stays_now), "a level"
        assert entries == len(person.ledger), "the number of entries"
        assert due_at == (person.next_moment() or 2**62), "what is due next"

    def _lines(self, number: int) -> list[tuple[str, Line]]:
        sums: dict[str, Decimal] = {}
        lines = []
        for place, (count, entry_id, kind, account, amount, at) in enumerate(
            self._database.rows(
                "select number, id, kind, point_account, amount, occurred_at from ledger_entry"
                " where customer = ? order by number",
                number,
            )
        ):
            assert count == place + 1, "entries are not numbered from 1"
            name = self._accounts[account]
            sums[name] = sums.get(name, Decimal(0)) + points(amount)
            lines.append((entry_id, Line(kind, name, points(amount), at, sums[name])))
        return lines

    def _ledger(self, lines: list[tuple[str, Line]], person: Person) -> None:
        assert in_order([line for _, line in lines]) == in_order(person.ledger), "the ledger"

    def _stays(self, number: int, person: Person) -> None:
        found = [
            (self._ladders[ladder], RANKS[self._levels[level]], since, until, reason)
            for ladder, level, since, until, reason in self._database.rows(
                "select tier_system, tier_level, joined_at, left_at, reason from membership where customer = ?"
                " order by number",
                number,
            )
        ]
        for ladder in CLUB.ladders:
            own = [stay for stay in person.stays if stay.ladder == ladder.id]
            expected = [(stay.ladder, stay.rank, stay.since, stay.until, stay.reason) for stay in own]
            assert [each for each in found if each[0] == ladder.id] == expected, "the history of levels"

    def _read_events(self) -> None:
        statement = "select number, kind, data, occurred_at from event where number > ? order by number"
        for number, kind, data, at in self._database.rows(statement, self._events_read):
            told = json.loads(data)
            self._events.setdefault(told["user_id"], []).append((kind, told, at))
            self._events_read = number

    def _told(self, customer_id: str, lines: list[tuple[str, Line]], person: Person) -> None:
        events = self._events[customer_id]
        moved = [
            (told["entry_id"], kind, told["point_account_id"], told["amount"], told["available_balance"],
             told.get("is_return", False), at)
            for kind, told, at in events if kind.startswith("points.")
        ]  # fmt: skip
        expected = [
            (entry_id, KINDS[line.kind], line.account, abs(line.amount), line.after, line.kind == "return", line.at)
            for entry_id, line in lines
        ]
        assert [(*each[:3], Decimal(str(each[3])), Decimal(str(each[4])), *each[5:]) for each in moved] == expected, (
            "an entry was not told of once"
        )
        for ladder in CLUB.ladders:
            levels = [
                Told(kind, ladder.id, RANKS[told["tier_level_id"]], LEVEL_NAMES[told["former_level"]], told["reason"],
                     at)
                for kind, told, at in events
                if kind.startswith("tier.") and told["tier_system_id"] == ladder.id
            ]  # fmt: skip
            assert levels == [told for told in person.told if told.ladder == ladder.id], "a level was not told of once"
        assert [kind for kind, _, _ in events if not kind.startswith(("points.", "tier."))] == ["customer.created"]


def in_order(lines: Iterable[Line]) -> list[Line]:
    """A ledger in which what ends at one moment is in the order of the accounts, which no rule tells."""
    ordered = list(lines)
    begin = 0
    while begin < len(ordered):
        end = begin + 1
        while end < len(ordered) and ordered[begin][::3] == ordered[end][::3] and ordered[begin].kind == "expire":
            end += 1
        ordered[begin:end] = sorted(ordered[begin:end])
        begin = end
    return ordered
