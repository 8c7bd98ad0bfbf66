"""Reading the proofs that were used."""

from typing import Protocol


class ReplayReader(Protocol):
    """Reads of consumed proofs. Operations do not read first: they commit `ConsumeProof`, which checks and writes."""

    async def consumed_proof(self, proof: str) -> int | None:
        """When a proof that was used is forgotten; None for one that was not."""
