"""Slow, idle and oversized clients: they are cut off, others do not notice, and memory stays bounded."""

import resource
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adversarial.test_request_ids import ID
from tests.support import raw, world
from tests.support.raw import Wire
from tests.support.server import Server, running
from tests.support.target import Target
from tests.support.waiting import wait_until

TIMEOUT_SECONDS = 1.5
PATIENCE_SECONDS = 60.0
"""Only a client that is never cut off takes as long, on a machine however busy."""

P99_MAX_SECONDS = 0.5
ATTEMPTS = 5
"""A busy machine may slow others beyond that time, but not in each of so many attempts."""

GROWTH_MAX_BYTES = 50 * 2**20
IDLE = 3000
ENOUGH = 20
"""Answers to the other client, from which its time can be told."""

HEAD = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Target]]:
    """A server with little patience."""
    folder = tmp_path_factory.mktemp("slow") / "data"
    with running(folder, TESSERA_REQUEST_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS)) as server:
        yield server, Target(server.port, folder, world.furnish(folder))


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """As many open files as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def memory(server: Server) -> int:
    """Resident bytes of the server."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


class Bystander:
    """A client that keeps asking for tokens on connections of its own, and measures how long each takes."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seconds: list[float] = []
        self.failures: list[object] = []

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = time.perf_counter()
            try:
                self._target.token()
            except (AssertionError, OSError) as error:
                self.failures.append(error)
            self.seconds.append(time.perf_counter() - begun)
            self._stop.wait(0.004)

    @property
    def p99(self) -> float:
        """Time that one answer in a hundred takes longer than."""
        return statistics.quantiles(self.seconds, n=100)[98] if len(self.seconds) > 1 else PATIENCE_SECONDS

    def __enter__(self) -> "Bystander":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def unharmed(server: Server, target: Target, attack: Callable[[Bystander], None]) -> None:
    """During an attack another client gets its tokens in time, and the server's memory stays bounded."""
    seen = []
    for _ in range(ATTEMPTS):
        before = memory(server)
        with Bystander(target) as bystander:
            attack(bystander)
            grown = memory(server) - before
        assert bystander.failures == []
        assert grown < GROWTH_MAX_BYTES, f"memory grew by {grown / 2**20:.0f} MiB"
        seen.append((len(bystander.seconds), bystander.p99))
        if len(bystander.seconds) >= ENOUGH and bystander.p99 < P99_MAX_SECONDS:
            return
    raise AssertionError(f"the other client asked so often, p99 in seconds, in each attempt: {seen}")


def drip(port: int, begin: bytes, byte: bytes) -> float:
    """Send a beginning, then one byte now and then; how long the server put up with it."""
    with Wire(port) as wire:
        begun = time.monotonic()
        wire.send(begin)
        wire.socket.settimeout(0.1)
        while time.monotonic() - begun < PATIENCE_SECONDS:
            try:
                answer = wire.answer()
            except TimeoutError:
                wire.send(byte)
                continue
            if answer is not None and answer.status == 100:
                continue
            assert answer is None or answer.status == 408, answer
            return time.monotonic() - begun
        raise AssertionError("the server put up with it")


