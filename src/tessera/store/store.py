"""The store of `ports`, over any driver."""

from collections.abc import Callable, Sequence
from time import perf_counter_ns

from tessera.core.changes import Change, Notice
from tessera.store.driver import Driver
from tessera.store.reads.audit import AuditReads
from tessera.store.reads.customers import CustomerReads
from tessera.store.reads.identity import IdentityReads
from tessera.store.reads.keys import KeyReads
from tessera.store.reads.ledger import LedgerReads
from tessera.store.reads.lots import LotReads
from tessera.store.reads.nodes import NodeReads
from tessera.store.reads.organizations import OrganizationReads
from tessera.store.reads.outbox import OutboxReads
from tessera.store.reads.program import ProgramReads
from tessera.store.reads.properties import PropertyReads
from tessera.store.reads.purchases import PurchaseReads
from tessera.store.reads.purges import PurgeReads
from tessera.store.reads.replay import ReplayReads
from tessera.store.reads.resources import ResourceReads
from tessera.store.reads.rotation import RotationReads
from tessera.store.reads.timeline import TimelineReads

Committed = Callable[[int, Exception | None], None]
"""Told of every commit: the microseconds that it took, and what it raised."""


class SQLStore(
    IdentityReads,
    KeyReads,
    ResourceReads,
    ProgramReads,
    PropertyReads,
    CustomerReads,
    LedgerReads,
    LotReads,
    OrganizationReads,
    PurchaseReads,
    TimelineReads,
    OutboxReads,
    ReplayReads,
    PurgeReads,
    RotationReads,
    AuditReads,
    NodeReads,
):
    """Implements `tessera.ports.Store`, whose docstrings are the contract."""

    def __init__(self, driver: Driver, committed: Committed | None = None) -> None:
        super().__init__(driver)
        self._committed = committed

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        if self._committed is None:
            return await self._driver.commit(changes)
        began = perf_counter_ns()
        failure: Exception | None = None
        try:
            return await self._driver.commit(changes)
        except Exception as error:
            failure = error
            raise
        finally:
            self._committed((perf_counter_ns() - began) // 1000, failure)

    async def close(self) -> None:
        await self._driver.close()

    async def changed(self) -> bool:
        return await self._driver.changed()
