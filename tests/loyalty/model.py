"""The rules of points and levels a second time, as plainly as they can be said: lists of single deposits, decimals.

Nothing here knows how the product does it. Times are microseconds since the epoch; accounts, ladders and levels are
known by their ids.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from tests.loyalty.club import Club, Ladder
from tests.loyalty.wishes import Moved, Put, Refused, Reply, Take, Wish

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZERO = Decimal(0)


class Line(NamedTuple):
    """One line of the ledger."""

    kind: str
    account: str
    amount: Decimal
    at: int
    after: Decimal


Done = dict[int, tuple[list[Moved], int]]
"""What wishes moved, by their place, and how long the ledger was then."""


@dataclass
class Chunk:
    """What is left of one deposit."""

    ends: int | None
    left: Decimal


@dataclass
class Stay:
    """A level that is or was held."""

    ladder: str
    rank: int
    since: int
    reason: str
    looked_at: int | None
    until: int | None = None


class Told(NamedTuple):
    """A change of level as others are told of it."""

    kind: str
    ladder: str
    rank: int
    former: int
    reason: str
    at: int


@dataclass
class Pocket:
    """What somebody has in one account."""

    chunks: list[Chunk] = field(default_factory=list)
    debt: Decimal = ZERO
    life_time: Decimal = ZERO

    @property
    def there(self) -> Decimal:
        """What is available; below 0 when in debt."""
        return sum((chunk.left for chunk in self.chunks), -self.debt)


def midnight_after(at: int, days: int) -> int:
    """The end of the UTC day in which this moment and so many days falls."""
    last = (EPOCH + timedelta(microseconds=at) + timedelta(days=days)).date()
    end = datetime.combine(last + timedelta(days=1), time(), UTC)
    return (end - EPOCH) // timedelta(microseconds=1)


def days_after(at: int, days: int) -> int:
    """The same time of day, so many days later."""
    return (EPOCH + timedelta(microseconds=at) + timedelta(days=days) - EPOCH) // timedelta(microseconds=1)


class Person:
    """One customer: pockets, the ledger, stays in levels, and what was answered."""

    def __init__(self, club: Club, at: int) -> None:
        self.club = club
        self.pockets: dict[str, Pocket] = {}
        self.ledger: list[Line] = []
        self.stays: list[Stay] = []
        self.told: list[Told] = []
        self.known: dict[str, tuple[Wish, list[Moved], int]] = {}
        self.asked: dict[tuple[Wish, ...], Done] = {}
        self.visits = 0
        for ladder in club.ladders:
            self._stay(ladder, 0, at, "joined")

    def there(self, account: str) -> Decimal:
        """What is available in an account."""
        return self.pockets[account].there if account in self.pockets else ZERO

    def balances(self) -> dict[str, Decimal]:
        """What is in every account that was ever touched."""
        return {account: pocket.there for account, pocket in self.pockets.items()}

    def balances_after(self, lines: int) -> dict[str, Decimal]:
        """What was in every account when the ledger had so many lines."""
        found: dict[str, Decimal] = {}
        for line in self.ledger[:lines]:
            found[line.account] = line.after
        return found

    def held(self, ladder: Ladder) -> Stay:
        """The level held on a ladder."""
        return next(stay for stay in self.stays if stay.ladder == ladder.id and stay.until is None)

    def next_moment(self) -> int | None:
        """When something happens by itself next."""
        ends = [chunk.ends for pocket in self.pockets.values() for chunk in pocket.chunks if chunk.ends is not None]
        looks = [stay.looked_at for stay in self.stays if stay.until is None and stay.looked_at is not None]
        return min([*ends, *looks], default=None)

    def settle(self, now: int) -> None:
        """Points end before levels are looked at."""
        while (at := self.next_moment()) is not None and at <= now:
            for account, pocket in self.pockets.items():
                over = sum((chunk.left for chunk in pocket.chunks if chunk.ends == at), ZERO)
                pocket.chunks = [chunk for chunk in pocket.chunks if chunk.ends != at]
                if over:
                    self._line("expire", account, -over, at)
            for ladder in self.club.ladders:
                if self.held(ladder).looked_at == at:
                    self._look(ladder, at)

    def _look(self, ladder: Ladder, at: int) -> None:
        stay = self.held(ladder)
        has = sum((self.there(account) for account in ladder.accounts), ZERO)
        kept = [rank for rank in range(1, stay.rank + 1) if has >= ladder.levels[rank].keep]
        rank = self._reached(ladder, max(kept, default=0))
        if rank == stay.rank:
            stay.looked_at = None if ladder.days is None else days_after(at, ladder.days)
        else:
            self._stay(ladder, rank, at, "earned" if rank > stay.rank else "demoted")

    def _reached(self, ladder: Ladder, rank: int) -> int:
        has = sum((self.there(account) for account in ladder.accounts), ZERO)
        return max([rank, *(each for each in range(1, len(ladder.levels)) if has >= ladder.levels[each].target)])

    def _stay(self, ladder: Ladder, rank: int, at: int, reason: str) -> None:
        former = next((stay for stay in self.stays if stay.ladder == ladder.id and stay.until is None), None)
        if former is not None:
            former.until = at
            kind = "tier.demoted" if rank < former.rank else "tier.promoted"
            self.told.append(Told(kind, ladder.id, rank, former.rank, reason, at))
        look = None if ladder.days is None else days_after(at, ladder.days)
        self.stays.append(Stay(ladder.id, rank, at, reason, look))

    def _line(self, kind: str, account: str, amount: Decimal, at: int) -> Moved:
        self.ledger.append(Line(kind, account, amount, at, self.there(account)))
        return Moved(account, amount, self.there(account))

    def move(self, ladder: Ladder, rank: int, now: int) -> None:
        """Put into a level by hand."""
        self.settle(now)
        if self.held(ladder).rank != rank:
            self._stay(ladder, rank, now, "moved")

    def visit(self, event: str, now: int) -> list[Moved]:
        """An event that somebody tells of."""
        if event not in self.club.visits:
            raise Refused("not_found")
        self.settle(now)
        made = [self._put(Put(account, amount), now) for account, amount in self.club.visits[event]]
        self.visits += 1
        self._promote(now)
        return [moved for each in made for moved in each]

    def ask(self, wishes: Sequence[Wish], now: int, *, partial: bool = False) -> Reply:
        """Grant all of the wishes or none, or with `partial` those that can be; raises Refused, then nothing moved."""
        asked = tuple(wishes)
        done = self._done_before(asked)
        if len(done) == len(asked):
            lines = max(lines for _, lines in done.values())
            return Reply([done[place][0] for place in range(len(asked))], self.balances_after(lines))
        self.settle(now)
        pockets, lines = deepcopy(self.pockets), len(self.ledger)
        results: list[list[Moved] | str] = []
        fresh: Done = {}
        for place, wish in enumerate(asked):
            try:
                moved = done[place][0] if place in done else self._grant(wish, now)
            except Refused as refusal:
                if not partial:
                    self.pockets, self.ledger = pockets, self.ledger[:lines]
                    raise
                results.append(str(refusal))
            else:
                results.append(moved)
                if place not in done:
                    fresh[place] = (moved, len(self.ledger))
        self._remember(asked, fresh)
        if any(isinstance(asked[place], Put) for place in fresh):
            self._promote(now)
        return Reply(results, self.balances())

    def _done_before(self, asked: tuple[Wish, ...]) -> Done:
        ids = [wish.id for wish in asked if wish.id is not None]
        if len(ids) != len(set(ids)):
            raise Refused("validation")
        if any(wish.id in self.known and self.known[wish.id][0] != wish for wish in asked if wish.id):
            raise Refused("conflict")
        known = {place: self.known[wish.id][1:] for place, wish in enumerate(asked) if wish.id in self.known}
        return self.asked.get(asked, {}) | known

    def _remember(self, asked: tuple[Wish, ...], fresh: Done) -> None:
        for place, (moved, lines) in fresh.items():
            wish = asked[place]
            if wish.id is not None:
                self.known[wish.id] = (wish, moved, lines)
        if any(wish.id is not None for wish in asked):
            self.asked.setdefault(asked, {}).update(fresh)

    def _grant(self, wish: Wish, now: int) -> list[Moved]:
        return self._put(wish, now) if isinstance(wish, Put) else self._take(wish, now)

    def _put(self, wish: Put, now: int) -> list[Moved]:
        account = self.club.accounts.get(wish.account)
        if account is None:
            raise Refused("not_found")
        if wish.amount <= 0:
            raise Refused("validation")
        pocket = self.pockets.setdefault(account.id, Pocket())
        fills = min(pocket.debt, wish.amount)
        pocket.debt -= fills
        pocket.life_time += wish.amount
        if wish.amount > fills:
            ends = None if account.days is None else midnight_after(now, account.days)
            pocket.chunks.append(Chunk(ends, wish.amount - fills))
        return [self._line("deposit", account.id, wish.amount, now)]

    def _take(self, wish: Take, now: int) -> list[Moved]:
        if wish.amount <= 0:
            raise Refused("validation")
        if any(account not in self.club.accounts for account in wish.accounts):
            raise Refused("not_found")
        shares: dict[str, Decimal] = {}
        wanted = wish.amount
        for account in wish.accounts:
            if account not in shares:
                shares[account] = min(wanted, max(ZERO, self.there(account)))
                wanted -= shares[account]
        lenders = [account for account in shares if self.club.accounts[account].overdraw]
        if wanted and not (wish.force and lenders):
            raise Refused("validation")
        if wanted:
            shares[lenders[0]] += wanted
        kind = "return" if wish.back else "spend"
        return [self._out(kind, account, share, now) for account, share in shares.items() if share]

    def _out(self, kind: str, account: str, amount: Decimal, now: int) -> Moved:
        pocket = self.pockets.setdefault(account, Pocket())
        wanted = amount
        for chunk in sorted(pocket.chunks, key=lambda chunk: (chunk.ends is None, chunk.ends or 0)):
            used = min(wanted, chunk.left)
            chunk.left -= used
            wanted -= used
        pocket.chunks = [chunk for chunk in pocket.chunks if chunk.left]
        pocket.debt += wanted
        if kind == "return":
            pocket.life_time -= amount
        return self._line(kind, account, -amount, now)

    def _promote(self, now: int) -> None:
        for ladder in self.club.ladders:
            stay = self.held(ladder)
            rank = self._reached(ladder, stay.rank)
            if rank > stay.rank:
                self._stay(ladder, rank, now, "earned")
