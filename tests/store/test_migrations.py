"""Migrations: what a new database is like, and how every other file is refused with its bytes unchanged."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tessera.ports import Unusable
from tessera.store import migrate, migrations, sqlite
from tessera.store.migrate import SchemaState, migrate_sqlite, sqlite_state
from tests.support.stores import empty_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database would lie; nothing is there."""
    return tmp_path / "tessera.db"


def execute(path: Path, *statements: str) -> None:
    """Change a database by hand, leaving no log beside it."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("pragma journal_mode = delete", *statements):
        connection.execute(statement)
    connection.close()


def schema(path: Path) -> dict[str, str]:
    """The statement that made each table and index."""
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute("select name, sql from sqlite_master where sql is not null"))
    finally:
        connection.close()


def test_head_is_the_newest_revision() -> None:
    """The revision this version works with is the newest there is, and the revisions are one line."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)

    assert script.get_heads() == [migrations.HEAD]
    assert len(script.get_bases()) == 1


def test_a_new_database_is_current_private_and_strict(path: Path) -> None:
    """From nothing: the current schema, a file only this user reads, column types held, and a log written ahead."""
    migrate_sqlite(path)

    assert sqlite_state(path) is SchemaState.CURRENT
    assert path.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(path)
    strict = dict(connection.execute("select name, strict from pragma_table_list where schema = 'main'"))
    pragmas = [connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "journal_mode")]
    connection.close()
    loose = {name for name, held in strict.items() if not held}
    assert loose == {"alembic_version", "sqlite_schema", "sqlite_sequence"}
    assert pragmas == [sqlite.APPLICATION_ID, "wal"]


def test_numbers_that_tokens_name_are_never_used_twice(path: Path) -> None:
    """Tables whose numbers stand in tokens and in the feed count on, whatever is deleted."""
    made = schema(empty_database(path))

    for table in ("application", "credential", "change", "organization", "customer", "property"):
        assert "AUTOINCREMENT" in made[table]


def first_schema(path: Path) -> None:
    """Bring a database to its very first schema, and no further."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql(f"pragma application_id = {sqlite.APPLICATION_ID}")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()


def test_customers_of_the_first_schema_are_found_by_their_phones(path: Path) -> None:
    """Phone numbers that stand in profiles already lead to their customers afterwards, by their digits."""
    first_schema(path)
    numbers = [
        {"phone_number": "+1 (202) 555-0100", "phone_type": "home"},
        {"phone_number": "12025550100", "phone_type": "mobile"},
        {"phone_number": "home", "phone_type": "home"},
        {"phone_number": "020 7946", "phone_type": "home"},
    ]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("insert into organization (name, retailer_id, created_at) values ('Org', 'r', 1)")
        insert = (
            "insert into customer (id, organization, profile, standing, identifiers, created_at)"
            " values (?, 1, ?, '[[],[]]', '[]', 1)"
        )
        for n, phones in enumerate([numbers, None, [numbers[3]], []] * 300):
            profile = {} if phones is None else {"phone_numbers": phones}
            connection.execute(insert, (f"c{n}", json.dumps(profile)))

    migrate_sqlite(path)

    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("select organization, digits, customer, mobile from phone order by customer, digits")
        expected = []
        for customer in range(1, 1201, 4):
            expected += [(1, "0207946", customer, 0), (1, "12025550100", customer, 1), (1, "0207946", customer + 2, 0)]
        assert found.fetchall() == expected


def test_migrating_twice_changes_nothing(path: Path) -> None:
    """A database that is current stays as it is."""
    migrate_sqlite(path)
    before = schema(path)
    migrate_sqlite(path)

    assert schema(path) == before
    assert sqlite_state(path) is SchemaState.CURRENT


def test_nothing_there_is_empty_and_is_not_made(path: Path) -> None:
    """A file that does not exist, or is empty, is an empty database; looking does not make it."""
    assert sqlite_state(path) is SchemaState.EMPTY
    assert not path.exists()
    path.touch()
    assert sqlite_state(path) is SchemaState.EMPTY
    assert path.stat().st_size == 0


def test_an_older_schema_is_told(path: Path) -> None:
    """A schema from before this version, or one whose first migration left no version, is older."""
    empty_database(path)
    execute(path, "update alembic_version set version_num = '0000'")
    assert sqlite_state(path) is SchemaState.OLDER
    execute(path, "delete from alembic_version")
    assert sqlite_state(path) is SchemaState.OLDER


UNUSABLE = {
    "newer": (
        "update alembic_version set version_num = '9999'",
        r"has schema 9999, made by a newer Tessera .* Start it with that version or a later one",
    ),
    "foreign": (
        "pragma application_id = 7",
        r"is a database of another program\. Name a folder of Tessera's own with --data-dir",
    ),
    "without-versions": ("drop table alembic_version", r"is a database of another program\. Name a folder"),
}


@pytest.mark.parametrize(("statement", "sentence"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_database_that_cannot_be_used_is_refused(path: Path, statement: str, sentence: str) -> None:
    """A newer schema and another program's database are refused with what to do; not a byte is changed."""
    execute(empty_database(path), statement)
    before = path.read_bytes()

    with pytest.raises(Unusable, match=sentence):
        sqlite_state(path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content",
    [b"hello", b"x" * 10_000, b"SQLite format 3\x00", b"SQLite format 3\x00" + b"\xff" * 10_000],
    ids=["short", "text", "header-only", "damaged"],
)
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    """A file that is no database, or no longer one, is refused with what to do; not a byte is changed."""
    path.write_bytes(content)

    with pytest.raises(Unusable, match=r"cannot be read as a SQLite database .* Restore it from a backup"):
        sqlite_state(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("kept", [4096, 5000, 30_000])
def test_a_database_cut_short_is_refused_or_told_by_its_reads(path: Path, kept: int) -> None:
    """A database file of which the end is missing is never taken for an empty one."""
    whole = empty_database(path).read_bytes()
    path.write_bytes(whole[:kept])

    try:
        state = sqlite_state(path)
    except Unusable:
        return
    assert state is not SchemaState.EMPTY


def test_another_program_s_empty_database_is_empty(path: Path) -> None:
    """A database without any table is empty, whoever made it."""
    execute(path, "create table t (a)", "drop table t")

    assert path.stat().st_size > 0
    assert sqlite_state(path) is SchemaState.EMPTY


def test_a_migration_that_fails_leaves_nothing(path: Path) -> None:
    """A migration is one transaction: when it cannot be finished, the database has no table of ours."""
    execute(path, "create table membership (a)")
    before = schema(path)

    with pytest.raises(Exception, match="membership"):
        migrate_sqlite(path)
    assert schema(path) == before
