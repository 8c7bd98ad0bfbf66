"""PgBouncer before a server of the tests, in transaction mode, on a private socket."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.postgres import PORT, Cluster
from tests.support.programs import program

START_SECONDS = 30.0


class Bouncer:
    """A running PgBouncer; its folder is where its socket is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, database: str) -> str:
        """Where a database is, by way of it."""
        return f"postgresql://tessera@/{database}?host={self.folder}&port={PORT}"


@contextmanager
def pgbouncer(cluster: Cluster, **settings: str) -> Iterator[Bouncer]:
    """PgBouncer for the length of a block; settings are those of its section `pgbouncer`."""
    folder = Path(tempfile.mkdtemp(prefix="tessera-pgb-"))
    account = cluster.account  # whose folder nobody else may look into
    (folder / "users.txt").write_text('"tessera" ""\n')
    chosen = {
        "listen_addr": "",
        "listen_port": str(PORT),
        "unix_socket_dir": str(folder),
        "auth_type": "trust",
        "auth_file": str(folder / "users.txt"),
        "pool_mode": "transaction",
        "logfile": str(folder / "log"),
        "pidfile": str(folder / "pid"),
        **settings,
    }
    lines = ["[databases]", f"* = host={cluster.folder} port={PORT}", "[pgbouncer]"]
    (folder / "ini").write_text("\n".join([*lines, *(f"{name} = {value}" for name, value in chosen.items()), ""]))
    if account is not None:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, account)
    process = subprocess.Popen(
        [program("pgbouncer"), "-q", str(folder / "ini")], user=account, cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, extra_groups=[] if account else None,
    )  # fmt: skip
    try:
        made = Bouncer(folder)
        _wait(made, process)
        yield made
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(made: Bouncer, process: subprocess.Popen[bytes]) -> None:
    latest = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < latest:
        try:
            psycopg.connect(made.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    log = made.folder / "log"
    raise AssertionError(f"PgBouncer did not start: {log.read_text() if log.exists() else process.returncode}")
