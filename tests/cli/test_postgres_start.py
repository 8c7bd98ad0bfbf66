"""Bad databases at the start: one sentence with what to do, exit code 1, nothing half made."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tessera.store.migrations import HEAD
from tessera.store.postgres.address import address
from tessera.store.postgres.schema import migrate
from tests.cli.command import CLEAN, one_sentence, run
from tests.support import databases, postgres
from tests.support.postgres import Cluster
from tests.support.server import free_port


@pytest.fixture
def cluster() -> Cluster:
    """The server that tests share."""
    return postgres.cluster()


@pytest.fixture
def empty(cluster: Cluster) -> str:
    """The name of a database without tables."""
    return cluster.create_database()


def started(folder: Path, url: str) -> str:
    """The sentence with which `serve` ends."""
    sentence = one_sentence(run("serve", "--port", str(free_port()), "--data-dir", folder, "--database", url))
    assert not (folder / "master.key").exists()
    return sentence


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What passwords this machine knows is not looked at."""
    monkeypatch.setenv("PGPASSFILE", "/nowhere")


def test_addresses_that_are_none(tmp_path: Path) -> None:
    """What is no URL of PostgreSQL is told as such, without a password that stands in it."""
    for url in ("mysql://tessera@db/tessera", "sqlite:var/tessera.db", "tessera", "postgresql:/tessera"):
        assert started(tmp_path / "data", url) == (
            "The setting database cannot be used: it is written as postgresql://USER@HOST:PORT/NAME; SQLite needs none,"
            " only --data-dir."
        )
    for url in ("postgresql://tessera:secret@[db/tessera", "postgresql://tessera:secret@db/x?nothing=1"):
        sentence = started(tmp_path / "data", url)
        assert sentence.startswith("The setting database cannot be used: it is written as postgresql://USER@HOST:PORT")
        assert "secret" not in sentence


