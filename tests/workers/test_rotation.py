"""A rotation under load: no worker ever refuses a secret that lives, nor takes one that has ended."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from tessera.app.clients import application_settings, applications, secret_rotation
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.clients.secret_rotation import Rotated
from tessera.app.context import Context
from tessera.app.operators import OperatorError
from tessera.core.clients.applications import CredentialRecord
from tests.support import operator_session, raw
from tests.support.processes import one_wire_each
from tests.support.raw import Wire, bearer
from tests.support.server import Server, running
from tests.support.waiting import wait_until

WORKERS = 2
SETTLED_SECONDS = 60.0
LATE_SECONDS = 60.0
OVERLAP_SECONDS = 3
MORE = 100


@pytest.fixture(scope="module")
def server(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers that write what was counted every fifth of a second."""
    folder = tmp_path_factory.mktemp("rotation") / "data"
    with running(folder, "--workers", str(WORKERS), TESSERA_USAGE_FLUSH_INTERVAL_SECONDS="0.2") as started:
        yield started


@pytest.fixture
def wires(server: Server) -> Iterator[dict[int, Wire]]:
    """A connection to each worker."""
    found = one_wire_each(server.port, server.process.pid, WORKERS)
    yield found
    for wire in found.values():
        wire.socket.close()


def asking(client_id: str, secret: str | None) -> bytes:
    """A request for a token."""
    form = f"grant_type=client_credentials&client_id={client_id}&client_secret={secret}".encode()
    return raw.request("POST", "/oauth/token", form, [raw.FORM])


