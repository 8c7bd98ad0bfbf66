"""Lots: the use of each deposit, told from what is left, against a model that keeps it deposit by deposit."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from tessera.core.loyalty import lots, points
from tessera.core.loyalty.entries import Entry, EntryKind
from tessera.core.loyalty.lots import Used
from tessera.core.loyalty.points import Balance

ENDS = (None, 100, 200, 300)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(1, 2), st.integers(1, 50), st.sampled_from(ENDS)),
        st.tuples(st.sampled_from(["spend", "return"]), st.integers(1, 2), st.integers(1, 80), st.none()),
        st.tuples(st.just("expire"), st.integers(1, 2), st.just(0), st.none()),
    ),
    min_size=4,
    max_size=30,
)


class Ledger:
    """A ledger with a balance for each account and, as a model, what is left of each deposit."""

    def __init__(self) -> None:
        self.now = 0
        self.entries: list[Entry] = []
        self.balances: dict[int, Balance] = {}
        self.left: dict[int, int] = {}
        self.expired: dict[int, int] = defaultdict(int)

    def enter(self, account: int, amount: int, kind: str, ends: int | None = None) -> None:
        number = len(self.entries) + 1
        nothing = (None, 0, None, None, None, None, None)
        self.entries.append(Entry(number, f"e{number}", account, amount, kind, *nothing, self.now, ends))

    def deposit(self, account: int, amount: int, ends: int | None) -> None:
        if ends is not None and ends <= self.now:
            return
        balance = self.balances.get(account, Balance(account, "id", 0, 0))
        self.balances[account] = points.deposited(balance, amount, ends)
        self.enter(account, amount, EntryKind.DEPOSIT, ends)
        debt = max(0, -balance.available)
        self.left[len(self.entries)] = max(0, amount - debt)

    def take(self, account: int, amount: int, kind: str) -> None:
        balance = self.balances.get(account, Balance(account, "id", 0, 0))
        self.balances[account] = points.taken(balance, amount)
        self.enter(account, -amount, kind)
        own = [entry for entry in self.entries if entry.point_account == account and entry.amount > 0]
        for entry in sorted(own, key=lambda each: (each.expires_at is None, each.expires_at, each.number)):
            used = min(amount, self.left[entry.number])
            self.left[entry.number] -= used
            amount -= used

    def expire(self) -> None:
        """Time goes on to the next end, and everything that has ended goes."""
        self.now = min((each for each in ENDS if each is not None and each > self.now), default=self.now)
        for account, balance in list(self.balances.items()):
            amount = sum(lot.remaining for lot in balance.lots if lot.expires_at <= self.now)
            if amount:
                self.balances[account] = points.taken(balance, amount)
                self.enter(account, -amount, EntryKind.EXPIRE)
        for entry in self.entries:
            if entry.amount > 0 and entry.expires_at is not None and entry.expires_at <= self.now:
                self.expired[entry.number] += self.left[entry.number]
                self.left[entry.number] = 0

    def sums(self, kind: str, after: int) -> dict[tuple[int, int | None], int]:
        """What a store answers."""
        found: dict[tuple[int, int | None], int] = defaultdict(int)
        for entry in self.entries[after:]:
            if kind == "deposited" and entry.amount > 0:
                found[entry.point_account, entry.expires_at] += entry.amount
            elif kind == "expired" and entry.kind == EntryKind.EXPIRE:
                found[entry.point_account, entry.occurred_at] -= entry.amount
        return dict(found)


@given(STEPS, st.integers(1, 5))
def test_the_use_of_each_deposit(steps: list[tuple[str, int, int, int | None]], take: int) -> None:
    """Whatever was deposited, taken, overdrawn and expired, any page says of each deposit what became of it."""
    ledger = Ledger()
    for kind, account, amount, ends in steps:
        if kind == "deposit":
            ledger.deposit(account, amount, ends)
        elif kind == "expire":
            ledger.expire()
        else:
            ledger.take(account, amount, kind)
    newest_first = ledger.entries[::-1]
    uses: list[Used] = []
    for skip in range(0, len(newest_first), take):
        page = newest_first[skip : skip + take]
        later, expired = ledger.sums("deposited", page[0].number), ledger.sums("expired", page[-1].number)
        uses += lots.uses(page, later, expired, lots.remaining(list(ledger.balances.values())))
    assert uses == [
        Used(entry.amount - ledger.left[entry.number] - ledger.expired[entry.number], ledger.expired[entry.number])
        if entry.amount > 0
        else Used(0, 0)
        for entry in newest_first
    ]
