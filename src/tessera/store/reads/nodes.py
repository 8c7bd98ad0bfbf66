"""Reading what other nodes have counted."""

from tessera.core.times import DAY, HOUR
from tessera.ports.nodes import NodeCount
from tessera.store.driver import Fetching
from tessera.store.sql import nodes as sql


class NodeReads(Fetching):
    """Implements `tessera.ports.NodeReader`."""

    async def counts_of_others(self, application: int, node: int, now: int, since: int) -> NodeCount:
        key = {"application": application, "node": node, "hour": now // HOUR, "day": now // DAY, "since": since}
        (counted,) = await self._rows(sql.OTHERS, key)
        return counted
