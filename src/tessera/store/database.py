"""The database that the settings name, whichever engine it is of: looked at, brought up to date, opened."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tessera.ports import Unusable
from tessera.store.driver import Driver
from tessera.store.migrate import SchemaState, migrate_sqlite, older, sqlite_state
from tessera.store.purge import Purged, Step, purge
from tessera.store.sqlite import SQLiteDriver

if TYPE_CHECKING:
    from tessera.store.postgres.address import Address


Told = Callable[[str, str | None], None]
"""Told, with the name of a connection, that it cannot be made, and why; without a reason that it can again."""


class Database(Protocol):
    """One database. `text` names it to an operator, without a password."""

    @property
    def text(self) -> str:
        """Its name, as it may be shown."""

    def state(self) -> SchemaState:
        """How it stands to this version. Raises Unusable when it cannot be used as it is."""

    def older(self) -> Unusable:
        """The refusal of an older schema, with what to do."""

    def empty(self) -> Unusable:
        """The refusal of a database that holds nothing, with what to do."""

    def migrate(self) -> None:
        """Run the revisions that are missing. Raises Unusable."""

    def purge(self, report: Callable[[Step], None]) -> Purged:
        """Leave nothing of deleted rows where the rows are kept. Raises StoreUnavailable when it is too busy."""

    def driver(self, told: Told) -> Driver:
        """What the store reads and writes through, for one event loop; `told` when it is away, and back."""


class SQLiteDatabase:
    """The file of a data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = str(path)

    def state(self) -> SchemaState:
        return sqlite_state(self.path)

    def older(self) -> Unusable:
        return older(self.path)

    def empty(self) -> Unusable:
        folder = self.path.parent
        return Unusable(
            f"There is no data in the folder {folder}. Make it with `tessera orgs create NAME --data-dir"
            f" {folder}`, or name another with --data-dir."
        )

    def migrate(self) -> None:
        migrate_sqlite(self.path)

    def purge(self, report: Callable[[Step], None]) -> Purged:
        return purge(self.path, report)

    def driver(self, told: Told) -> Driver:  # noqa: ARG002  # a file is not away
        return SQLiteDriver(self.path)


class PostgresDatabase:
    """A database of a PostgreSQL server. psycopg is only imported where there is one.

    `direct` is a URL past any pooler, for the change feed. `timeout_seconds` bounds a read or a write.
    Raises Unusable for a URL that is none.
    """

    def __init__(self, url: str, direct: str | None, timeout_seconds: float) -> None:
        from tessera.store.postgres.address import address

        self.url = url
        self._address = address(url)
        self._direct: Address = address(direct) if direct else self._address
        self._timeout_seconds = timeout_seconds
        self.text = self._address.text

    def state(self) -> SchemaState:
        from tessera.store.postgres import schema

        return schema.state(self._address)

    def older(self) -> Unusable:
        return Unusable(
            f"The database {self.text} has an older schema. Back it up, then run `tessera migrate` with the same"
            " setting database."
        )

    def empty(self) -> Unusable:
        return Unusable(
            f"The database {self.text} is empty. Set it up with `tessera migrate` or `tessera orgs create NAME`, with"
            " the same setting database."
        )

    def migrate(self) -> None:
        from tessera.store.postgres import schema

        schema.migrate(self._address)

    def purge(self, report: Callable[[Step], None]) -> Purged:
        from tessera.store.postgres.purge import purge as rewrite

        return rewrite(self._address, report)

    def driver(self, told: Told) -> Driver:
        from tessera.store.postgres.driver import PostgresDriver, Where

        return PostgresDriver(Where(self._address.conninfo, self._direct.conninfo, self._timeout_seconds), told)
