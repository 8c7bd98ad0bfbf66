"""What an operator does with the audit: look, verify the chain, take it away."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from tessera.app.context import Context
from tessera.app.operators import OperatorError
from tessera.core.administration.audit import REFUSED
from tessera.core.administration.audit_chain import Checkpoint, Entry, Walk, is_genuine
from tessera.core.administration.finding import Finding, Level
from tessera.ports import Search
from tessera.store.checkup import AUDIT_ENTRIES

PAGE_ROWS = 1000
FIRST = -(2**63)
"""Before every number that a row can have: one that was put before the first is seen too."""

NUMBER_MAX = 2**63 - 1
SHOWN_MAX = 20
"""Broken places that are told one by one; the others are only counted."""


class Verdict(msgspec.Struct):
    """The outcome of a walk along the chain; `purged` counts the refusals in whose place there is a checkpoint.

    `number` and `hash` are those of the newest entry that no purge deletes, to be noted elsewhere.
    """

    entries: int = 0
    intact: int = 0
    purged: int = 0
    number: int = 0
    hash: str = ""
    problems: int = 0
    shown: list[str] = []

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


async def newest(context: Context, search: Search, *, before: int | None, limit: int) -> list[Entry]:
    """Entries that are wanted, the newest first; of a customer's id as target, those of its pseudonym too."""
    upto = NUMBER_MAX if before is None else before
    found = await context.store.audit_entries_before(upto, limit, search)
    if search.target is not None:
        of_customer = search._replace(target=context.in_audit(search.target))
        found += await context.store.audit_entries_before(upto, limit, of_customer)
        found = sorted(found, key=lambda entry: -entry.number)[:limit]
    return found


async def names(context: Context, entries: Sequence[Entry]) -> dict[str, str]:
    """The names of the applications that these entries name by their client ids, as far as they exist still."""
    ids = {each.target for each in entries} | {each.actor.removeprefix("client ") for each in entries}
    found = {}
    for client_id in ids:
        record = await context.store.application_record(client_id)
        if record is not None and record.client_id == client_id:
            found[client_id] = record.name
    return found


async def pages(context: Context) -> AsyncIterator[list[Entry]]:
    """All entries in their order, in pages."""
    after = FIRST
    while page := await context.store.audit_entries(after, PAGE_ROWS):
        yield page
        after = page[-1].number


async def checkpoints(context: Context) -> list[Checkpoint]:
    """The checkpoints in place of refusals that were deleted when their time was over, by number."""
    return await context.store.audit_checkpoints()


async def told_in_order(context: Context) -> AsyncIterator[Entry | Checkpoint]:
    """All entries and checkpoints, in the order of their numbers."""
    waiting = await checkpoints(context)
    async for page in pages(context):
        for entry in page:
            while waiting and waiting[0].first_number < entry.number:
                yield waiting.pop(0)
            yield entry


async def verify(context: Context, *, head: str | None, number: int | None) -> Verdict:
    """Walk along the whole chain. Where `head` is given, the entry of that `number` must have this hash.

    Raises OperatorError unless both are given or none.
    """
    if (head is None) != (number is None):
        raise OperatorError("audit_head_incomplete")
    verdict = Verdict()
    found = await checkpoints(context)
    walk = Walk(checkpoints=_genuine(found, context.directory.pepper, verdict))
    noted: str | None = None
    async for page in pages(context):
        for entry in page:
            _pass(walk, entry, verdict)
            if entry.number == number:
                noted = entry.hash
    if head is not None and number is not None:
        over = next((each for each in found if each.first_number <= number <= each.last_number), None)
        problem = _noted_problem(number, head.strip().lower(), noted, over)
        if problem is not None:
            _tell(verdict, problem)
    return verdict


def _genuine(checkpoints: Sequence[Checkpoint], pepper: bytes, verdict: Verdict) -> dict[int, Checkpoint]:
    """The genuine checkpoints by their first number; the others are told."""
    found = {}
    for each in checkpoints:
        if is_genuine(pepper, each):
            found[each.first_number] = each
        else:
            _tell(
                verdict,
                f"The checkpoint over the entries {each.first_number} to {each.last_number} is not genuine: somebody"
                " made or changed it.",
            )
    return found


def _noted_problem(number: int, head: str, noted: str | None, over: Checkpoint | None) -> str | None:
    """The problem of the entry whose hash was noted, if any; `noted` is its hash now, `over` stands in its place."""
    if noted is None and over is not None:
        if number < over.last_number:
            return (
                f"Entry {number} was a refusal, deleted when its time was over: its hash cannot be compared any more."
                " Note a newer one."
            )
        noted = over.last_hash
    if noted is None:
        return f"Entry {number} is not there: the end was cut off."
    if noted != head:
        return f"Entry {number} has another hash than was noted: it, or what stood before it, was made anew."
    return None


def _pass(walk: Walk, entry: Entry, verdict: Verdict) -> None:
    problem = walk.step(entry)
    verdict.entries += 1
    verdict.intact, verdict.purged = walk.intact, walk.purged
    if entry.action != REFUSED or not verdict.hash:
        verdict.number, verdict.hash = walk.number, walk.hash
    if problem is not None:
        _tell(verdict, problem)


def _tell(verdict: Verdict, problem: str) -> None:
    verdict.problems += 1
    if len(verdict.shown) < SHOWN_MAX:
        verdict.shown.append(problem)


def finding(entries: Sequence[Entry], checkpoints: Sequence[Checkpoint], pepper: bytes | None) -> Finding:
    """The doctor's finding about the newest entries; when there may be more, the first is only what the second follows.

    Without the pepper, which another finding tells of, checkpoints are taken for genuine.
    """
    verdict = Verdict()
    stand = {each.first_number: each for each in checkpoints}
    walk = Walk(checkpoints=stand if pepper is None else _genuine(checkpoints, pepper, verdict))
    if len(entries) == AUDIT_ENTRIES:
        walk.number, walk.hash, entries = entries[0].number, entries[0].hash, entries[1:]
    for entry in entries:
        _pass(walk, entry, verdict)
    if verdict.whole:
        return Finding(Level.OK, "audit", f"The newest {verdict.entries:,} entries are a whole chain.")
    return Finding(Level.FAIL, "audit", f"{verdict.shown[0]} Keep a copy of the folder.", "audit_broken")
