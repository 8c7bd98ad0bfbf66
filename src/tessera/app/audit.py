"""What an operator does with the audit: look, verify the chain, take it away."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from tessera.app.checkup import Finding, Level
from tessera.app.house import House
from tessera.app.operators import OperatorError
from tessera.core.audit_chain import Entry, Walk
from tessera.ports import Search
from tessera.store.checkup import AUDIT_ENTRIES

PAGE_ROWS = 1000
FIRST = -(2**63)
"""Before every number that a row can have: one that was put before the first is seen too."""

NUMBER_MAX = 2**63 - 1
SHOWN_MAX = 20
"""Broken places that are told one by one; the others are only counted."""


class Verdict(msgspec.Struct):
    """What came of a walk along the chain; `number` and `hash` are the newest entry's."""

    entries: int = 0
    intact: int = 0
    number: int = 0
    hash: str = ""
    problems: int = 0
    shown: list[str] = []

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


async def newest(house: House, search: Search, *, before: int | None, limit: int) -> list[Entry]:
    """Entries that are wanted, the newest first; of a customer's id as target, those of its pseudonym too."""
    upto = NUMBER_MAX if before is None else before
    found = await house.store.audit_entries_before(upto, limit, search)
    if search.target is not None:
        of_customer = search._replace(target=house.in_audit(search.target))
        found += await house.store.audit_entries_before(upto, limit, of_customer)
        found = sorted(found, key=lambda entry: -entry.number)[:limit]
    return found


async def pages(house: House) -> AsyncIterator[list[Entry]]:
    """All entries in their order, in pages."""
    after = FIRST
    while page := await house.store.audit_entries(after, PAGE_ROWS):
        yield page
        after = page[-1].number


async def verify(house: House, *, head: str | None, number: int | None) -> Verdict:
    """Walk along the whole chain. Where `head` is given, the entry of that `number` must have this hash.

    Raises OperatorError unless both are given or none.
    """
    if (head is None) != (number is None):
        raise OperatorError("Give --head and --number together, as an earlier verification printed them.")
    walk, verdict = Walk(), Verdict()
    noted: str | None = None
    async for page in pages(house):
        for entry in page:
            _pass(walk, entry, verdict)
            if entry.number == number:
                noted = entry.hash
    if head is not None and noted is None:
        _tell(verdict, f"Entry {number} is not there: the end was cut off.")
    elif head is not None and noted != head.strip().lower():
        _tell(verdict, f"Entry {number} has another hash than was noted: it, or what stood before it, was made anew.")
    return verdict


def _pass(walk: Walk, entry: Entry, verdict: Verdict) -> None:
    problem = walk.step(entry)
    verdict.entries += 1
    verdict.intact, verdict.number, verdict.hash = walk.intact, walk.number, walk.hash
    if problem is not None:
        _tell(verdict, problem)


def _tell(verdict: Verdict, problem: str) -> None:
    verdict.problems += 1
    if len(verdict.shown) < SHOWN_MAX:
        verdict.shown.append(problem)


def finding(entries: Sequence[Entry]) -> Finding:
    """What the doctor says of the newest entries; when there may be more, the first is only what the second follows."""
    verdict, walk = Verdict(), Walk()
    if len(entries) == AUDIT_ENTRIES:
        walk, entries = Walk(entries[0].number, entries[0].hash), entries[1:]
    for entry in entries:
        _pass(walk, entry, verdict)
    if verdict.whole:
        return Finding(Level.OK, "audit", f"The newest {verdict.entries:,} entries are a whole chain.")
    return Finding(
        Level.FAIL, "audit", f"{verdict.shown[0]} Run `tessera audit verify`, and keep a copy of the folder."
    )
