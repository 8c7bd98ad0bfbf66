"""How servers and workers end: what was accepted is answered, what was acknowledged is kept."""

import json
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.support import raw, world
from tests.support.processes import children, one_wire_each, sockets
from tests.support.raw import Wire, bearer
from tests.support.server import Server, running, start
from tests.support.target import Target
from tests.support.waiting import wait_until

PATIENCE_SECONDS = 60.0
"""Only what hangs takes as long, on a machine however busy."""

ROUNDS = 5


class Load(threading.Thread):
    """A client that asks for tokens on one connection until it is closed.

    `unanswered` counts requests that were written whole on a connection that had been answering, and got nothing.
    `refused` is when a new connection was first refused.
    """

    def __init__(self, target: Target, *, new_connections: bool) -> None:
        super().__init__()
        values = target.values
        query = f"grant_type=client_credentials&client_id={values['client_id']}&client_secret={values['client_secret']}"
        self._ask = raw.request("POST", f"/oauth/token?{query}")
        self._port = target.port
        self._new_connections = new_connections
        self.acknowledged: list[str] = []
        self.unanswered = 0
        self.errors: list[object] = []

    def run(self) -> None:
        while True:
            try:
                with Wire(self._port) as wire:
                    self._talk(wire)
            except OSError:
                return
            if not self._new_connections:
                return

    def _talk(self, wire: Wire) -> None:
        while True:
            try:
                wire.send(self._ask)
            except OSError:
                return
            answer = wire.answer()
            if answer is None:
                self.unanswered += 1
                return
            if answer.status != 200:
                self.errors.append(answer)
            self.acknowledged.append(json.loads(answer.body)["access_token"])
            if answer.header("connection") == "close":
                return


def under_load(target: Target, count: int, *, new_connections: bool) -> list[Load]:
    """Clients at work, each of which has had answers."""
    loads = [Load(target, new_connections=new_connections) for _ in range(count)]
    for load in loads:
        load.start()
    wait_until(lambda: min(len(load.acknowledged) for load in loads) >= 20, PATIENCE_SECONDS)
    return loads


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_under_load_answers_what_was_accepted(tmp_path: Path, workers: int) -> None:
    """After SIGTERM every request on an open connection is answered; the exit code is 0."""
    folder = tmp_path / "data"
    with running(folder, "--workers", str(workers)) as server:
        target = Target(server.port, folder, world.furnish(folder))
        loads = under_load(target, 8, new_connections=False)
        code = server.stop()
        for load in loads:
            load.join(PATIENCE_SECONDS)
        assert code == 0, server.output
        assert sum(load.unanswered for load in loads) == 0
        assert [load.errors for load in loads] == [[]] * len(loads)
        assert not [line for line in server.output.splitlines() if "Traceback" in line or '"error"' in line]


def test_a_request_that_is_half_sent_when_the_stop_comes_is_answered(tmp_path: Path) -> None:
    """The rest of it arrives after SIGTERM, and it gets its token."""
    folder = tmp_path / "data"
    with running(folder) as server, Wire(server.port) as wire:
        target = Target(server.port, folder, world.furnish(folder))
        values = target.values
        form = f"grant_type=client_credentials&client_id={values['client_id']}&client_secret={values['client_secret']}"
        whole = raw.request("POST", "/oauth/token", form.encode(), [raw.FORM])
        wire.send(whole + whole[:-20])  # the answer to the first says that the server has read the half as well
        first = wire.answer()
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refused(server.port), PATIENCE_SECONDS)
        wire.send(whole[-20:])
        second = wire.answer()
        assert first is not None
        assert second is not None
        assert (first.status, second.status) == (200, 200)
        assert server.process.wait(PATIENCE_SECONDS) == 0


