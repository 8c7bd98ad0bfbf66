"""The store of `ports`, over any driver."""

from collections.abc import Sequence

from tessera.core.changes import Change, Notice
from tessera.store.reads.audit import AuditReads
from tessera.store.reads.customers import CustomerReads
from tessera.store.reads.identity import IdentityReads
from tessera.store.reads.keys import KeyReads
from tessera.store.reads.ledger import LedgerReads
from tessera.store.reads.outbox import OutboxReads
from tessera.store.reads.program import ProgramReads
from tessera.store.reads.proofs import ProofReads
from tessera.store.reads.resources import ResourceReads
from tessera.store.reads.rotation import RotationReads


class SQLStore(
    IdentityReads,
    KeyReads,
    ResourceReads,
    ProgramReads,
    CustomerReads,
    LedgerReads,
    OutboxReads,
    ProofReads,
    RotationReads,
    AuditReads,
):
    """Implements `tessera.ports.Store`, whose docstrings are the contract."""

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        return await self._driver.commit(changes)

    async def close(self) -> None:
        await self._driver.close()

    async def changed(self) -> bool:
        return await self._driver.changed()
