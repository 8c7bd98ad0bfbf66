"""Looking at a database without a context: plain reads, one after the other, that change nothing."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from tessera.store.driver import R
from tessera.store.migrate import read_only
from tessera.store.sql.statement import Select, only_column

_NOTHING: Mapping[str, object] = {}


class Inspection(Protocol):
    """An open look at a database."""

    def rows(self, select: Select[R], parameters: Mapping[str, object] = _NOTHING) -> list[R]:
        """The rows of one statement. Raises StoreUnavailable, or what sqlite3 raises."""

    def values(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> list[Any]:
        """The values of a statement of one column. Raises as `rows`."""

    def moment(self) -> AbstractContextManager[None]:
        """Everything that is read in the block is of one moment."""


class SQLiteInspection:
    """A look at a file."""

    def __init__(self, path: Path) -> None:
        self._connection = read_only(path)
        self._connection.isolation_level = None

    def rows(self, select: Select[R], parameters: Mapping[str, object] = _NOTHING) -> list[R]:
        return select.rows(self._connection.execute(select.sql, dict(parameters)))

    def values(self, statement: str, parameters: Mapping[str, object] = _NOTHING) -> list[Any]:
        return only_column(self._connection.execute(statement, dict(parameters)))

    @contextmanager
    def moment(self) -> Iterator[None]:
        self._connection.execute("begin")
        yield
        self._connection.execute("commit")

    def close(self) -> None:
        self._connection.close()


@contextmanager
def sqlite_inspection(path: Path) -> Iterator[Inspection]:
    """A look at a SQLite file for the length of a block."""
    with closing(SQLiteInspection(path)) as look:
        yield look
