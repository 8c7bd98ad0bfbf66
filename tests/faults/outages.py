"""F6 to F8: a database that crashes, breaks its connections, fails over to its standby, or says nothing any more."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.load import Load, Row, loaded
from tests.faults.stage import Stage
from tests.support.postgres import Cluster
from tests.support.standby import Pair
from tests.support.waiting import wait_until

BREAK = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'tessera'"

WAITING = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
"""Commits that wait for a standby, as any does at a primary that has lost it."""

STALLED_SECONDS = 1.9


def crashes(stage: Stage, cluster: Cluster, rounds: int, seed: int) -> Row:
    """The database server crashes and comes back, or ends every connection, again and again, under load."""

    def harm(load: Load, number: int) -> None:
        if number % 2:
            for _ in range(5):
                cluster.execute(BREAK)
                time.sleep(0.02)
        else:
            cluster.stop("immediate")
            load.answered_by(load.callers[0])
            cluster.start()

    return _rounds(stage, "F6 database crashes", rounds, seed, harm)


def failovers(stage: Stage, pair: Pair, rounds: int, seed: int) -> Row:
    """The primary dies, its standby takes over; every other time the dead one comes back as it was, in vain."""

    def harm(load: Load, number: int) -> None:
        dead = pair.fail_over()
        if number % 2:
            dead.start()
            load.answered(20)
            found = dead.execute(WAITING)
            if found != [(0,)]:
                load.shared.wrong.append(f"{found} commits wait at the old primary")
        else:
            load.answered()
        pair.rejoin(dead)

    return _rounds(stage, "F7 failover", rounds, seed, harm, nodes=2)


def silences(stage: Stage, cluster: Cluster, rounds: int, seed: int) -> Row:
    """Every process of the database stands still, connections open: nobody waits long, and it goes on by itself."""

    def harm(load: Load, _number: int) -> None:
        stopped = _processes(cluster)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            load.answered_by(load.callers[0])
            time.sleep(STALLED_SECONDS)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)

    return _rounds(stage, "F8 database silent", rounds, seed, harm)


def _processes(cluster: Cluster) -> list[int]:
    first = cluster.pid
    assert first is not None
    return [first, *(int(pid) for pid in Path(f"/proc/{first}/task/{first}/children").read_text().split())]


def _rounds(stage: Stage, fault: str, rounds: int, seed: int, harm: Callable[[Load, int], None], nodes: int = 1) -> Row:
    chance = random.Random(seed)
    with loaded(stage) as load:
        for _ in range(nodes):
            stage.start()
        for number in range(rounds):
            load.go()
            time.sleep(chance.random() * 0.3)
            harm(load, number)
            load.answered()
            load.pause()
            load.prove(stage.ports[number % nodes], seed=number)
        load.prove(everything=True)
        return load.row(fault, rounds, seed)


def not_waited_for(stage: Stage, cluster: Cluster, rounds: int) -> int:
    """The control: a database that is set not to wait for its disk, and crashes; how many answers were lost.

    Ends with the first round that loses any.
    """
    with loaded(stage) as load:
        stage.start()
        for name, value in (("synchronous_commit", "off"), ("wal_writer_delay", "10s")):
            cluster.execute(f"alter system set {name} = '{value}'")
        cluster.execute("select pg_reload_conf()")
        wait_until(lambda: cluster.execute("show synchronous_commit") == [("off",)])
        try:
            for _ in range(rounds):
                load.go(20)
                cluster.stop("immediate")
                cluster.start()
                load.answered()
                load.pause()
                load.prove()
                if load.lost or load.accepted:
                    break
        finally:
            cluster.execute("alter system reset all")
            cluster.execute("select pg_reload_conf()")
        return len(load.lost) + len(load.accepted)
