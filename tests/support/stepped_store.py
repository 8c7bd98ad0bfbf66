"""A store whose database has a stepped clock, where it has a clock of its own."""

from typing import Any, cast

from tessera.ports import Store
from tests.support.clock import StepClock


class SteppedStore:
    """Any store, whose database goes by `clock`; one without a clock of its own has none here either."""

    def __init__(self, store: Store, clock: StepClock) -> None:
        self._store = store
        self.clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def database_time(self) -> int | None:
        """As `tessera.ports.PurgeReader`."""
        return None if await self._store.database_time() is None else self.clock.now()

    def as_store(self) -> Store:
        """This, as what the context takes it for."""
        return cast("Store", self)
