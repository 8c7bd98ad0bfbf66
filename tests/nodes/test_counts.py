"""Limits over three nodes: quotas and paces hold for all of them together, within what docs/limits.md states."""

import time
from concurrent.futures import ThreadPoolExecutor

from tessera.app.clients import limit_settings
from tessera.app.clients.applications import Issued
from tests.nodes.stand import NODES, Stand, answer, asking
from tests.support.operator import until
from tests.support.raw import Wire

TOKENS = 1200
EACH_PER_SECOND = 100
"""Requests a second that each node is sent: all quotas are used up after some four seconds."""

BEYOND = 1.0
"""The share beyond a limit that fails a test. Stated is what nodes issue in a second and a half: about a third of it
here. Nodes that know nothing of each other go beyond by twice the limit.
"""

PER_SECOND = 40
SETTLED_SECONDS = 3
MEASURED_SECONDS = 3
UNAWARE = 2.5
"""Less than the three times as many that nodes unaware of each other would let pass."""

MEASUREMENTS = 5
"""A busy machine may hold up what nodes tell each other during one of them."""


def well_within_a_day() -> None:
    """Wait for the next day when this one ends within the time that a test takes."""
    left = 86_400 - time.time() % 86_400
    if left < 60:
        time.sleep(left)


def next_slot(began: float, number: int) -> None:
    """Wait until this request of a node is due."""
    ahead = began + number / EACH_PER_SECOND - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)


def until_refused(wire: Wire, made: Issued) -> int:
    """How many tokens a node issues before it refuses one."""
    began = time.monotonic()
    for issued in range(TOKENS + 1):
        next_slot(began, issued)
        found = answer(wire, asking(made))
        if found.status == 429:
            assert (found.header("ratelimit") or "").startswith('"tokens-day";r=0;t=')
            return issued
        assert found.status == 200, found
    raise AssertionError("never refused")


def test_a_quota_holds_over_all_nodes(stand: Stand) -> None:
    """Three nodes under load issue together what one may, within the stated error, and then none issues any more."""
    well_within_a_day()
    made, wires = stand.partner("counted over nodes", tokens_per_day=TOKENS), stand.wires()
    with ThreadPoolExecutor(NODES) as pool:
        issued = list(pool.map(lambda wire: until_refused(wire, made), wires))
    print(f"\n{issued} tokens of {TOKENS} by {NODES} nodes at {NODES * EACH_PER_SECOND} a second: ", end="")
    print(f"{sum(issued) - TOKENS:+} ({sum(issued) / TOKENS - 1:+.1%})")
    assert min(issued) > 0
    assert TOKENS <= sum(issued) <= TOKENS * (1 + BEYOND)
    assert {answer(wire, asking(made)).status for wire in wires} == {429}
    shown = until(
        lambda: stand.do(lambda context: limit_settings.show(context, made.client_id)).tokens_day,
        lambda sum_: sum_ == sum(issued),
    )
    assert shown == sum(issued)


def test_a_node_that_was_asked_for_nothing_hears_that_a_quota_is_used_up(stand: Stand) -> None:
    """A quota that one node has used up is used up on the next, a moment after that was first asked."""
    well_within_a_day()
    made, wires = stand.partner("used up", tokens_per_day=50), stand.wires()
    assert [answer(wires[0], asking(made)).status for _ in range(51)] == [200] * 50 + [429]
    until(
        lambda: stand.do(lambda context: limit_settings.show(context, made.client_id)).tokens_day,
        lambda tokens: tokens == 50,
    )
    issued = 0
    while answer(wires[1], asking(made)).status == 200:
        issued += 1
        time.sleep(0.2)
    print(f"\nthe next node issued {issued} of 50 before it heard")
    assert issued < 50


def passing(wire: Wire, made: Issued) -> tuple[int, int, float]:
    """How many requests a node lets pass while nodes come to know of each other, then, and in how many seconds then."""
    began, passed = time.monotonic(), [0, 0]
    for number in range(EACH_PER_SECOND * (SETTLED_SECONDS + MEASURED_SECONDS)):
        next_slot(began, number)
        settled = time.monotonic() - began > SETTLED_SECONDS
        passed[settled] += answer(wire, asking(made)).status == 200
    return passed[0], passed[1], time.monotonic() - began - SETTLED_SECONDS


def test_a_pace_holds_over_all_nodes(stand: Stand) -> None:
    """Three nodes that are each asked more than an application may ask let together pass what it may."""
    made, wires = stand.partner("paced over nodes", requests_per_second=PER_SECOND), stand.wires()
    rates = []
    with ThreadPoolExecutor(NODES) as pool:
        for _ in range(MEASUREMENTS):
            passed = list(pool.map(lambda wire: passing(wire, made), wires))
            first = sum(each[0] for each in passed) / SETTLED_SECONDS
            rates.append(sum(each[1] / each[2] for each in passed))
            print(f"\npassed, of {PER_SECOND} a second: {first:.0f} at first, {rates[-1]:.1f} later")
            if PER_SECOND * 0.5 < rates[-1] < PER_SECOND * UNAWARE:
                return
    raise AssertionError(f"passed a second, of {PER_SECOND}, in each measurement: {rates}")
