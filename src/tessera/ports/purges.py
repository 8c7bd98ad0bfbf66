"""Reading the times of purges, and whether they have anything to do."""

from typing import Protocol

from tessera.core.changes import Change


class PurgeReader(Protocol):
    """The time by the database, and which expired rows are left."""

    async def database_time(self) -> int | None:
        """The database's own clock, in microseconds since the epoch; None where it is this machine's."""

    async def noted_time(self) -> int | None:
        """The time that a server last noted (`NoteTime`); None when none has."""

    async def purgeable(self, kind: type[Change], until: int) -> bool:
        """Whether there is a row that a purge of this kind would delete, given its `until`."""
