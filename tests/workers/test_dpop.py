"""DPoP over several workers: one nonce for all of them, and a proof is used once, whichever of them it comes to."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import pytest

from tests.support import raw
from tests.support.possession import Holder
from tests.support.processes import one_wire_each
from tests.support.raw import Answer, Wire
from tests.support.server import Server, running

WORKERS = 2
AT_ONCE = 50


class Client(NamedTuple):
    """A client of a server with workers, and a connection to each of these."""

    server: Server
    wires: list[Wire]
    holder: Holder

    def asking(self, nonce: str | None) -> bytes:
        """A token request with a new proof."""
        demo = self.server.demo
        form = (
            f"grant_type=client_credentials&client_id={demo['client_id']}&client_secret={demo['client_secret']}"
        ).encode()
        proof = self.holder.proof("POST", f"{self.server.url}/oauth/token", nonce=nonce)
        return raw.request("POST", "/oauth/token", form, [raw.FORM, ("DPoP", proof)])

    def nonce(self, wire: Wire) -> str:
        """The nonce that a worker asks for."""
        answer = sent(wire, self.asking(None))
        assert (answer.status, json.loads(answer.body)["error"]) == (400, "use_dpop_nonce")
        nonce = answer.header("dpop-nonce")
        assert nonce is not None
        return nonce

    def reading(self, token: str, nonce: str) -> bytes:
        """A platform request with a new proof."""
        demo = self.server.demo
        path = f"/priv/v1/apps/{demo['api_key']}/users/{demo['customer_id']}"
        proof = self.holder.proof("GET", self.server.url + path, token=token, nonce=nonce)
        return raw.request("GET", path, headers=[("Authorization", f"DPoP {token}"), ("DPoP", proof)])


def sent(wire: Wire, data: bytes) -> Answer:
    """The answer to a request on this connection."""
    wire.send(data)
    answer = wire.answer()
    assert answer is not None
    return answer


@pytest.fixture(scope="module")
def client(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server with two workers, and a client connected to both."""
    folder: Path = tmp_path_factory.mktemp("dpop") / "data"
    with running(folder, "--workers", str(WORKERS)) as server:
        wires = list(one_wire_each(server.port, server.process.pid, WORKERS).values())
        yield Client(server, wires, Holder())
        for wire in wires:
            wire.socket.close()


def test_the_nonce_of_one_worker_is_taken_by_the_others(client: Client) -> None:
    """Nonces are made from the key that all processes have and the time, and kept nowhere."""
    for asked in client.wires:
        nonce = client.nonce(asked)
        for wire in client.wires:
            assert sent(wire, client.asking(nonce)).status == 200


def test_a_proof_is_used_once_over_all_workers(client: Client) -> None:
    """What one worker took the other refuses, at the token endpoint and at the platform."""
    for first, second in (client.wires, reversed(client.wires)):
        nonce = client.nonce(first)
        ask = client.asking(nonce)
        answer = sent(first, ask)
        assert answer.status == 200
        again = sent(second, ask)
        assert (again.status, json.loads(again.body)["error"]) == (400, "invalid_dpop_proof")
        read = client.reading(json.loads(answer.body)["access_token"], nonce)
        assert sent(first, read).status == 200
        assert sent(second, read).status == 401


def test_fifty_uses_at_once_earn_one_token(client: Client) -> None:
    """The same request on fifty connections at the same moment: one token, and 49 refusals that say why."""
    ask = client.asking(client.nonce(client.wires[0]))
    together = Barrier(AT_ONCE)

    def use(wire: Wire) -> Answer:
        together.wait()
        return sent(wire, ask)

    wires = [Wire(client.server.port) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(use, wires))
    for wire in wires:
        wire.socket.close()
    assert sorted(answer.status for answer in answers) == [200] + [400] * (AT_ONCE - 1)
    refusals = {json.loads(answer.body)["error"] for answer in answers if answer.status == 400}
    assert refusals == {"invalid_dpop_proof"}
