"""Reading what decides when a key ends."""

from tessera.store.driver import Fetching
from tessera.store.sql import keys as sql


class KeyReads(Fetching):
    """Implements `tessera.ports.keys.KeyReader`."""

    async def longest_token_lifetime(self) -> int:
        return int(await self._value(sql.LONGEST_TOKEN_LIFETIME, {}))
