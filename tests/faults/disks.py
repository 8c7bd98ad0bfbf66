"""F3 to F5: what reaches the disk before an answer, errors of the disk, and a file that cannot grow. SQLite's side.

PostgreSQL answers for its own disk; that the server refuses one that does not wait for it is tested with the start.
"""

import re
import resource
import secrets
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import partial
from pathlib import Path

from tests.faults.load import Load, Row, loaded
from tests.faults.points import ARMED
from tests.faults.stage import Node, Stage
from tests.support.programs import program
from tests.support.waiting import wait_until

CALLS = "pwrite64,fdatasync,fsync,read,readv,recvfrom,recvmsg,sendto,write,writev,sendmsg"

INJECTED = (
    "fdatasync:error=EIO:when={}",
    "pwrite64:error=EIO:when={}",
    "pwrite64:error=ENOSPC:when={}",
)

ATTACHED_SECONDS = 30.0
"""How long strace may take to attach to a server, and to let go of it."""


@contextmanager
def traced(node: Node, *options: str) -> Iterator[Path]:
    """A server under strace for the length of a block; the file that it writes."""
    path = node.printed.with_suffix(f".{secrets.token_hex(4)}.strace")
    command = [program("strace"), "-f", "-p", str(node.process.pid), "-o", str(path), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            speaks, _, _ = select.select([process.stderr], [], [], ATTACHED_SECONDS)
            said = process.stderr.readline() if speaks else f"it said nothing within {ATTACHED_SECONDS:.0f} seconds"
            assert "attached" in said, f"strace: {said}"
            yield path
        finally:
            process.terminate()
            try:
                process.wait(ATTACHED_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


class Stands(IntEnum):
    """How far a deposit has come."""

    NONE = 0
    ASKED = 1
    WRITTEN = 2
    DURABLE = 3


def unsynchronized(trace: str) -> tuple[int, int]:
    """Of a trace of one caller: how many deposits were answered 200, and how many before their log was on the disk.

    After the request a write of the log must have been made, and a wait for the disk have ended well after that.
    """
    answers = early = 0
    stands = Stands.NONE
    started: dict[str, str] = {}
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if "<unfinished" in call:
            started[thread] = call
            continue
        if "resumed>" in call:
            call = started.pop(thread, "") + call
        further = _further(stands, call)
        if further is stands is not Stands.NONE and "HTTP/1.1 200" in call:
            answers += 1
            early += stands is not Stands.DURABLE
            further = Stands.NONE
        stands = further
    return answers, early


def _further(stands: Stands, call: str) -> Stands:
    """How far a deposit has come after a call."""
    if "POST /api/1.0/user_points" in call:
        return Stands.ASKED
    if stands is Stands.ASKED and re.match(r"pwrite64\(.*tessera\.db-wal", call):
        return Stands.WRITTEN
    if stands is Stands.WRITTEN and re.match(r"f(data)?sync\(.*tessera\.db-wal.*= 0", call):
        return Stands.DURABLE
    return stands


def synchronized(stage: Stage, rounds: int, seed: int, armed: str = "") -> Row:
    """Every 200 to a deposit follows an fdatasync of the log that covers it; one caller, so that each is its own."""
    with loaded(stage, kinds=0, operated=False) as load:
        node = stage.start(module=ARMED, FAULTS_ARMED=armed) if armed else stage.start()
        depositor = load.add_depositor()
        load.go()
        with traced(node, "-y", "-e", f"trace={CALLS}", "-s", "64") as path:
            before = depositor.done
            wait_until(lambda: depositor.done > before + rounds)
            load.pause()
        answers, early = unsynchronized(path.read_text(errors="replace"))
        if answers < rounds // 2:
            load.shared.wrong.append(f"{answers} answers were traced, of {rounds}")
        if early:
            load.shared.wrong.append(f"{early} of {answers} answers were sent before the log was on the disk")
        load.prove(everything=True)
        return load.row("F3 on the disk before 200", rounds, seed)


def errors(stage: Stage, rounds: int, seed: int) -> Row:
    """The n-th write or wait for the disk fails, for n = 1, 2, 3 ...: refused or done, and the next request is fine."""
    with loaded(stage) as load:
        node = stage.start()
        load.go()
        for number in range(rounds):
            injected = INJECTED[number % len(INJECTED)].format(1 + number // len(INJECTED))
            with traced(node, "-e", f"trace={injected.partition(':')[0]}", "-e", f"inject={injected}") as path:
                wait_until(partial(_has, path, "(INJECTED)"))
            load.answered()
        load.pause()
        load.prove(everything=True)
        return load.row("F4 errors of the disk", rounds, seed)


def _has(path: Path, text: str) -> bool:
    return text in path.read_text(errors="replace")


def full(stage: Stage, rounds: int, seed: int) -> Row:
    """The server's files may not grow: writes are refused, tokens go on; room heals it, without a start."""
    with loaded(stage) as load:
        node = stage.start()
        for number in range(rounds):
            load.go()
            load.operator.rests = True  # his process is not the one that is short of room
            _without_room(load, node, lambda: load.answered_by(load.callers[0]))
            load.answered()
            load.pause()
            load.prove(seed=number)
        load.prove(everything=True)
        return load.row("F5 disk full", rounds, seed)


def _without_room(load: Load, node: Node, meanwhile: Callable[[], None]) -> None:
    pid = node.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    refused = load.refusals()
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))
    try:
        wait_until(lambda: load.refusals() > refused + 5)
        time.sleep(0.2)
        meanwhile()
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
