"""`python -m bench.purge`: `tessera customers purge` beside a server under load, in a file of any size.

It fills a data folder with customers, forgets some of them, starts a server, and has deposits made at a steady rate:
first for a while alone, then until the purge has ended. Then it stops the server where it is and looks for everything
that named the forgotten in the bytes of the folder.
"""

import argparse
import asyncio
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench import processes
from bench.folders import Folder, make
from bench.processes import ROOT, Server
from bench.writes import savings
from tessera.core.changes import EraseCustomer
from tessera.core.loyalty.ledger_session import NEVER
from tessera.store import sqlite
from tessera.store.compiled import WRITES
from tessera.store.folder import DATABASE

BATCH = 2_000
ENTRIES = 12
"""Entries of the ledger that each customer has."""

MARK = re.compile(rb"gone-[0-9a-f]{32}")
PIECE = 1 << 24
OVERLAP = 64

WAIT_MILLISECONDS_TARGET = 250
MEMORY_MIB_TARGET = 64


class Plan(NamedTuple):
    """What is measured."""

    megabytes: int
    forgotten: int
    callers: int
    rate: int
    seconds: float
    older: bool


class Deposit(NamedTuple):
    """One deposit: when it was sent, how long its answer took, and what that was."""

    at: float
    seconds: float
    status: int


