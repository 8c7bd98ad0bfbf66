"""A loyalty program as the plain model knows it: accounts, ladders of levels, and what events earn."""

from decimal import Decimal
from typing import NamedTuple


class Account(NamedTuple):
    """Points deposited live `days` (for ever when None); a forced spend may go below 0 when `overdraw`."""

    id: str
    days: int | None = None
    overdraw: bool = False


class Level(NamedTuple):
    """A level, what it takes to reach it and what to keep it."""

    id: str
    target: Decimal
    keep: Decimal


class Ladder(NamedTuple):
    """Levels over the points of some accounts, looked at again every `days`."""

    id: str
    days: int | None
    accounts: tuple[str, ...]
    levels: tuple[Level, ...]


class Club(NamedTuple):
    """The whole program; `visits` is what each known event earns, account by account."""

    accounts: dict[str, Account]
    ladders: tuple[Ladder, ...]
    visits: dict[str, tuple[tuple[str, Decimal], ...]]


def levels(ladder: str, *marks: tuple[int, int]) -> tuple[Level, ...]:
    """Levels from the lowest, which takes nothing, by what it takes to reach and to keep each."""
    return tuple(
        Level(f"{ladder}-{rank}", Decimal(target), Decimal(keep))
        for rank, (target, keep) in enumerate(((0, 0), *marks))
    )


CLUB = Club(
    {
        account.id: account
        for account in (
            Account("account-spend"),
            Account("account-tier"),
            Account("month", 30),
            Account("half", 180),
            Account("credit", 45, overdraw=True),
        )
    },
    (
        Ladder("club", None, ("account-tier",), levels("level", (500, 500), (2_000, 2_000), (5_000, 5_000))),
        Ladder("quick", 90, ("month", "half"), levels("quick", (100, 60), (300, 200), (800, 500))),
        Ladder("yearly", 365, ("half",), levels("yearly", (150, 150), (400, 400), (900, 900))),
    ),
    {
        "visit": (("account-spend", Decimal(5)), ("half", Decimal("20.5"))),
        "survey": (("credit", Decimal("0.25")),),
        "hello": (),
    },
)
"""A program with everything in it; its first two accounts and its first ladder are those of the scene."""
