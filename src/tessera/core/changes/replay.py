"""Writes of proofs that may be used once: client assertions and DPoP proofs."""

from tessera.core.changes.change import Change


class ConsumeProof(Change, frozen=True):
    """A proof is used; it was not used before. `proof` is its key, `expires_at` when nobody would take it any more."""

    proof: str
    expires_at: int
