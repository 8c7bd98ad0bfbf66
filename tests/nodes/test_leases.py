"""Upkeep is done by one node at a time, and by another when that one is killed."""

import time

from tessera.app.runtime.leases import LEASE_SECONDS
from tests.nodes.stand import NODES, Stand, answer, asking, kill
from tests.support import postgres
from tests.support.operator import Operated, until

LEASES_HELD = ("keys", "purges", "settlement", "warnings", "webhooks")
MOVED_SECONDS = 120.0
"""Far above the quarter of a minute that a lease lasts, on a machine however busy."""


def held(nodes: list[Operated]) -> dict[str, int]:
    """How many of these nodes say of themselves that they do each singleton task."""
    return {lease: sum(int(node.number("tessera_leases_held", lease=lease)) for node in nodes) for lease in LEASES_HELD}


def leases(stand: Stand) -> set[str]:
    """The singleton tasks that somebody holds by the database."""
    rows = postgres.cluster().execute("select name from lease", stand.name)
    return {str(name) for (name,) in rows}


def test_duties_move_when_the_node_that_does_them_is_killed(stand: Stand) -> None:
    """Each singleton task is done by exactly one node; after kill -9 by exactly one of the others. Prints how soon."""
    once = dict.fromkeys(LEASES_HELD, 1)
    until(lambda: held(stand.nodes), lambda found: found == once)
    assert leases(stand) == set(LEASES_HELD)
    number = next(n for n, node in enumerate(stand.nodes) if node.number("tessera_leases_held", lease="settlement"))
    left = [node for node in stand.nodes if node is not stand.nodes[number]]
    kill(stand.nodes[number].server)
    killed_at = time.monotonic()

    wire, made = stand.wire(stand.port), stand.partner("not held up")
    assert {answer(wire, asking(made)).status for _ in range(6 * NODES)} == {200}, "through the proxy"
    until(lambda: held(left), lambda found: found == once, MOVED_SECONDS)
    seconds = time.monotonic() - killed_at
    print(f"\nall {len(LEASES_HELD)} singleton tasks moved {seconds:.1f} s after kill -9 (a lease: {LEASE_SECONDS} s)")
    stand.nodes[number] = stand.start(number)
    assert held(stand.nodes) == once
    assert len(stand.nodes) == NODES
