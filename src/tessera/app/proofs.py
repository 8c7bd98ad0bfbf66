"""Proofs that may be used once: by whichever process, and also after a restart."""

import hashlib

from tessera.app.house import House
from tessera.core.changes import SpendProof
from tessera.ports import Conflict


async def spend(house: House, kind: str, parts: tuple[str, ...], expires_at: int) -> bool:
    """Use a proof up, durably; False when it was used before, or is so old that nobody can tell any more.

    `kind` and `parts` (whose it is, and what its maker calls it) name it. Nobody may take it any more at `expires_at`.
    Raises as `ports.Store.commit` does: a proof that cannot be looked up is not to be taken.
    """
    try:
        await house.commit(SpendProof(_key(kind, parts), expires_at))
    except Conflict:
        return False
    return True


def _key(kind: str, parts: tuple[str, ...]) -> str:
    """The same length for every proof, however long its names are, and no two namings alike."""
    named = "".join([f"{len(each)}:{each}" for each in (kind, *parts)])
    return hashlib.sha256(named.encode()).hexdigest()
