"""Deleting the audit's entries of refused clients when their time is over, so that the chain can still be verified."""

from collections.abc import AsyncIterator, Sequence

from tessera.app.context import Context
from tessera.core.administration.audit_chain import Checkpoint, Entry, checkpoint, hash_of, is_genuine
from tessera.core.changes import PurgeAuditEntries
from tessera.core.times import PurgeTime
from tessera.ports import Search

RUN_MAX = 100
"""Entries deleted in one commit."""

_AFTER_ALL = 2**63 - 1


async def purge(context: Context, until: PurgeTime) -> AsyncIterator[None]:
    """Delete the entries of refusals from up to a time, a run without a gap at a time; yields after each commit.

    A run that does not agree with its hashes is left as it is, for `tessera audit verify` to be told of.
    """
    newest = await context.store.audit_entries_before(_AFTER_ALL, 1, Search())
    after = 0
    while page := await context.store.audit_refusals(after, RUN_MAX):
        after = page[-1].number
        old = [each for each in page if each.at <= until and each.number < newest[0].number]
        for run in _runs(old):
            change = await _purging(context, until, run)
            if change is not None:
                await context.store.commit(change)
                yield
        if not old:
            return


def _runs(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries, those together that follow each other by number."""
    runs: list[list[Entry]] = []
    for entry in entries:
        if runs and runs[-1][-1].number + 1 == entry.number:
            runs[-1].append(entry)
        else:
            runs.append([entry])
    return runs


async def _purging(context: Context, until: PurgeTime, run: Sequence[Entry]) -> PurgeAuditEntries | None:
    """The change that deletes a run, with the checkpoint that also takes the place of those beside it.

    None when the run does not follow from what stands before it: then somebody has tampered with it.
    """
    pepper = context.directory.pepper
    first, last = run[0].number, run[-1].number
    left, right = await context.store.audit_checkpoint(first - 1), await context.store.audit_checkpoint(last + 1)
    if any(each is not None and not is_genuine(pepper, each) for each in (left, right)):
        return None
    previous = await _hash_before(context, first, left)
    if previous is None or not _follow(run, previous) or (right is not None and right.previous_hash != run[-1].hash):
        return None
    made = checkpoint(
        pepper,
        first if left is None else left.first_number,
        last if right is None else right.last_number,
        previous if left is None else left.previous_hash,
        run[-1].hash if right is None else right.last_hash,
    )
    return PurgeAuditEntries(
        until=until,
        run_first=first,
        run_last=last,
        first_number=made.first_number,
        last_number=made.last_number,
        previous_hash=made.previous_hash,
        last_hash=made.last_hash,
        seal=made.seal,
    )


async def _hash_before(context: Context, number: int, left: Checkpoint | None) -> str | None:
    """The hash that the entry with this number was made with; None when the entry before it is missing."""
    if number == 1:
        return ""
    if left is not None:
        return left.last_hash
    found = await context.store.audit_entries(number - 2, 1)
    return found[0].hash if found and found[0].number == number - 1 else None


def _follow(run: Sequence[Entry], previous: str) -> bool:
    for entry in run:
        if hash_of(entry, previous) != entry.hash:
            return False
        previous = entry.hash
    return True
