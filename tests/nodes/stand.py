"""Three nodes on one database of a real PostgreSQL server, HAProxy in front of them, and an operator beside them."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tessera import wiring
from tessera.app.clients import limit_settings
from tessera.app.clients.applications import Issued
from tessera.app.clients.limit_settings import LimitChanges
from tessera.app.context import Context
from tessera.settings import load
from tests.proxy import haproxy
from tests.support import operator_session, postgres, raw
from tests.support.operator import Operated, until
from tests.support.raw import Answer, Wire, bearer
from tests.support.server import Server, start_bare

T = TypeVar("T")

NODES = 3
MASTER_KEY = "5a" * 32
LISTENING = "select count(*) from pg_stat_activity where datname = '{name}' and query ilike 'listen%'"
DEAFEN = "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}' and query ilike 'listen%'"


class Stand:
    """The nodes, each an `Operated` server; `port` is the proxy's. `name` is the database.

    Their line for notices leads over a folder of its own (`direct`), so that it can be cut alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = postgres.cluster().create_database()
        self.url = postgres.cluster().url(self.name)
        self.direct = folder / "direct"
        self.direct.mkdir()
        self.port = 0
        self.nodes: list[Operated] = []
        self._socket = f".s.PGSQL.{postgres.PORT}"
        self._operator = folder / "operator"
        self._operator.mkdir()
        self._opened: list[Wire] = []
        self.mend()

    def start(self, number: int) -> Operated:
        """Start a node, or start it again."""
        environment = {
            "TESSERA_DATABASE": self.url,
            "TESSERA_DATABASE_TIMEOUT_SECONDS": "10",  # several servers start at once, and others may be at work
            "TESSERA_DATABASE_DIRECT": f"postgresql://tessera@/{self.name}?host={self.direct}&port={postgres.PORT}",
            "TESSERA_MASTER_KEY": MASTER_KEY,
            "TESSERA_ISSUER": "https://id.example.com",
            "TESSERA_MANAGEMENT_PORT": "0",
        }
        server = start_bare(self.folder / f"node{number}", *(["--demo"] if number == 0 else []), **environment)
        until(lambda: server.output, lambda output: "Health and metrics on" in output)
        return Operated(server)

    def do(self, operation: Callable[[Context], Awaitable[T]]) -> T:
        """Have an operation done by the operator, on a machine of his own."""

        async def done() -> T:
            settings = load(data_dir=self._operator, database=self.url, master_key=MASTER_KEY)
            async with wiring.open_context(settings) as context:
                return await operation(context)

        return asyncio.run(done())

    def partner(self, name: str, **wanted: Any) -> Issued:
        """A new application, with these limits."""

        async def make(context: Context) -> Issued:
            made = await operator_session.partner(context, name)
            if wanted:
                await limit_settings.change(context, name, LimitChanges(**wanted))
            return made

        return self.do(make)

    def wires(self) -> list[Wire]:
        """A connection to each node."""
        return [self.wire(node.server.port) for node in self.nodes]

    def wire(self, port: int) -> Wire:
        """A connection that is closed when the test ends."""
        self._opened.append(Wire(port, timeout=60))
        return self._opened[-1]

    def hang_up(self) -> None:
        """Close the connections."""
        for wire in self._opened:
            wire.socket.close()
        self._opened.clear()

    def listening(self) -> int:
        """How many connections the database has on which a node waits for notices."""
        ((count,),) = postgres.cluster().execute(LISTENING.format(name=self.name))
        assert isinstance(count, int)
        return count

    def deafen(self) -> None:
        """Have the database end every connection on which a node waits for notices."""
        postgres.cluster().execute(DEAFEN.format(name=self.name))

    def cut(self) -> None:
        """The same, and no node can connect there again."""
        (self.direct / self._socket).unlink()

        def deaf() -> int:
            self.deafen()
            return self.listening()

        until(deaf, lambda count: count == 0)

    def mend(self) -> None:
        """Let nodes wait for notices."""
        socket = self.direct / self._socket
        if not socket.is_symlink():
            socket.symlink_to(postgres.cluster().folder / self._socket)

    def close(self) -> None:
        """End the nodes, all at once."""
        self.hang_up()
        alive = [node.server for node in self.nodes if node.server.process.poll() is None]
        for server in alive:
            server.process.send_signal(signal.SIGTERM)
        for server in alive:
            server.stop()


@contextmanager
def standing(folder: Path) -> Iterator[Stand]:
    """Three nodes that begin at the same time on a database in which there is nothing yet."""
    stand = Stand(folder)
    with ExitStack() as stack, ThreadPoolExecutor(NODES) as pool:
        stack.callback(stand.close)
        for starting in [pool.submit(stand.start, number) for number in range(NODES)]:
            stand.nodes.append(starting.result())
        stand.port = stack.enter_context(haproxy.balancer(folder / "proxy", [each.server.port for each in stand.nodes]))
        yield stand


def kill(server: Server) -> None:
    """End a node as a power cut does."""
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


def asking(made: Issued, secret: str | None = None) -> bytes:
    """A request for a token."""
    form = f"grant_type=client_credentials&client_id={made.client_id}&client_secret={secret or made.client_secret}"
    return raw.request("POST", "/oauth/token", form.encode(), [raw.FORM])


def reading(demo: dict[str, str], token: str) -> bytes:
    """A request for a profile."""
    return raw.request("GET", f"/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}", headers=[bearer(token)])


def answer(wire: Wire, data: bytes) -> Answer:
    """The answer to a request on this connection."""
    wire.send(data)
    found = wire.answer()
    assert found is not None, "the connection was closed"
    return found


def token(wire: Wire, made: Issued) -> str:
    """A fresh token. Raises AssertionError when there is none."""
    found = answer(wire, asking(made))
    assert found.status == 200, found
    return found.body.partition(b'"access_token":"')[2].partition(b'"')[0].decode()


def percentile(seconds: Sequence[float], share: float) -> float:
    """What this share of them does not exceed."""
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)]
