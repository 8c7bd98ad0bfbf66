"""Databases of older schemas, on either engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.pool import NullPool

from tessera import bootstrap
from tessera.store import migrate, sqlite
from tessera.store.database import Database
from tessera.store.folder import DATABASE
from tests.support import engines, postgres
from tests.support.settings import settings_of

_NUMBERED = "select table_name, column_name from information_schema.columns where identity_generation is not null"


@contextmanager
def made(folder: Path, engine: str, revision: str) -> Iterator[Database]:
    """A database of a revision and no later one, which belongs to a data folder, for the length of a block."""
    if engine == engines.SQLITE:
        upgrade(folder, revision)
        yield bootstrap.database(settings_of(folder))
        return
    name = postgres.cluster().create_database()
    engines.name(folder, postgres.cluster().url(name))
    try:
        upgrade(folder, revision)
        yield bootstrap.database(settings_of(folder))
    finally:
        postgres.cluster().execute(f"drop database {name} with (force)")


def upgrade(folder: Path, revision: str) -> None:
    """Bring the database of a data folder to a revision."""
    url = engines.url(folder)
    if url is None:
        engine = create_engine(URL.create("sqlite", database=str(folder / DATABASE)))
    else:
        found = url
        engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(found), poolclass=NullPool)
    with engine.begin() as connection:
        if url is None:
            connection.exec_driver_sql(f"pragma application_id = {sqlite.APPLICATION_ID}")
        _upgrade(connection, revision)
    engine.dispose()


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def insert(folder: Path, statements: str) -> None:
    """Put rows into it, with numbers of their own choice; later ones are numbered on from there."""
    with engines.writing(folder) as database:
        for statement in statements.split(";\n"):
            if statement.strip():
                database.rows(statement)
        if database.engine == engines.POSTGRES:
            for table, column in database.rows(_NUMBERED):
                database.rows(
                    f"select setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) from {table}"
                )
