"""Where a fault plays: a data folder with the demonstration, a database of either engine, and servers on it."""

import asyncio
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import psycopg

from tessera import wiring
from tessera.app.clients import applications
from tessera.app.context import Context
from tessera.ports import StoreUnavailable
from tessera.settings import Settings, load
from tests.support import raw
from tests.support.processes import children
from tests.support.server import PATIENT, START_SECONDS, free_port

T = TypeVar("T")

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
ENGINES = (SQLITE, POSTGRESQL)

CUSTOMERS = 4

TRIES = 10

ENDED_SECONDS = 60.0

KILLED_SECONDS = 120.0
"""Within how long a server that callers ask reaches the commit at which its kill is armed, on a busy machine."""


class Client(NamedTuple):
    """An application's credentials."""

    client_id: str
    secret: str

    def form(self, **members: str) -> bytes:
        """A request body that presents them."""
        named = {"client_id": self.client_id, "client_secret": self.secret, **members}
        return "&".join(f"{name}={value}" for name, value in named.items()).encode()


class Node:
    """One running server, by its first process. `armed` is the fault that it was started with, "" for none."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, printed: Path, armed: str) -> None:
        self.process = process
        self.port = port
        self.printed = printed
        self.armed = armed

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.printed.read_text(errors="replace")

    def everybody(self) -> list[int]:
        """Its processes: the first, and the workers."""
        return [self.process.pid, *children(self.process.pid)]

    def wait(self) -> None:
        """Wait until it answers. Raises AssertionError with its output when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                raw.ask(self.port, "GET", "/.well-known/oauth-authorization-server")
            except (OSError, AssertionError):
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"the server did not start:\n{self.output[-4000:]}")

    def wait_killed(self) -> None:
        """Wait until the kill that was armed has ended it. Raises AssertionError when it lives, or ended otherwise."""
        try:
            code = self.process.wait(KILLED_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"the kill {self.armed!r} did not happen within {KILLED_SECONDS:.0f} seconds: is it armed?"
            ) from None
        assert code == -signal.SIGKILL, f"the server ended with code {code}, not by a kill:\n{self.output[-4000:]}"

    def kill(self) -> None:
        """Kill -9 all of it at one moment."""
        everybody = self.everybody()
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)  # none sees another one's end
        for pid in everybody:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(ENDED_SECONDS)
        wait_ended(everybody)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(ENDED_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def wait_ended(pids: list[int]) -> None:
    """Wait until none of these processes runs. Raises AssertionError."""
    deadline = time.monotonic() + ENDED_SECONDS
    while alive := [pid for pid in pids if _runs(pid)]:
        assert time.monotonic() < deadline, f"processes {alive} have not ended"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Stage:
    """A furnished data folder; `url` is the database, None for the folder's own file.

    `client` asks for tokens, `inspector` may ask about everybody's.
    """

    def __init__(self, folder: Path, url: str | None = None, *arguments: str) -> None:
        self.folder = folder
        self.url = url
        self.engine = SQLITE if url is None else POSTGRESQL
        self.ports: list[int] = []
        self._nodes: list[Node] = []
        self._arguments = arguments
        node = self.start("--demo")
        self.demo: dict[str, str] = msgspec.json.decode((folder / "demo.json").read_bytes())
        self.client = Client(self.demo["client_id"], self.demo["client_secret"])
        self.retailer_id = self.demo["retailer_id"]
        self.inspector, self.account = self.do(_furnish)
        found = self.rows(f"select id from customer order by number limit {CUSTOMERS}")
        self.customers = [str(row[0]) for row in found]
        node.stop()
        self.close()

    @property
    def settings(self) -> Settings:
        """As an operator on this folder and database has them."""
        return load(data_dir=self.folder, database=self.url)

    def do(self, operation: Callable[[Context], Awaitable[T]]) -> T:
        """Have an operator's operation done by this process."""

        async def done() -> T:
            async with wiring.open_context(self.settings) as context:
                return await operation(context)

        for _ in range(TRIES):
            try:
                return asyncio.run(done())
            except StoreUnavailable:
                time.sleep(1)  # nothing was done: the database is busy
        return asyncio.run(done())

    def start(self, *arguments: str, port: int | None = None, module: str = "tessera", **environment: str) -> Node:
        """Start a server; it answers when this returns."""
        node = self.launch(*arguments, port=port, module=module, **environment)
        node.wait()
        return node

    def launch(self, *arguments: str, port: int | None = None, module: str = "tessera", **environment: str) -> Node:
        """Start a server, and do not wait for it."""
        port = port or free_port()
        printed = self.folder.parent / f"{self.folder.name}.{port}.{secrets.token_hex(4)}.out"
        database = [] if self.url is None else ["--database", self.url]
        command = [sys.executable, "-m", module, "serve", "--port", str(port), "--data-dir", str(self.folder)]
        named = {"TESSERA_MANAGEMENT_PORT": "off", "TESSERA_ISSUER": "http://127.0.0.1:1", **PATIENT, **environment}
        with printed.open("wb") as output:
            process = subprocess.Popen(
                [*command, *database, *self._arguments, *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **named},
            )  # fmt: skip
        node = Node(process, port, printed, environment.get("FAULTS_ARMED", ""))
        self._nodes.append(node)
        if port not in self.ports:
            self.ports.append(port)
        return node

    def close(self) -> None:
        """End every server that still runs."""
        for node in self._nodes:
            if node.process.poll() is None:
                node.kill()
        self._nodes.clear()
        self.ports.clear()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement answers, past the server."""
        if self.url is not None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                return connection.execute(statement.encode()).fetchall()
        with closing(sqlite3.connect(f"file:{self.folder / 'tessera.db'}?mode=ro", uri=True)) as file:
            return file.execute(statement).fetchall()

    def write(self, statement: str) -> None:
        """Change something, past the server."""
        if self.url is not None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(statement.encode())
            return
        with closing(sqlite3.connect(self.folder / "tessera.db", timeout=30, isolation_level=None)) as file:
            file.execute(statement)


async def _furnish(context: Context) -> tuple[Client, str]:
    """An application that may ask about any token, and the account that points go to."""
    made = await applications.create(context, "inspector", 1, scope="tokens:introspect")
    program = await context.directory.programs.get(1)
    assert made.client_secret is not None
    assert program is not None
    return Client(made.client_id, made.client_secret), program.accounts[0].id


@contextmanager
def staged(folder: Path, url: str | None = None, *arguments: str) -> Iterator[Stage]:
    """A stage for the length of a block."""
    stage = Stage(folder, url, *arguments)
    try:
        yield stage
    finally:
        stage.close()