def test_a_database_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of the setting `database_file` is named with what is wrong with it."""
    file = tmp_path / "url"
    monkeypatch.setenv("TESSERA_DATABASE_FILE", str(file))
    arguments = ("serve", "--port", str(free_port()), "--data-dir", tmp_path / "data")
    assert one_sentence(run(*arguments)) == (
        f"The file {file} of the setting database_file cannot be used: [Errno 2] No such file or directory: '{file}'."
    )
    file.write_text("mysql://tessera@db/tessera")
    assert one_sentence(run(*arguments)) == (
        f"The file {file} of the setting database_file cannot be used: it is written as postgresql://USER@HOST:PORT/NAME;"
        " SQLite needs none, only --data-dir."
    )


def test_nobody_there(tmp_path: Path) -> None:
    """A server that does not run, and a host that is none."""
    port = free_port()
    sentence = started(tmp_path / "data", f"postgresql://tessera@127.0.0.1:{port}/tessera")
    assert sentence.startswith(f"The database postgresql://tessera@127.0.0.1:{port}/tessera cannot be used: ")
    assert "Connection refused" in sentence
    assert sentence.endswith(" See that it runs and can be reached from here.")


def test_who_is_unknown(tmp_path: Path, cluster: Cluster, empty: str) -> None:
    """A role and a database that the server does not know."""
    sentence = started(tmp_path / "data", cluster.url(empty, "nobody_known"))
    assert 'role "nobody_known" does not exist' in sentence
    assert sentence.endswith(". Make the user, or name another in the URL.")
    sentence = started(tmp_path / "data", cluster.url("no_such_database"))
    assert 'database "no_such_database" does not exist' in sentence
    assert sentence.endswith(". Make it with `createdb`, owned by the user of the URL.")


def test_a_wrong_password(tmp_path: Path) -> None:
    """A role that has a password: a wrong one and none; neither is shown."""
    own = Cluster()
    try:
        own.start()
        own.execute("create role tessera login password 'right-one'")
        own.execute("create database tessera owner tessera")
        rules = own.data / "pg_hba.conf"
        rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        own.execute("select pg_reload_conf()")
        for user, said in (
            ("tessera:wrong-one", "password authentication failed"),
            ("tessera", "no password supplied"),
        ):
            sentence = started(tmp_path / "data", own.url("tessera", user))
            assert said in sentence
            assert "wrong-one" not in sentence
            assert sentence.endswith(
                " Put the right password into the URL, or name a file with it by passfile"
                " (`?passfile=/run/secrets/pgpass`)."
            )
        done = run(
            "orgs",
            "create",
            "X",
            "--data-dir",
            tmp_path / "data",
            "--database",
            own.url("tessera", "tessera:right-one"),
        )
        assert done.code == 0, done
    finally:
        own.remove()


def _version(version: str) -> Callable[[Cluster, str], None]:
    def make(cluster: Cluster, name: str) -> None:
        migrate(address(cluster.url(name)))
        cluster.execute(f"update alembic_version set version_num = '{version}'", name)

    return make


def _foreign(cluster: Cluster, name: str) -> None:
    cluster.execute("create table theirs (x int)", name, "tessera")


def _not_utf8(cluster: Cluster, name: str) -> None:
    cluster.execute(f"drop database {name}")
    cluster.execute(f"create database {name} template template0 owner tessera encoding 'SQL_ASCII'")


def _read_only(cluster: Cluster, name: str) -> None:
    cluster.execute(f"alter database {name} set default_transaction_read_only = on")


def _careless_role(cluster: Cluster, name: str) -> None:
    cluster.execute(f"alter role tessera in database {name} set synchronous_commit = off")


def _no_right(cluster: Cluster, name: str) -> None:
    cluster.execute(f"alter database {name} owner to postgres")


BAD: dict[str, tuple[Callable[[Cluster, str], None], str]] = {
    "older": (
        _version("0001"),
        (
            "The database {text} has an older schema. Back it up with the version that made it,"
            " then run `tessera migrate` with the same setting"
            " database."
        ),
    ),
    "newer": (
        _version("9999"),
        (
            "{text} has schema 9999, made by a newer Tessera than this one (schema {head}). Start it with that"
            " version or a later one."
        ),
    ),
    "another program's": (
        _foreign,
        "The database {text} holds another program's tables. Name a database of Tessera's own.",
    ),
    "not UTF-8": (
        _not_utf8,
        "The database {text} does not hold UTF-8. Make one with `createdb --encoding UTF8`.",
    ),
    "read-only": (
        _read_only,
        (
            "The database {text} cannot be used: {said}. That is a standby: name the primary, or all hosts with commas"
            " between."
        ),
    ),
    "synchronous_commit off for the role": (
        _careless_role,
        (
            "The server of {text} has synchronous_commit off: a crash would lose what was acknowledged. Set it"
            " to on, in postgresql.conf or for this user with `alter role`."
        ),
    ),
    "no right": (
        _no_right,
        (
            "The database {text} cannot be used: permission denied for schema public. Let the user of the URL make"
            " tables: `grant create on schema public to USER`, or make that user the owner of the database."
        ),
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_database_that_cannot_be_used(tmp_path: Path, cluster: Cluster, empty: str, bad: str) -> None:
    """Whatever is wrong with it is told with what to do."""
    spoil, expected = BAD[bad]
    spoil(cluster, empty)
    text = f"postgresql://tessera@{cluster.folder}:5432/{empty}"
    sentence = started(tmp_path / "data", cluster.url(empty))
    said = sentence.partition(" cannot be used: ")[2].partition(". That is")[0]
    assert sentence == expected.format(text=text, head=HEAD, said=said)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("fsync", "a power cut would lose what was acknowledged. Set fsync = on."),
        (
            "synchronous_commit",
            (
                "a crash would lose what was acknowledged. Set it to on, in postgresql.conf or for this user with"
                " `alter role`."
            ),
        ),
    ],
)
def test_a_careless_server(tmp_path: Path, cluster: Cluster, empty: str, setting: str, expected: str) -> None:
    """A server that may lose what it acknowledged is not used."""
    cluster.execute(f"alter system set {setting} = off")
    cluster.execute("select pg_reload_conf()")
    try:
        _until(lambda: cluster.execute(f"show {setting}") == [("off",)])
        sentence = started(tmp_path / "data", cluster.url(empty))
    finally:
        cluster.execute(f"alter system reset {setting}")
        cluster.execute("select pg_reload_conf()")
        _until(lambda: cluster.execute(f"show {setting}") == [("on",)])
    text = f"postgresql://tessera@{cluster.folder}:5432/{empty}"
    assert sentence == f"The server of {text} has {setting} off: {expected}"


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
    raise AssertionError("it never came to be")


def test_a_standby(tmp_path: Path) -> None:
    """A server that only repeats another's writes is told as such, and left out when both are named."""
    own = Cluster()
    try:
        own.start()
        own.execute("create role tessera login")
        own.execute("create database tessera owner tessera")
        standby = Cluster(None, own)
        try:
            standby.start()
            url = f"postgresql://tessera@/tessera?host={standby.folder}&port=5432"
            sentence = started(tmp_path / "data", url)
            assert sentence.endswith(" That is a standby: name the primary, or all hosts with commas between.")
            both = f"postgresql://tessera@/tessera?host={standby.folder},{own.folder}&port=5432"
            assert run("orgs", "create", "X", "--data-dir", tmp_path / "data", "--database", both).code == 0
        finally:
            standby.remove()
    finally:
        own.remove()


def test_two_nodes_set_up_an_empty_database_at_the_same_moment(tmp_path: Path, cluster: Cluster, empty: str) -> None:
    """With one master key both begin; with one each the second says whose is needed, and leaves none behind."""
    assert _both(tmp_path, cluster.url(empty), {"TESSERA_MASTER_KEY": "ab" * 32}) == []
    (sentence,) = _both(tmp_path / "own", cluster.url(cluster.create_database()), {})
    keys = list((tmp_path / "own").glob("*/master.key"))
    assert len(keys) == 1, "a key is left that opens nothing"
    assert "master key" in sentence


def _both(folder: Path, url: str, environment: dict[str, str]) -> list[str]:
    """Two nodes with a data folder each that are set up at once; the sentences of those that did not begin."""
    folder.mkdir(exist_ok=True)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tessera", "orgs", "create", name, "--data-dir", folder / name, "--database", url],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={**CLEAN, **environment},
        )
        for name in ("one", "two")
    ]
    said = [each.communicate(timeout=60)[1].decode() for each in running]
    for _each, text in zip(running, said, strict=True):
        assert "Traceback" not in text, text
    return [text for each, text in zip(running, said, strict=True) if each.returncode]


def test_the_master_key_is_missing(tmp_path: Path) -> None:
    """A second node without the master key of the first does not begin, and makes none of its own."""
    with databases.borrowed() as database:
        sentence = started(tmp_path / "two", database.url)
    assert sentence == (
        f"The master key {tmp_path / 'two' / 'master.key'} cannot be read. The database cannot be opened without it:"
        " restore the file from a backup, or set TESSERA_MASTER_KEY or TESSERA_MASTER_KEY_FILE."
    )
