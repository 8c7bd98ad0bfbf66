"""Small programs and courses of events of every shape, and a program of the product that is like one of the model."""

from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from tessera.core.loyalty.points import UNITS, PointAccount
from tessera.core.loyalty.program import Program
from tessera.core.loyalty.tiers import Rule, TierLevel, TierSystem
from tests.loyalty.club import Account, Club, Ladder, Level
from tests.loyalty.model import EPOCH
from tests.loyalty.wishes import Put, Take, Wish

NAMES = ("a", "b", "c")
HALF_DAY = 43_200_000_000
MIDNIGHT = (EPOCH.replace(year=2032, month=2, day=27) - EPOCH) // EPOCH.resolution
"""Two days before a leap day. Whole and half days from here make many things fall due at one moment."""


class Step(NamedTuple):
    """What happens so many half days later: wishes, or a move by hand to (ladder, rank)."""

    half_days: int
    wishes: tuple[Wish, ...]
    partial: bool
    move: tuple[int, int] | None


AMOUNTS = st.integers(1, 40).map(Decimal) | st.integers(1, 90_000).map(lambda units: Decimal(units) / UNITS)
ACCOUNTS = st.sampled_from((*NAMES, *NAMES, *NAMES, "unknown"))
PUTS = st.builds(Put, ACCOUNTS, AMOUNTS, st.none())
TAKES = st.builds(
    Take, st.lists(ACCOUNTS, min_size=1, max_size=4).map(tuple), AMOUNTS, st.none(),
    force=st.booleans(), back=st.booleans()
)  # fmt: skip
STEPS = st.builds(
    Step,
    st.integers(0, 5),
    st.lists(PUTS | TAKES | PUTS, min_size=1, max_size=3).map(tuple),
    st.booleans(),
    st.none() | st.none() | st.tuples(st.integers(0, 1), st.integers(0, 2)),
)


@st.composite
def ladders(draw: st.DrawFn, name: str) -> Ladder:
    """A ladder of three levels; what it takes to keep a level may be more than to keep a higher one."""
    accounts = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    marks = sorted(draw(st.lists(st.integers(1, 60), min_size=2, max_size=2, unique=True)))
    levels = [Level(f"{name}0", Decimal(0), Decimal(0))]
    for rank, target in enumerate(marks, 1):
        levels.append(Level(f"{name}{rank}", Decimal(target), Decimal(draw(st.integers(1, target)))))
    return Ladder(name, draw(st.none() | st.integers(1, 4)), tuple(accounts), tuple(levels))


@st.composite
def clubs(draw: st.DrawFn) -> Club:
    """Three accounts and two ladders."""
    accounts = [Account(name, draw(st.none() | st.integers(0, 4)), draw(st.booleans())) for name in NAMES]
    return Club({each.id: each for each in accounts}, (draw(ladders("x")), draw(ladders("y"))), {})


def program(club: Club) -> Program:
    """The same as the product has it; numbers are places, from 1."""
    numbers = {name: number for number, name in enumerate(club.accounts, 1)}
    accounts = tuple(
        PointAccount(numbers[each.id], each.id, each.id, "Spend", each.days, each.overdraw)
        for each in club.accounts.values()
    )
    systems = tuple(
        TierSystem(place, ladder.id, ladder.id, ladder.days, _levels(ladder, place, numbers))
        for place, ladder in enumerate(club.ladders, 1)
    )
    return Program(1, "retailer", accounts, systems)


def _levels(ladder: Ladder, place: int, numbers: dict[str, int]) -> tuple[TierLevel, ...]:
    counted = tuple(numbers[name] for name in ladder.accounts)
    return tuple(
        TierLevel(
            10 * place + rank, level.id, rank, level.id,
            Rule("t", "r", "i", "c", int(level.target * UNITS), counted, int(level.keep * UNITS)) if rank else None,
        )
        for rank, level in enumerate(ladder.levels)
    )  # fmt: skip
