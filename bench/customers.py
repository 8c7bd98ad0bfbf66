"""Many customers: is what is fast with a thousand as fast with a million, how large are they, how fast do they come?

Both folders hold the demonstration and customers with a history, made by `tessera demo generate`. What is compared is
measured in turns, the one beside the other.
"""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import msgspec

from bench import wrk
from bench.folders import Folder
from bench.kinds import PROFILE, TIER_STATUS, Kind, platform_requests, request, write
from bench.measure import Record, Subject, Turn, turn
from bench.processes import ROOT, BenchError
from bench.results import Line
from bench.wrk import Requests
from tessera.store.folder import DATABASE

FEW = 1_000
ASKED_ABOUT_MAX = 50_000
"""Customers that the requests are about, spread over all of them."""

IMPORTED_ROWS = 100_000
KEPT_TARGET = 0.90
SEARCH_TARGET = round(1 / 1.2, 2)
IMPORT_TARGET = 10_000

SEARCH = Kind("search_by_email", "search by email", 0)
KINDS = (PROFILE, TIER_STATUS, SEARCH)


class Person(msgspec.Struct, frozen=True):
    """A customer that is asked about."""

    id: str
    email: str


def generate(folder: Folder, count: int) -> dict[str, Any]:
    """Add customers with a history to a folder; what the command said of it."""
    done = tessera("demo", "generate", "--customers", str(count), "--data-dir", str(folder.path), "--json")
    said: dict[str, Any] = json.loads(done)
    return said


def tessera(*arguments: str) -> bytes:
    """The output of a command. Raises BenchError when it fails."""
    done = subprocess.run([sys.executable, "-m", "tessera", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise BenchError(f"tessera {' '.join(arguments[:2])} failed: {done.stderr.decode().strip()}")
    return done.stdout


def people(folder: Folder) -> list[Person]:
    """Customers from all over the table, in no order."""
    with closing(sqlite3.connect(folder.path / DATABASE)) as connection:
        (last,) = connection.execute("select max(number) from customer").fetchone()
        step = max(1, last // ASKED_ABOUT_MAX)
        rows = connection.execute(
            "select id, folded_email from customer where number % ? = 0 and folded_email is not null", (step,)
        ).fetchall()
    found = [Person(*row) for row in rows]
    Random(2).shuffle(found)
    return found


def requests(folder: Folder, token: str, work: Path) -> dict[str, Requests]:
    """A request of each kind for each of the people."""
    known = people(folder)
    here = msgspec.structs.replace(folder, customer_ids=[each.id for each in known])
    made = {
        kind.name: platform_requests(here, [token], kind, work / f"{folder.path.name}.{kind.name}")
        for kind in (PROFILE, TIER_STATUS)
    }
    search = (
        request(f"GET /priv/v1/apps/{folder.api_key}/users/search?email={each.email}", Authorization=f"Bearer {token}")
        for each in known
    )
    return made | {SEARCH.name: write(work / f"{folder.path.name}.search", search)}


def import_rate(folder: Folder, work: Path) -> Line:
    """Rows a second that `tessera customers import` brings in from a CSV file, its start included."""
    file = work / "customers.csv"
    with file.open("w") as out:
        out.write("external_id,email,first_name,last_name,city,country,opted_in,phone_number\n")
        for index in range(IMPORTED_ROWS):
            out.write(
                f"import-{index},person.{index}@import.example,Ada,Alfieri,Springfield,USA,true,+1202556{index:06d}\n"
            )
    began = time.monotonic()
    said = json.loads(tessera("customers", "import", str(file), "--data-dir", str(folder.path), "--json"))
    seconds = time.monotonic() - began
    if said["created"] != IMPORTED_ROWS:
        raise BenchError(f"The import created {said['created']} of {IMPORTED_ROWS} customers.")
    return Line("import", f"import of {IMPORTED_ROWS:,} rows", IMPORTED_ROWS / seconds, "a second", IMPORT_TARGET)


def told(said: dict[str, Any]) -> list[Line]:
    """What making the many said of itself."""
    title = f"{said['customers']:,} customers with {said['entries']:,} entries"
    return [
        Line("generated", f"made {title}", said["customers"] / said["seconds"], "a second"),
        Line("bytes_per_customer", "  database file, for each customer", said["bytes_per_customer"], "bytes"),
    ]


class Crowd:
    """The rounds of a few customers and of many."""

    def __init__(self, few: Subject, many: Subject, count: int, length: Turn) -> None:
        self._few = few
        self._many = many
        self._count = count
        self._length = length
        self._kept = {kind.name: Record() for kind in (PROFILE, TIER_STATUS)}
        self._search = Record()
        self._memory: list[float] = []

    def run(self, number: int) -> None:
        """One round: each read with a few and with many, and the search beside the profile.

        Before it, everybody who is asked about is read once: a machine that lends its memory out between the rounds
        would otherwise be measured by its disk.
        """
        wrk.one_pass(self._many.server, self._many.requests[PROFILE.name])
        profile = 0.0
        for kind in (PROFILE, TIER_STATUS):
            few = turn(self._few, kind, self._length, number)
            many = turn(self._many, kind, self._length, number)
            self._kept[kind.name].add(many, few.rate)
            profile = many.rate if kind is PROFILE else profile
            self._memory.append(many.memory_mib - few.memory_mib)
        self._search.add(turn(self._many, SEARCH, self._length, number), profile)

    def lines(self) -> list[Line]:
        """What is kept of the speed, and how much more memory the many take."""
        many = f"{self._count:,} customers"
        found = [
            self._kept[kind.name].line(f"{kind.name}_crowd", f"{kind.title}, {many}", f"of {FEW:,}", KEPT_TARGET)
            for kind in (PROFILE, TIER_STATUS)
        ]
        return [
            *found,
            self._search.line(SEARCH.name, f"{SEARCH.title}, {many}", "of profile", SEARCH_TARGET),
            Line("memory_crowd", f"  memory more than with {FEW:,}", median(self._memory), "MiB", 8, at_least=False),
        ]
