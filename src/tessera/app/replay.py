"""Proofs that may be used once: by whichever process, and also after a restart."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from tessera.app.context import Context
from tessera.core.changes import Change, ConsumeProof
from tessera.ports import Conflict


class Use(NamedTuple):
    """The one use of a proof, by what names it: its kind, whose it is, and what its maker calls it.

    Nobody may take it any more at `expires_at`.
    """

    kind: str
    parts: tuple[str, ...]
    expires_at: int


async def consume(context: Context, uses: Sequence[Use], changes: Sequence[Change] = ()) -> Use | None:
    """Use proofs up, durably; the first that was used before, if any, and then none of them is used up.

    One that is so old that nobody can tell any more counts as used. `changes` are committed with them: all or nothing.

    Raises as `ports.Store.commit` does: a proof that cannot be looked up is not to be taken. Conflict is about one of
    the `changes`.
    """
    spent = [ConsumeProof(_key(use.kind, use.parts), use.expires_at) for use in uses]
    try:
        await context.commit(*spent, *changes)
    except Conflict as conflict:
        used = next((use for use, change in zip(uses, spent, strict=True) if change == conflict.change), None)
        if used is None:
            raise
        return used
    return None


def _key(kind: str, parts: tuple[str, ...]) -> str:
    """The same length for every proof, however long its names are, and no two namings alike."""
    named = "".join([f"{len(each)}:{each}" for each in (kind, *parts)])
    return hashlib.sha256(named.encode()).hexdigest()
