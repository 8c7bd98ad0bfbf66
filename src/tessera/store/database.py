"""The database that the settings name, whichever engine it is of: looked at, brought up to date, opened."""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tessera.ports import Unusable
from tessera.store.driver import Driver
from tessera.store.inspection import Inspection, sqlite_inspection
from tessera.store.migrate import SchemaState, migrate_sqlite, older, sqlite_state
from tessera.store.purge import Purged, Report, purge
from tessera.store.server_facts import ServerFacts
from tessera.store.sqlite import SQLiteDriver

if TYPE_CHECKING:
    from tessera.store.postgres.address import Address


OnOutage = Callable[[str, str | None], None]
"""Called with the name of a connection and why it cannot be made; with None for the reason once it can again."""


def engine_errors() -> tuple[type[Exception], ...]:
    """What an engine raises of itself, of those that are in use."""
    if "psycopg" not in sys.modules:
        return (sqlite3.Error,)
    from tessera.store.postgres.failures import ERRORS

    return (sqlite3.Error, *ERRORS)


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

    def look(self) -> AbstractContextManager[Inspection]:
        """A look at its rows beside whoever has it open. Raises Unusable."""

    def damage(self) -> list[str]:
        """What is broken in it, as far as it can tell itself."""

    def server(self) -> ServerFacts | None:
        """What the server that has it says of itself; None where there is none, or it cannot be reached."""

    def size_bytes(self) -> int:
        """How much it takes up; nothing when it is not there."""

    def purge(self, report: Report, *, rewrite: bool = False) -> Purged:
        """Erase what is still kept of deleted rows, while servers go on. Raises StoreUnavailable when it is too busy.

        `rewrite` has PostgreSQL write every table anew, locked meanwhile; SQLite needs no such thing.
        """

    def driver(self, on_outage: OnOutage, /) -> Driver:
        """The engine to read and write through, for one event loop; `on_outage` is called when it is away, and back."""


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

    def look(self) -> AbstractContextManager[Inspection]:
        return sqlite_inspection(self.path)

    def damage(self) -> list[str]:
        with sqlite_inspection(self.path) as look:
            return [said for said in look.values("pragma quick_check(5)") if said != "ok"]

    def server(self) -> ServerFacts | None:
        return None

    def size_bytes(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def purge(self, report: Report, *, rewrite: bool = False) -> Purged:
        del rewrite
        return purge(self.path, report)

    def driver(self, _on_outage: OnOutage, /) -> Driver:
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
        self._has_direct = bool(direct)
        self._timeout_seconds = timeout_seconds
        self.text = self._address.text

    def state(self) -> SchemaState:
        from tessera.store.postgres import schema

        return schema.state(self._address)

    def older(self) -> Unusable:
        return Unusable(
            f"The database {self.text} has an older schema. Back it up with the version that made it,"
            " then run `tessera migrate` with the same"
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

    def look(self) -> AbstractContextManager[Inspection]:
        from tessera.store.postgres.inspection import looking

        return looking(self._address)

    def damage(self) -> list[str]:
        return []  # the server sees to that

    def server(self) -> ServerFacts | None:
        from tessera.store.postgres.checkup import server

        return server(self._address, self._direct if self._has_direct else None)

    def size_bytes(self) -> int:
        from tessera.store.postgres.purge import size_bytes

        return size_bytes(self._address)

    def purge(self, report: Report, *, rewrite: bool = False) -> Purged:
        from tessera.store.postgres.purge import purge as vacuum

        return vacuum(self._direct, report, rewrite=rewrite)

    def driver(self, on_outage: OnOutage, /) -> Driver:
        from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver

        options = ConnectionOptions(self._address.conninfo, self._direct.conninfo, self._timeout_seconds)
        return PostgresDriver(options, on_outage)

    def feed_polls(self) -> bool:
        """Whether what is to lead past any pooler leads to one, so that other nodes' changes are only looked for."""
        from tessera.store.postgres import schema

        return schema.pooled(self._direct)
