"""What one node does is in force on the others: at once where something is new, soon where something has ended."""

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tessera.app.clients import application_settings
from tessera.app.clients.application_settings import ApplicationChanges
from tessera.app.clients.applications import Issued
from tessera.app.context import Context
from tessera.app.keys import rotation as key_rotation
from tessera.core.clients.applications import TokenFormat
from tessera.core.keys.wrapping import KeyPurpose
from tests.nodes.stand import NODES, Stand, answer, asking, percentile, reading, token
from tests.support import operator_session, raw
from tests.support.raw import Wire
from tests.support.waiting import wait_until

BOUND_SECONDS = 5.0
"""Far above the second that is promised, and for most rounds, so that a busy machine fails nothing."""

LATE_SECONDS = 60.0

ROUNDS = 30
ROTATIONS = 3


def test_first_starts_at_once_all_work(stand: Stand) -> None:
    """Nodes that began at the same time on an empty database have the same keys, and none was turned away."""
    for node in stand.nodes:
        assert "tessera: " not in node.server.output
    wires, made = stand.wires(), stand.partner("first starts")
    demo = stand.nodes[0].server.demo
    issued = [token(wire, made) for wire in wires]
    assert {answer(wire, reading(demo, each)).status for wire in wires for each in issued} == {200}


def test_a_new_application_works_on_every_node_at_once(stand: Stand) -> None:
    """Made by a command, it gets a token from each node and from the proxy, with no waiting and no second try."""
    wires = [*stand.wires(), stand.wire(stand.port)]

    async def made_and_asked(context: Context) -> list[int]:
        found = []
        for number in range(5):
            made = await operator_session.partner(context, f"at once {number}")
            found += [answer(wire, asking(made)).status for wire in wires for _ in range(2)]
        return found

    assert set(stand.do(made_and_asked)) == {200}


def test_an_id_that_was_asked_for_before_it_existed_works_at_once(stand: Stand) -> None:
    """All nodes have said of a client id that there is none; the moment it is made each of them knows it."""
    wires = stand.wires()

    async def asked_made_and_asked(context: Context) -> list[list[int]]:
        found = []
        for number in range(5):
            made = Issued(f"{number:064x}", "f" * 64, "foretold")
            found.append([answer(wire, asking(made)).status for wire in wires for _ in range(2)])
            await operator_session.partner(
                context, f"foretold {number}", client_id=made.client_id, client_secret=made.client_secret
            )
            found.append([answer(wire, asking(made)).status for wire in wires])
        return found

    statuses = stand.do(asked_made_and_asked)
    assert {each for before in statuses[::2] for each in before} == {401}
    assert {each for after in statuses[1::2] for each in after} == {200}


def seconds_until_dead(wires: list[Wire], data: bytes, since: float) -> list[float]:
    """How long after `since` each node began to refuse this request, asked every two milliseconds."""
    waiting, found = list(wires), []
    while waiting:
        for wire in list(waiting):
            if answer(wire, data).status == 401:
                waiting.remove(wire)
                found.append(time.monotonic() - since)
        assert time.monotonic() < since + LATE_SECONDS, f"{len(waiting)} nodes never heard"
        time.sleep(0.002)
    return found


def _nothing(_stand: Stand) -> None:
    """Leave the nodes as they are."""


@pytest.mark.parametrize(
    ("beforehand", "each_time", "rounds"),
    [
        (_nothing, _nothing, ROUNDS),
        (_nothing, Stand.deafen, ROUNDS // 2),
        (Stand.cut, _nothing, ROUNDS // 2),
    ],
    ids=["heard", "line-broken-each-time", "line-cut"],
)
def test_a_revocation_on_one_node_is_in_force_on_all(
    stand: Stand, beforehand: Callable[[Stand], None], each_time: Callable[[Stand], None], rounds: int
) -> None:
    """On the node itself when it is acknowledged, on the others soon, also when no notice can be heard. Prints p99."""
    beforehand(stand)
    made, wires, found = stand.partner(f"revoked {time.time()}"), stand.wires(), []
    demo = stand.nodes[0].server.demo
    for number in range(rounds):
        first, *others = wires[number % NODES :] + wires[: number % NODES]
        dying = token(first, made)
        read = reading(demo, dying)
        assert {answer(wire, read).status for wire in wires} == {200}
        each_time(stand)
        form = f"client_id={made.client_id}&client_secret={made.client_secret}&token={dying}".encode()
        assert answer(first, raw.request("POST", "/oauth/revoke", form, [raw.FORM])).status == 200
        since = time.monotonic()
        assert answer(first, read).status == 401
        found += seconds_until_dead(others, read, since)
    p50, p99 = percentile(found, 0.5) * 1000, percentile(found, 0.99) * 1000
    print(f"\nin force on the other nodes: p50 {p50:.0f} ms, p99 {p99:.0f} ms, of {len(found)}")
    assert p50 < BOUND_SECONDS * 1000


class Load:
    """Tokens that each node issues, each taken at once to the next node, until it is stopped."""

    def __init__(self, stand: Stand, made: list[Issued]) -> None:
        self.statuses: Counter[int] = Counter()
        self.keys: set[str] = set()
        self._demo = stand.nodes[0].server.demo
        self._made = made
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(stand.wires(), number)) for number in range(NODES)
        ]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def _go_on(self, wires: list[Wire], number: int) -> None:
        own, following = wires[number], wires[(number + 1) % NODES]
        while not self._stopped.is_set():
            for each in self._made:
                issued = answer(own, asking(each))
                self.statuses[issued.status] += 1
                text = issued.body.partition(b'"access_token":"')[2].partition(b'"')[0].decode()
                self.statuses[answer(following, reading(self._demo, text)).status] += 1
                self.keys.add(text.split(".")[0] if "." in text else text[:2])

    def wait_for_keys(self, count: int) -> None:
        """Wait until tokens of so many keys were seen."""
        wait_until(lambda: len(self.keys) >= count)

    def stop(self) -> None:
        """Stop, when what is under way was answered."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()


async def _rotate(context: Context) -> None:
    await key_rotation.rotate(context, [KeyPurpose.SEALING, KeyPurpose.EDDSA], at_once=True)


def test_keys_follow_one_another_under_load(stand: Stand) -> None:
    """Keys that seal and keys that sign are followed at once, again and again: no node refuses anything meanwhile."""
    made = [stand.partner("sealed"), stand.partner("signed")]
    stand.do(
        lambda context: application_settings.change(
            context, made[1].client_id, ApplicationChanges(token_format=TokenFormat.EDDSA)
        )
    )
    load = Load(stand, made)
    try:
        load.wait_for_keys(2)
        for rotation in range(ROTATIONS):
            stand.do(_rotate)
            load.wait_for_keys(4 + 2 * rotation)
    finally:
        load.stop()
    print(f"\n{sum(load.statuses.values())} answers under {len(load.keys)} keys: {dict(load.statuses)}")
    assert set(load.statuses) == {200}
    assert len(load.keys) == 2 * (ROTATIONS + 1)