@pytest.mark.parametrize(
    ("begin", "byte"),
    [
        (b"GET /", b"a"),
        (b"POST /oauth/token HTTP/1.1\r\n", b"X"),
        (HEAD, b"X: y\r\n"),
        (HEAD + b"Content-Length: 10000\r\n\r\n", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (HEAD + b"Content-Length: 10000\r\nExpect: 100-continue\r\n\r\n", b"a"),
        (b"\r\n", b"\r\n"),
    ],
    ids=["request line", "header name", "headers", "body", "chunks", "body after 100", "empty lines"],
)
def test_a_client_that_drips_is_cut_off(slow: tuple[Server, Target], begin: bytes, byte: bytes) -> None:
    """However a request is dragged out, it ends some time after its time is over, and not before."""
    server, target = slow
    patience: list[float] = []
    unharmed(server, target, lambda _bystander: patience.append(drip(server.port, begin, byte)))
    assert min(patience) > TIMEOUT_SECONDS * 0.9


def test_an_expectation_that_is_never_followed_ends(slow: tuple[Server, Target]) -> None:
    """After 100 Continue and no body: 408, and the connection closed."""
    server, _ = slow
    with Wire(server.port) as wire:
        wire.send(HEAD + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
        statuses = [answer.status for answer in (wire.answer(), wire.answer()) if answer is not None]
        assert statuses in ([100, 408], [408])
        assert wire.closed()


def test_the_refusal_of_a_slow_client_has_an_id(slow: tuple[Server, Target]) -> None:
    """As every refusal has one, in lower-case hex of 128 bits."""
    server, _ = slow
    with Wire(server.port) as wire:
        wire.send(HEAD)
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 408
        assert [ID.fullmatch(each) is not None for each in answer.all("x-request-id")] == [True]


def open_idle(port: int, begin: bytes, count: int) -> list[socket.socket]:
    """That many connections which have sent a beginning, and nothing after it."""
    opened = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        connection.sendall(begin)
        opened.append(connection)
    return opened


def wait_until_closed(connections: list[socket.socket], seconds: float) -> int:
    """How many of the connections the server has closed within this time."""
    selector = selectors.DefaultSelector()
    for connection in connections:
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
    deadline = time.monotonic() + seconds
    closed = 0
    while closed < len(connections) and time.monotonic() < deadline:
        for key, _ in selector.select(0.1):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            if _at_end(sock):
                selector.unregister(sock)
                closed += 1
    selector.close()
    return closed


def _at_end(connection: socket.socket) -> bool:
    try:
        return not connection.recv(4096)
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "begin", [b"", HEAD, HEAD + b"Content-Length: 100\r\n\r\n"], ids=["nothing sent", "half a head", "half a body"]
)
def test_thousands_of_idle_connections_do_no_harm(slow: tuple[Server, Target], begin: bytes) -> None:
    """Others are served while they stand open, and every one of them is closed when its time is over."""
    server, target = slow

    def attack(_bystander: Bystander) -> None:
        idle = open_idle(server.port, begin, IDLE)
        closed = wait_until_closed(idle, PATIENCE_SECONDS)
        for connection in idle:
            connection.close()
        assert closed == IDLE

    unharmed(server, target, attack)


def flood(port: int, data: bytes, chunk: bytes, total: int) -> None:
    """Send a beginning, then chunks until the server has enough or `total` bytes are sent."""
    sent = 0
    with Wire(port) as wire:
        try:
            wire.send(data)
            while sent < total:
                wire.send(chunk)
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass


@pytest.mark.parametrize(
    ("data", "chunk"),
    [
        (HEAD, b"X: " + b"y" * 60_000 + b"\r\n"),
        (HEAD, b"X: y\r\n" * 10_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65_536 + b"\r\n"),
        (HEAD + b"Content-Length: 1073741824\r\n\r\n", b"a" * 65_536),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000),
        (b"POST /oauth/token?" + b"a" * 1000, b"a" * 60_000),
        (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000),
    ],
    ids=["large headers", "many headers", "chunks", "a long body", "trailers", "address", "pipelined requests unread"],
)
def test_a_flood_does_no_harm(slow: tuple[Server, Target], data: bytes, chunk: bytes) -> None:
    """A gigabyte from each of four clients at once: others are served, and memory does not grow with it."""
    server, target = slow

    def attack(bystander: Bystander) -> None:
        threads = [threading.Thread(target=flood, args=(server.port, data, chunk, 2**30)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(bystander.seconds) >= ENOUGH, PATIENCE_SECONDS)

    unharmed(server, target, attack)


def test_clients_that_do_not_read_are_cut_off(slow: tuple[Server, Target]) -> None:
    """Clients that ask for megabytes and read none of them: memory stays bounded, and their connections end."""
    server, target = slow
    path = f"/priv/v1/apps/{target.values['api_key']}/users/{target.values['customer_id']}?expand_incentives=true"
    ask = raw.request("GET", path, headers=[raw.bearer(target.token())])

    def attack(_bystander: Bystander) -> None:
        readers = [_slow_reader(server.port, ask) for _ in range(4)]
        assert _wait_until_cut_off(readers, PATIENCE_SECONDS) == len(readers)

    unharmed(server, target, attack)


def _slow_reader(port: int, ask: bytes) -> socket.socket:
    """A connection that has asked until the server took no more, ten requests at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.settimeout(0.2)
    try:
        for _ in range(500):
            connection.sendall(ask * 10)
            time.sleep(0.001)
    except (TimeoutError, ConnectionResetError, BrokenPipeError):
        pass
    return connection


def _wait_until_cut_off(connections: list[socket.socket], seconds: float) -> int:
    """Connections whose other end is gone: writing to them fails, though nothing of the answers was read."""
    deadline = time.monotonic() + seconds
    gone: set[socket.socket] = set()
    while len(gone) < len(connections) and time.monotonic() < deadline:
        for connection in connections:
            if connection not in gone and _cut_off(connection):
                gone.add(connection)
        time.sleep(0.05)
    for connection in connections:
        connection.close()
    return len(gone)


def _cut_off(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or _state(connection) != ESTABLISHED


ESTABLISHED = 1


def _state(connection: socket.socket) -> int:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)[0]


def test_connections_beyond_the_limit_are_refused_cleanly(tmp_path: Path) -> None:
    """The one too many gets 503 with Retry-After; when others leave there is room again."""
    with running(tmp_path / "data", TESSERA_CONNECTIONS_MAX="20") as server:
        idle = open_idle(server.port, b"", 20)
        wait_until(lambda: _status(server.port) == 503, PATIENCE_SECONDS)
        with Wire(server.port) as wire:
            wire.send(raw.request("GET", "/"))
            answer = wire.answer()
            assert answer is not None
            assert answer.status == 503
            assert answer.header("retry-after") == "1"
            assert wire.closed()
        for connection in idle:
            connection.close()
        wait_until(lambda: _status(server.port) == 404, PATIENCE_SECONDS)


def _status(port: int) -> int:
    with Wire(port) as wire:
        try:
            wire.send(raw.request("GET", "/"))
        except (BrokenPipeError, ConnectionResetError):
            return 0
        answer = wire.answer()
        return 0 if answer is None else answer.status
