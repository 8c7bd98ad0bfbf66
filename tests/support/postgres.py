"""A PostgreSQL server of the tests' own: one for each process of a run, on a private socket, ended with it."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import lru_cache
from itertools import count
from pathlib import Path

import psycopg

from tessera.ports import Store
from tessera.store.postgres.address import address
from tessera.store.postgres.driver import ConnectionOptions, PostgresDriver
from tessera.store.postgres.schema import migrate
from tessera.store.store import SQLStore
from tests.support.programs import program

PORT = 5432
"""Only names the socket's file; nothing listens on the network."""

ACCOUNTS = ("postgres", "nobody")
"""As whom the server runs where the tests run as root, which it refuses."""

_numbers = count(1)


def binaries() -> Path:
    """The folder of PostgreSQL's programs. Raises Missing where it is not installed."""
    return Path(program("initdb")).resolve().parent


class Cluster:
    """A database server in a folder of its own. Settings are those of `postgresql.conf`.

    Its data is in memory, where waiting for the disk takes no time, unless `place` is a folder of a disk. With
    `copy_of` it is a standby of another that runs, made from a copy of it.
    """

    def __init__(self, place: Path | None = None, copy_of: "Cluster | None" = None, **settings: str) -> None:
        self.settle(place)
        self._chosen = settings
        if copy_of is None:
            self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
            self._configure()
        else:
            self.copy(copy_of)

    def copy(self, source: "Cluster") -> None:
        """Become, in place of what it was, a standby of another that runs."""
        shutil.rmtree(self.data, ignore_errors=True)
        there = ("-h", str(source.folder), "-p", str(PORT), "-U", "postgres")
        self.run("pg_basebackup", "-D", str(self.data), *there, "-R", "-c", "fast", "-X", "stream", "-N")
        self._configure()

    def _configure(self) -> None:
        with (self.data / "postgresql.conf").open("a") as file:
            for name, value in _settings(self.folder, self._chosen).items():
                file.write(f"{name} = '{value}'\n")

    def settle(self, place: Path | None = None) -> None:
        """Find it a folder, with nothing in it."""
        self.folder = Path(tempfile.mkdtemp(prefix="tessera-pg-", dir=place or _memory()))
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.account = next((name for name in ACCOUNTS if _exists(name)), None) if os.geteuid() == 0 else None
        if self.account is not None:
            shutil.chown(self.folder, self.account)

    def run(self, name: str, *arguments: str, timeout_seconds: float = 60) -> str:
        """Run one of PostgreSQL's programs on this server's behalf; what it printed. Raises AssertionError."""
        command = [str(binaries() / name), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_seconds, user=self.account, group=self.account,
            extra_groups=[] if self.account else None, cwd=self.folder, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self) -> None:
        """Start it; it answers when this returns."""
        self.run("pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` in order, `immediate` as a crash does."""
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop")

    @property
    def pid(self) -> int | None:
        """The process id of its first process; None when it does not run."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid

    def remove(self) -> None:
        """End it, if it runs, and remove everything."""
        if self.pid is not None:
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, user: str = "tessera") -> str:
        """Where a database is, as `--database` takes it."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={PORT}"

    def execute(self, statement: str, database: str = "postgres", user: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement, by default as the superuser; its rows."""
        with psycopg.connect(self.url(database, user), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def create_database(self, template: str = "template0", owner: str = "tessera") -> str:
        """A new database, owned by a user who may do nothing else; its name."""
        name = f"t{next(_numbers)}"
        self.execute(f"create database {name} template {template} owner {owner}")
        return name


def _memory() -> Path | None:
    """A file system in memory, where there is one."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else None


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _settings(folder: Path, more: dict[str, str]) -> dict[str, str]:
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "port": str(PORT),
        "max_connections": "200",
        "shared_buffers": "64MB",
        "autovacuum_naptime": "60",
        "log_min_messages": "warning",
        **more,
    }


@lru_cache(maxsize=1)
def cluster() -> Cluster:
    """The server that the tests of this process share."""
    made = Cluster()
    atexit.register(made.remove)
    made.start()
    made.execute("create role tessera login")
    return made


@lru_cache(maxsize=1)
def template() -> str:
    """An empty database of the current schema, to be copied."""
    name = cluster().create_database()
    migrate(address(cluster().url(name)))
    return name


def empty_database() -> str:
    """The URL of a new database of the current schema."""
    return cluster().url(cluster().create_database(template()))


def driver(url: str, timeout_seconds: float = 30) -> PostgresDriver:
    """A driver on a database, patient with a busy machine."""
    return PostgresDriver(
        ConnectionOptions(address(url).conninfo, address(url).conninfo, timeout_seconds), lambda _line, _reason: None
    )


def store(url: str) -> Store:
    """A store on a database."""
    return SQLStore(driver(url))
