"""Reading the proofs that were used."""

from tessera.store.driver import Fetching
from tessera.store.sql import proofs as sql


class ProofReads(Fetching):
    """Implements `tessera.ports.ProofReader`."""

    async def spent_proof(self, proof: str) -> int | None:
        found: int | None = await self._value(sql.SPENT, {"proof": proof})
        return found