class Load:
    """Requests one after the other on connections of its own to each worker, until it is stopped."""

    def __init__(self, server: Server, data: bytes) -> None:
        self.statuses: Counter[int] = Counter()
        self._data = data
        self._stopped = threading.Event()
        self._wires = list(one_wire_each(server.port, server.process.pid, WORKERS).values())
        self._threads = [threading.Thread(target=self._go_on, args=(wire,)) for wire in self._wires]
        for thread in self._threads:
            thread.start()

    def _go_on(self, wire: Wire) -> None:
        while not self._stopped.is_set():
            wire.send(self._data)
            answer = wire.answer()
            self.statuses[answer.status if answer is not None else 0] += 1

    @property
    def answers(self) -> int:
        """How many answers came so far."""
        return self.statuses.total()

    def stop(self) -> Counter[int]:
        """Stop, and answer how often each status came."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        for wire in self._wires:
            wire.socket.close()
        return self.statuses


def go_on(loads: list[Load]) -> None:
    """Return once each load has had so many answers more."""
    enough = [load.answers + MORE for load in loads]
    wait_until(lambda: all(load.answers >= each for load, each in zip(loads, enough, strict=True)), LATE_SECONDS)


async def _rotate(context: Context, client_id: str, seconds: int) -> Rotated:
    return await secret_rotation.rotate(context, await applications.find(context, client_id), seconds, None)


async def _finish(context: Context, client_id: str, *, force: bool) -> float:
    await secret_rotation.finish(context, await applications.find(context, client_id), force=force)
    return time.monotonic()


async def _secrets(context: Context, client_id: str) -> list[CredentialRecord]:
    return await context.store.secrets(client_id)


def statuses(wires: dict[int, Wire], data: bytes) -> set[int]:
    """The statuses that all workers answer with."""
    found = set()
    for wire in wires.values():
        wire.send(data)
        answer = wire.answer()
        assert answer is not None
        found.add(answer.status)
    return found


def until_all(wires: dict[int, Wire], data: bytes, status: int) -> None:
    """Ask all workers until each answers with this status."""
    deadline = time.monotonic() + LATE_SECONDS
    while statuses(wires, data) != {status}:
        assert time.monotonic() < deadline, f"not every worker answers {status}"
        time.sleep(0.01)


def test_under_load_nobody_is_refused_while_secrets_are_rotated(server: Server, wires: dict[int, Wire]) -> None:
    """Both secrets are used all the time on both workers, through three rotations: not one request is refused."""
    made = operator_session.make_partner(server.folder, "loaded")
    loads = [Load(server, asking(made.client_id, made.client_secret))]
    for _ in range(3):
        new = operator_session.do(server.folder, partial(_rotate, client_id=made.client_id, seconds=86_400))
        until_all(wires, asking(made.client_id, new.client_secret), 200)
        loads.append(Load(server, asking(made.client_id, new.client_secret)))
        go_on(loads)
    counted = [load.stop() for load in loads]
    print(f"\nanswers with each secret, the oldest first: {[dict(each) for each in counted]}")
    assert all(set(each) == {200} and each[200] > 1 for each in counted)


def test_the_old_secret_is_refused_at_the_end_of_the_overlap(server: Server, wires: dict[int, Wire]) -> None:
    """To the end of the overlap every worker takes both; after it none takes the old one, and all take the new one."""
    made = operator_session.make_partner(server.folder, "short overlap")
    old = asking(made.client_id, made.client_secret)
    new = operator_session.do(server.folder, partial(_rotate, client_id=made.client_id, seconds=OVERLAP_SECONDS))
    ends_at = new.former[0].ends_at / 1_000_000
    until_all(wires, asking(made.client_id, new.client_secret), 200)
    load = Load(server, asking(made.client_id, new.client_secret))
    while time.time() < ends_at:
        taken = statuses(wires, old)
        assert taken == {200} or time.time() >= ends_at
        time.sleep(0.05)
    while time.time() <= ends_at:
        time.sleep(0.01)
    assert statuses(wires, old) == {401}
    assert set(load.stop()) == {200}


def test_finishing_early_is_refused_by_what_workers_wrote(server: Server, wires: dict[int, Wire]) -> None:
    """A use in one worker, written by it, stands in the way of another process; forced, it is in force in all."""
    made = operator_session.make_partner(server.folder, "used")
    operator_session.do(server.folder, partial(_rotate, client_id=made.client_id, seconds=86_400))
    old = asking(made.client_id, made.client_secret)
    assert statuses(wires, old) == {200}
    deadline = time.monotonic() + LATE_SECONDS
    while operator_session.do(server.folder, partial(_secrets, client_id=made.client_id))[0].last_used_at is None:
        assert time.monotonic() < deadline, "no worker wrote the use"
    with pytest.raises(OperatorError, match=r"from 127\.0\.0\.1"):
        operator_session.do(server.folder, partial(_finish, client_id=made.client_id, force=False))
    assert statuses(wires, old) == {200}
    since = operator_session.do(server.folder, partial(_finish, client_id=made.client_id, force=True))
    until_all(wires, old, 401)
    print(f"\nfinished in all {WORKERS} workers after {(time.monotonic() - since) * 1000:.0f} ms")


def test_tokens_and_calls_of_all_workers_are_counted_by_the_hour(server: Server, wires: dict[int, Wire]) -> None:
    """What every worker issued, let in and refused adds up in the counts of the hour."""
    made = operator_session.make_partner(server.folder, "counted")
    number = operator_session.do(server.folder, lambda context: applications.find(context, made.client_id)).number
    for wire in wires.values():
        wire.send(asking(made.client_id, made.client_secret))
        answer = wire.answer()
        assert answer is not None
        token = json.loads(answer.body)["access_token"]
        for _ in range(3):
            wire.send(raw.request("GET", _profile(server), headers=[bearer(token)]))
            assert wire.answer() is not None
    assert statuses(wires, asking(made.client_id, "f" * 64)) == {401}
    deadline = time.monotonic() + LATE_SECONDS
    total = (0, 0, 0)
    while total != (WORKERS, 3 * WORKERS, WORKERS):
        assert time.monotonic() < deadline, total
        hours = operator_session.do(server.folder, lambda context: context.store.usage_hours(number, 0))
        total = (sum(h.tokens for h in hours), sum(h.calls for h in hours), sum(h.refused for h in hours))


def _profile(server: Server) -> str:
    return f"/priv/v1/apps/{server.demo['api_key']}/users/{server.demo['customer_id']}"


def test_reused_tokens_are_one_for_each_worker(server: Server, wires: dict[int, Wire]) -> None:
    """With token reuse each worker hands its own token out again, so there are as many as workers."""
    made = operator_session.make_partner(server.folder, "reusing")
    operator_session.do(
        server.folder,
        lambda context: application_settings.change(context, made.client_id, ApplicationChanges(token_reuse=True)),
    )
    until = time.monotonic() + SETTLED_SECONDS
    while True:  # a word of the change that comes late has a worker make another, once
        given = set()
        for wire in [*wires.values()] * 3:
            wire.send(asking(made.client_id, made.client_secret))
            answer = wire.answer()
            assert answer is not None
            given.add(json.loads(answer.body)["access_token"])
        if len(given) == WORKERS:
            return
        assert time.monotonic() < until, "a worker goes on making new ones"
