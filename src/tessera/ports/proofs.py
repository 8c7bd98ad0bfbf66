"""Reading the proofs that were used."""

from typing import Protocol


class ProofReader(Protocol):
    """What tells a proof that comes again. Deeds do not ask first: they commit `SpendProof`, which asks and writes."""

    async def spent_proof(self, proof: str) -> int | None:
        """When a proof that was used is forgotten; None for one that was not."""
