"""The ends of a copy as operators name them: `sqlite:PATH` and `postgresql://...`."""

from pathlib import Path

from tessera.ports import Unusable
from tessera.store.folder import DATABASE
from tessera.store.transfer.endpoints import End
from tessera.store.transfer.sqlite_endpoint import SQLiteEnd

SQLITE = "sqlite:"
_POSTGRES = ("postgresql://", "postgres://")


def end(name: str) -> End:
    """A database by its name; a folder stands for the database in it. Raises Unusable for what names none."""
    if name.startswith(_POSTGRES):
        from tessera.store.postgres.transfer import PostgresEnd  # psycopg is only loaded where it is used

        return PostgresEnd(name)
    path = name.removeprefix(SQLITE)
    if not name.startswith(SQLITE) or not path:
        raise Unusable("A database is named sqlite:PATH, or postgresql://USER@HOST/NAME.")
    return in_file(Path(path))


def in_file(path: Path) -> SQLiteEnd:
    """The database of a file; that of a folder which is there, or that is named with a slash or without an ending."""
    return SQLiteEnd(path if path.suffix and not path.is_dir() else path / DATABASE)
