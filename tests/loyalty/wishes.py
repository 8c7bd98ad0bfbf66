"""What is asked of the plain model, and what it replies."""

from decimal import Decimal
from typing import NamedTuple


class Put(NamedTuple):
    """A deposit that is asked for."""

    account: str
    amount: Decimal
    id: str | None = None


class Take(NamedTuple):
    """A spend that is asked for."""

    accounts: tuple[str, ...]
    amount: Decimal
    id: str | None = None
    force: bool = False
    back: bool = False


Wish = Put | Take


class Refused(Exception):
    """`args[0]` says why: `validation`, `not_found` or `conflict`."""


class Moved(NamedTuple):
    """What a wish did to an account: the amount that went in or out, and what was there afterwards."""

    account: str
    amount: Decimal
    after: Decimal


class Reply(NamedTuple):
    """For each wish what it moved, or why not; and what was in every account afterwards."""

    results: list[list[Moved] | str]
    balances: dict[str, Decimal]