def fill(path: Path, plan: Plan) -> list[bytes]:
    """Add customers until the file is large enough, then forget some; the names of those."""
    chance = Random(1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if plan.older:
            connection.execute("pragma journal_mode = delete")
            connection.execute("pragma auto_vacuum = none")
            connection.execute("vacuum")
    with closing(sqlite.connect(path, writes=True)) as connection:
        connection.execute("pragma synchronous = off")
        first = connection.execute("select max(number) from customer").fetchone()[0] + 1
        while (
            connection.execute("select page_count * 4096 from pragma_page_count").fetchone()[0] < plan.megabytes << 20
        ):
            _add(connection, chance)
        (last,) = connection.execute("select max(number) from customer").fetchone()
        chosen = sorted(chance.sample(range(first, last + 1), min(plan.forgotten, last - first)))
        names = list(_forget(connection, chosen))
        connection.execute("pragma synchronous = full")
    return names


def _add(connection: sqlite3.Connection, chance: Random) -> None:
    """A batch of customers, each with an external id, a phone number, a tag and a history."""
    connection.execute("begin immediate")
    (standing, account) = connection.execute(
        "select (select standing from customer limit 1), (select min(number) from point_account)"
    ).fetchone()
    (last,) = connection.execute("select max(number) from customer").fetchone()
    for number in range(last + 1, last + 1 + BATCH):
        name = f"gone-{chance.getrandbits(128):032x}"
        profile = json.dumps({"first_name": name, "city": "Springfield", "address": f"{number} Main Street" * 4})
        connection.execute(
            "insert into customer (number, id, organization, folded_email, profile, standing, version, due_at,"
            " identifiers, user_profile, created_at) values (?, ?, 1, ?, ?, ?, 0, ?, ?, null, 0)",
            (number, str(uuid.UUID(int=chance.getrandbits(128))), f"{name}@bench.example", profile, standing, NEVER,
             json.dumps([name])),
        )  # fmt: skip
        connection.execute(
            "insert into identifier (customer, organization, external_id) values (?, 1, ?)", (number, name)
        )
        connection.execute("insert into phone values (1, ?, ?, 1)", (f"{chance.getrandbits(40)}", number))
        connection.execute("insert into tag values (?, ?, 1, null)", (number, name))
        connection.executemany(
            "insert into ledger_entry (customer, number, id, point_account, amount, kind, request, place,"
            " idempotency_id, fingerprint, reference_id, reference_type, point_source_id, occurred_at, expires_at)"
            " values (?, ?, ?, ?, 0, 'deposit', null, 0, ?, ?, ?, 'order', null, 0, null)",
            ((number, 1000 + entry, str(uuid.UUID(int=chance.getrandbits(128))), account, f"{name}-{entry}", name, name)
             for entry in range(ENTRIES)),
        )  # fmt: skip
    connection.execute("commit")
    connection.execute("pragma wal_checkpoint(passive)").fetchone()


def _forget(connection: sqlite3.Connection, numbers: list[int]) -> Iterator[bytes]:
    """Forget customers as a server does; what named each."""
    for number in numbers:
        id, version, identifiers = connection.execute(
            "select id, version, identifiers from customer where number = ?", (number,)
        ).fetchone()
        change = EraseCustomer(number, id, str(uuid.uuid4()), 1, NEVER, version)
        connection.execute("begin immediate")
        for statement in WRITES[EraseCustomer]:
            connection.execute(statement.sql, statement.values(change))
        connection.execute("commit")
        yield json.loads(identifiers)[0].encode()


class Load:
    """Deposits at a steady rate, over connections that stay open."""

    def __init__(self, server: Server, folder: Folder, token: str, account: str, plan: Plan) -> None:
        self._server = server
        self._folder = folder
        self._head = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nHost: bench\r\n"
        self._account = account
        self._plan = plan
        self.made: list[Deposit] = []
        self.over = False

    async def caller(self, number: int) -> None:
        """Make deposits until it is over, each when it is due however late the one before was answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        every = self._plan.callers / self._plan.rate
        due = time.monotonic() + every * number / self._plan.callers
        while not self.over:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            began = time.monotonic()
            writer.write(self._request())
            status = int((await reader.readline()).split()[1])
            length = 0
            while (line := await reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            await reader.readexactly(length)
            self.made.append(Deposit(began, time.monotonic() - began, status))
            due = max(due + every, began)
        writer.close()

    def _request(self) -> bytes:
        customer = self._folder.customer_ids[len(self.made) % len(self._folder.customer_ids)]
        body = json.dumps(
            {
                "retailer_id": self._folder.retailer_id,
                "user_id": customer,
                "deposit_details": [
                    {"point_account_id": self._account, "amount": 0.5, "idempotency_id": uuid.uuid4().hex}
                ],
            }
        )
        head = f"POST /api/1.0/user_points/deposit HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n"
        return (head + body).encode()


class Ran(NamedTuple):
    """A command: what it printed, how long it took, and the most memory it had."""

    printed: dict[str, Any]
    seconds: float
    memory_mib: float


def tessera(folder: Folder, *arguments: str) -> Ran:
    """Run a command of Tessera. Raises BenchError when it fails."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tessera", *arguments, "--data-dir", str(folder.path), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise processes.BenchError(f"tessera {' '.join(arguments)} failed.")
    return Ran(json.loads(printed), time.monotonic() - began, usage.ru_maxrss / 1024)


def left(folder: Path, names: list[bytes]) -> int:
    """How many of these names stand in the bytes of a folder's files."""
    found: set[bytes] = set()
    for file in folder.iterdir():
        with file.open("rb") as opened:
            before = b""
            while piece := opened.read(PIECE):
                found.update(MARK.findall(before + piece))
                before = piece[-OVERLAP:]
    return len(found & set(names))


class Measured(NamedTuple):
    """What is told at the end."""

    before: list[Deposit]
    during: list[Deposit]
    purged: Ran
    left: int


async def measure(server: Server, folder: Folder, load: Load, plan: Plan, names: list[bytes]) -> Measured:
    """Deposits alone, then beside a purge; then the server is stopped where it is."""
    calling = [asyncio.create_task(load.caller(number)) for number in range(plan.callers)]
    await asyncio.sleep(plan.seconds)
    split = len(load.made)
    began = time.monotonic()
    purged = await asyncio.to_thread(tessera, folder, "customers", "purge")
    server.signal(signal.SIGSTOP)
    during = [each for each in load.made[split:] if each.at >= began]
    found = await asyncio.to_thread(left, folder.path, names)
    server.signal(signal.SIGCONT)
    load.over = True
    await asyncio.gather(*calling)
    return Measured(load.made[:split], during, purged, found)


def quantile(made: list[Deposit], part: float) -> float:
    """This part of the deposits was answered within so many milliseconds."""
    waits = sorted(each.seconds for each in made)
    return waits[min(len(waits) - 1, int(len(waits) * part))] * 1000 if waits else 0.0


def told(measured: Measured, size: int, memory: float) -> Iterator[str]:
    """The result, a line each."""
    purged = measured.purged
    yield f"file                       {size / 1e6:10,.0f} MB"
    yield f"purge                      {purged.seconds:10,.1f} s"
    yield f"file afterwards            {purged.printed['bytes_after'] / 1e6:10,.0f} MB"
    for name, made in (("before", measured.before), ("during", measured.during)):
        refused = sum(each.status != 200 for each in made)
        yield f"deposits {name:6}            {len(made):10,}    {refused} refused"
        yield f"  median, p99, longest     {', '.join(f'{quantile(made, part):.1f}' for part in (0.5, 0.99, 1.0))} ms"
    yield f"memory more than a command {purged.memory_mib - memory:10,.1f} MiB (target {MEMORY_MIB_TARGET})"
    yield f"names of the forgotten left {measured.left:9,}"


def _token(server: Server, folder: Folder) -> str:
    caller = folder.callers[0]
    form = f"grant_type=client_credentials&client_id={caller.client_id}&client_secret={caller.client_secret}"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request("POST", "/oauth/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
        token: str = json.loads(connection.getresponse().read())["access_token"]
    return token


def main() -> int:
    """Run it."""
    plan = _plan()
    with tempfile.TemporaryDirectory(prefix="tessera-purge-") as work:
        folder = make(Path(work) / "data", 1)
        account = savings(folder)
        path = folder.path / DATABASE
        names = fill(path, plan)
        size = path.stat().st_size
        memory = tessera(folder, "customers", "list", "--limit", "1").memory_mib
        with processes.tessera("purge", folder.path) as server:
            load = Load(server, folder, _token(server, folder), account, plan)
            measured = asyncio.run(measure(server, folder, load, plan, names))
        for line in told(measured, size, memory):
            print(line)
    longest = quantile(measured.during, 1.0)
    print(f"longest wait               {longest:10,.1f} ms (target {WAIT_MILLISECONDS_TARGET})")
    return 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench.purge", description="A purge beside a server under load.")
    parser.add_argument("--megabytes", type=int, default=300, help="size of the file (%(default)s)")
    parser.add_argument("--forgotten", type=int, default=2_000, help="customers that are forgotten (%(default)s)")
    parser.add_argument("--callers", type=int, default=16, help="callers that deposit (%(default)s)")
    parser.add_argument("--rate", type=int, default=300, help="deposits a second in all (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long they deposit before (%(default)s)")
    parser.add_argument("--older", action="store_true", help="a file that cannot give back free pages, as before 0.2")
    flags = parser.parse_args()
    return Plan(flags.megabytes, flags.forgotten, flags.callers, flags.rate, flags.seconds, flags.older)


if __name__ == "__main__":
    sys.exit(main())
