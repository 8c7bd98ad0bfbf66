"""F1 and F16: processes that die at any moment, and a server that is asked to stop."""

import os
import random
import signal
import time

from tests.faults.load import Load, Row, loaded
from tests.faults.stage import ENDED_SECONDS, Node, Stage, wait_ended
from tests.support.processes import children
from tests.support.server import START_SECONDS
from tests.support.waiting import wait_until

WORKERS = 2

CYCLE = (("worker", WORKERS), ("supervisor", WORKERS), *[("all", 1)] * 7, ("all", WORKERS))
"""Who is killed in a round, and how many processes answer in it."""


def kills(stage: Stage, rounds: int, seed: int) -> Row:
    """Kill -9 at any moment: all processes, one worker, or only their supervisor; started again, and proven."""
    chance = random.Random(seed)
    with loaded(stage) as load:
        node = stage.start(*_workers(0))
        for number in range(rounds):
            load.go()
            time.sleep(chance.random() * 0.4)
            load.operator.rests = True  # what he does beside the servers is in force in them by the time of the proof
            node = _kill(stage, node, number)
            load.answered()
            load.pause()
            load.prove(seed=number)
        load.prove(everything=True)
        return load.row("F1 kill -9", rounds, seed)


def _workers(number: int) -> tuple[str, str]:
    return "--workers", str(CYCLE[number % len(CYCLE)][1])


def _kill(stage: Stage, node: Node, number: int) -> Node:
    """Kill whose turn it is in this round; the node that goes on."""
    victim = CYCLE[number % len(CYCLE)][0]
    workers = children(node.process.pid)
    if victim == "all":
        node.kill()
    elif victim == "worker":
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len(set(children(node.process.pid)) - {workers[0]}) == WORKERS, START_SECONDS)
        return node
    else:
        node.process.kill()
        node.process.wait(ENDED_SECONDS)
        wait_ended(workers)
    return stage.start(*_workers(number + 1), port=node.port)


def stops(stage: Stage, rounds: int, seed: int) -> Row:
    """SIGTERM under load: exit code 0 in less than ten seconds, and nothing that was answered is lost."""
    chance = random.Random(seed)
    with loaded(stage) as load:
        node = stage.start("--workers", str(WORKERS))
        for number in range(rounds):
            load.go()
            time.sleep(chance.random() * 0.3)
            _stop(load, node)
            node = stage.start("--workers", str(WORKERS), port=node.port)
            load.answered()
            load.pause()
            load.prove(seed=number)
        load.prove(everything=True)
        return load.row("F16 SIGTERM", rounds, seed)


def _stop(load: Load, node: Node) -> None:
    began = time.monotonic()
    code = node.stop()
    if code or time.monotonic() - began > 10:
        load.shared.wrong.append(f"SIGTERM: code {code} after {time.monotonic() - began:.1f} s")
