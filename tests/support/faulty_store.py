"""A store whose commits fail on demand, in the two forms in which they can."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, cast

from tessera.core.changes import Change, Notice
from tessera.ports import Store, StoreUnavailable, Unknown


class Fault(Enum):
    """How a commit fails: before it took effect, or after it did, so that only the answer was lost."""

    BEFORE = StoreUnavailable
    AFTER = Unknown


class FaultyStore:
    """Any store, with the next commits failing as `faults` says, one each; reads and everything else pass through.

    A commit for which it says None does not fail. `between` is committed before the next commit, as another process
    would do it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.faults: list[Fault | None] = []
        self.between: tuple[Change, ...] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, *changes: Change) -> Sequence[Notice]:
        """Commit, unless a fault is due."""
        between, self.between = self.between, ()
        if between:
            await self._store.commit(*between)
        fault = self.faults.pop(0) if self.faults else None
        if fault is Fault.BEFORE:
            raise StoreUnavailable("planned: nothing was attempted")
        notices = await self._store.commit(*changes)
        if fault is Fault.AFTER:
            raise Unknown("planned: it was written, and the answer was lost")
        return notices

    def as_store(self) -> Store:
        """This, as what the context takes it for."""
        return cast("Store", self)