def refused(port: int) -> bool:
    """Whether nobody listens on a port any more."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    """After kill -9 of one of two workers the other answers on, and soon there are two again."""
    folder = tmp_path / "data"
    with running(folder, "--workers", "2") as server:
        target = Target(server.port, folder, world.furnish(folder))
        before = one_wire_each(server.port, server.process.pid, 2)
        token = target.token()
        victim = next(iter(before))
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(set(children(server.process.pid)) - {victim}) == 2, PATIENCE_SECONDS)
        after = one_wire_each(server.port, server.process.pid, 2)
        assert victim not in after
        path = f"/priv/v1/apps/{target.values['api_key']}/users/{target.values['customer_id']}"
        for wire in after.values():
            wire.send(raw.request("GET", path, headers=[bearer(token)]))
            answer = wire.answer()
            assert answer is not None
            assert answer.status == 200
        for wire in (*before.values(), *after.values()):
            wire.socket.close()


def kill_under_load(server: Server, target: Target, revocations: int) -> tuple[list[str], list[str]]:
    """Tokens acknowledged, and those of them whose revocation was, when so many were and the server was killed."""
    revoked: list[str] = []
    loads = under_load(target, 3, new_connections=False)
    revoker = threading.Thread(target=revoke_some, args=(target, loads[0], revoked))
    revoker.start()
    wait_until(lambda: len(revoked) >= revocations, PATIENCE_SECONDS)
    server.process.kill()
    server.process.wait()
    for thread in (*loads, revoker):
        thread.join(PATIENCE_SECONDS)
    return [token for load in loads for token in load.acknowledged], revoked


def revoke_some(target: Target, load: Load, revoked: list[str]) -> None:
    """Revoke tokens of a load, every third one, until the server is gone; those whose revocation was acknowledged."""
    values = target.values
    client = f"client_id={values['client_id']}&client_secret={values['client_secret']}"
    position = 0
    try:
        while True:
            token = load.acknowledged[position]
            position = min(position + 3, len(load.acknowledged) - 1)
            answer = raw.ask(target.port, "POST", "/oauth/revoke", f"{client}&token={token}".encode(), [raw.FORM])
            assert answer.status == 200
            revoked.append(token)
    except (OSError, AssertionError):
        return


def introspected(target: Target, token: str) -> bool:
    """Whether the token's own client is told that it is live."""
    values = target.values
    form = f"client_id={values['client_id']}&client_secret={values['client_secret']}&token={token}".encode()
    answer = raw.ask(target.port, "POST", "/oauth/introspect", form, [raw.FORM])
    assert answer.status == 200, answer
    return json.loads(answer.body)["active"] is True


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    """Five times kill -9 under load: every token works and is told of as active after it, every revocation holds."""
    folder = tmp_path / "data"
    issued: set[str] = set()
    revoked: set[str] = set()
    server = start(folder)
    target = Target(server.port, folder, world.furnish(folder))
    try:
        for number in range(ROUNDS):
            new, dead = kill_under_load(server, target, 1 + 7 * number)
            issued |= set(new[-150:]) | set(dead)
            revoked |= set(dead)
            server = start(folder)
            target = target._replace(port=server.port)
            told = {token: introspected(target, token) for token in issued}  # before anything else opened them
            statuses = {token: target.read(bearer(token)).status for token in issued}
            assert {token for token in revoked if statuses[token] != 401} == set()
            assert told == {token: status == 200 for token, status in statuses.items()}
            unsure = {token for token in issued - revoked if statuses[token] != 200}
            assert len(unsure) <= 1, "more tokens are dead than the one whose revocation was on its way"
            issued -= unsure
    finally:
        server.stop()
    print(f"\n{len(issued)} tokens and {len(revoked)} revocations held through {ROUNDS} kills")


def test_workers_end_with_the_process_that_would_replace_them(tmp_path: Path) -> None:
    """After kill -9 of the first process its workers end too, and the port is free for the next server."""
    with running(tmp_path / "data", "--workers", "2") as server:
        workers = children(server.process.pid)
        assert len(workers) == 2
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not any(sockets(worker) for worker in workers))
        socket.create_server(("127.0.0.1", server.port)).close()
