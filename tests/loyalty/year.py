"""Chance for a simulated year: what customers do, and when."""

from decimal import Decimal
from random import Random

from tests.loyalty.club import CLUB
from tests.loyalty.model import EPOCH, Person, midnight_after
from tests.loyalty.wishes import Put, Take, Wish

ACCOUNTS = tuple(CLUB.accounts)
HOUR = 3_600_000_000

Request = tuple[tuple[Wish, ...], bool]
"""Wishes, and whether some may be refused."""


def next_moment(chance: Random, now: int, people: list[Person]) -> int:
    """A later moment: any, or a midnight, or the very moment at which something is due to somebody, or just before."""
    midnight = midnight_after(now, 0)
    which = chance.random()
    if which < 0.2:
        return midnight - chance.randrange(2)
    if which < 0.4:
        soon = [at for person in people if (at := person.next_moment()) is not None and now < at < midnight]
        if soon:
            return max(now + 1, chance.choice(soon) - chance.randrange(2))
    return now + chance.randrange(1, 18 * HOUR)


def amount(chance: Random) -> Decimal:
    """Mostly small, sometimes enough for several levels, now and then with decimals."""
    if chance.random() < 0.15:
        return Decimal(chance.randrange(1, 300_000)) / 10_000
    return Decimal(chance.choice((1, 5, 10, 25, 60, 60, 100, 250, 900)))


def put(chance: Random, name: str | None) -> Put:
    """A deposit, of which a few cannot be made."""
    which = chance.random()
    if which < 0.02:
        return Put("nowhere", Decimal(1), name)
    if which < 0.04:
        return Put(chance.choice(ACCOUNTS), Decimal(chance.choice((0, -5))), name)
    return Put(chance.choice(ACCOUNTS), amount(chance), name)


def take(chance: Random, name: str | None) -> Take:
    """A spend, of which some cannot be made."""
    accounts = tuple(chance.choice(ACCOUNTS) for _ in range(chance.choice((1, 2, 3, 5))))
    if chance.random() < 0.02:
        accounts = (*accounts, "nowhere")
    return Take(accounts, amount(chance), name, force=chance.random() < 0.3, back=chance.random() < 0.2)


def request(chance: Random, past: list[Request], serial: int) -> Request:
    """Something new, the same again, or an old id in new company or for another thing."""
    which = chance.random()
    if past and which < 0.15:
        return chance.choice(past)
    make = put if chance.random() < 0.6 else take
    wishes: list[Wish] = [
        make(chance, f"{serial}.{place}" if chance.random() < 0.4 else None)
        for place in range(chance.choice((1, 1, 1, 2, 2, 3, 5)))
    ]
    old = [wish for wishes, _ in past for wish in wishes if wish.id is not None and type(wish) is type(wishes[0])]
    if old and which < 0.25:
        again = chance.choice(old)
        if which < 0.18:
            again = again._replace(amount=again.amount + 1)
        wishes.insert(chance.randrange(len(wishes) + 1), again)
    elif which > 0.98:
        wishes += [wishes[0]._replace(id="twice"), wishes[0]._replace(id="twice")]
    return tuple(wishes), chance.random() < 0.3


def microseconds(text: str) -> int:
    """A moment in UTC as microseconds since the epoch."""
    return (EPOCH.fromisoformat(text) - EPOCH) // EPOCH.resolution
