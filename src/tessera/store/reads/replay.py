"""Reading the proofs that were used."""

from tessera.store.driver import Fetching
from tessera.store.sql import replay as sql


class ReplayReads(Fetching):
    """Implements `tessera.ports.ReplayReader`."""

    async def consumed_proof(self, proof: str) -> int | None:
        found: int | None = await self._value(sql.SPENT, {"proof": proof})
        return found
