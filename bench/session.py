"""One run from beginning to end: make the folders, start the servers, measure, stop them all."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from bench import (
    checks,
    customers,
    folders,
    kinds,
    limits,
    machine,
    postgres,
    processes,
    purges,
    revocations,
    signed,
    writes,
    wrk,
)
from bench.customers import Crowd
from bench.folders import Folder
from bench.kinds import KINDS, PROFILE, TIER_STATUS, TOKEN_QUERY, Kind
from bench.limits import Limited
from bench.measure import Rotation, Rounds, Subject, Turn
from bench.postgres import OnPostgres
from bench.processes import Server
from bench.purges import Purged
from bench.results import Line, Results
from bench.revocations import Revoked
from bench.signed import Signed
from bench.writes import Writes

PARTS = (
    "many",
    "rotation",
    "limits",
    "writes",
    "revocations",
    "signed",
    "postgres",
    "customers",
    "purges",
    "start",
    "growth",
)
ROTATED_APPLICATIONS = 100

Say = Callable[[str], None]


class Part(Protocol):
    """Something that is measured beside one caller's loads."""

    def run(self, number: int) -> None:
        """One round."""

    def lines(self) -> list[Line]:
        """What the rounds came to."""


class Plan(msgspec.Struct, frozen=True):
    """What to measure and for how long. `parts` are those of `PARTS` beside one caller's loads."""

    kinds: list[Kind]
    parts: frozenset[str]
    rounds: int
    seconds: float
    applications: int
    customers: int
    revocations: int
    purged: int
    starts: int

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return len(self.kinds) == len(KINDS) and len(self.parts) == len(PARTS)


class Session:
    """What is running, and the lines so far."""

    def __init__(self, plan: Plan, work: Path, say: Say, stack: ExitStack) -> None:
        self._plan = plan
        self._work = work
        self._say = say
        self._stack = stack
        self._length = Turn(plan.seconds)
        self.lines: list[Line] = []

    def run(self) -> list[Line]:
        """Measure everything that the plan names; the lines of the table."""
        plan = self._plan
        one_folder = self._folder("one", 1)
        many_folder = self._folder("many", plan.applications) if "many" in plan.parts else None
        starts = self._starts(one_folder, many_folder)
        one = self._subject("one application", one_folder)
        bare = self._bare(one)
        cold: list[Line] = []
        many = None if many_folder is None else self._many(many_folder, cold)
        crowd_lines: list[Line] = []
        beside = self._beside(bare, one, crowd_lines)
        rounds = Rounds(bare, one, many, self._length)
        for number in range(1, plan.rounds + 1):
            rounds.run(plan.kinds, number, self._say)
            for what, part in beside.items():
                self._say(f"round {number}: {what}")
                part.run(number)
        lines = [*rounds.lines(plan.kinds, plan.applications), *cold]
        lines += [line for part in beside.values() for line in part.lines()] + crowd_lines
        lines += self._memories(lines) + starts
        if "growth" in plan.parts:
            self._say("growth of the database")
            lines += checks.growth(one, one_folder.path, plan.seconds)
        return lines

    def _beside(self, bare: Subject, one: Subject, crowd_lines: list[Line]) -> dict[str, Part]:
        """What is measured in every round beside one caller's loads, by what it is about, each with its servers."""
        plan = self._plan
        known: dict[str, tuple[str, Callable[[], Part]]] = {
            "rotation": ("an operator rotates secrets", lambda: self._rotation(bare)),
            "limits": ("token, all limits on", lambda: self._with_limits(one)),
            "writes": ("deposits and spends", lambda: self._writing(bare)),
            "revocations": (f"{plan.revocations:,} revocations", lambda: self._revoked(bare)),
            "signed": ("signatures", lambda: self._signatures(bare)),
            "postgres": ("PostgreSQL", lambda: self._on_postgres(bare)),
            "customers": (f"{plan.customers:,} customers", lambda: self._crowd(crowd_lines)),
            "purges": (f"purges of {plan.purged:,} rows", lambda: self._purging(one)),
        }
        return {what: make() for name, (what, make) in known.items() if name in plan.parts}

    def _folder(self, name: str, callers: int, database: str | None = None) -> Folder:
        self._say(f"making a data folder with {callers:,} applications")
        return folders.make(self._work / name, callers, database)

    def _starts(self, one: Folder, many: Folder | None) -> list[Line]:
        if "start" not in self._plan.parts:
            return []
        self._say("starting and stopping")
        lines = [checks.start(one.path, self._plan.starts, "start", "start to first answer")]
        if many is not None:
            title = f"start to first answer, {self._plan.applications:,} applications"
            lines.append(checks.start(many.path, self._plan.starts, "start_many", title))
        return lines

    def _bare(self, one: Subject) -> Subject:
        """The bare handler; it is sent the same bytes as the token endpoint."""
        return Subject(self._stack.enter_context(processes.bare()), {TOKEN_QUERY.name: one.requests[TOKEN_QUERY.name]})

    def _subject(self, name: str, folder: Folder) -> Subject:
        server = self._stack.enter_context(processes.tessera(name, folder.path))
        return Subject(server, self._requests(server, folder, self._plan.kinds))

    def _many(self, folder: Folder, cold: list[Line]) -> Subject:
        """The server of many applications, after one pass in which each of them was read from the database."""
        name = f"{len(folder.callers):,} applications"
        server = self._stack.enter_context(processes.tessera(name, folder.path))
        self._say("the first pass over all callers")
        requests = kinds.token_requests(folder, TOKEN_QUERY, self._path(folder, "first"))
        rate = wrk.one_pass(server, requests)
        title = f"first pass over {len(folder.callers):,} callers, none in memory"
        cold.append(Line("cold", title, rate, "a second", requests_per_second=rate, memory_mib=server.memory_mib()))
        return Subject(server, self._requests(server, folder, self._plan.kinds))

    def _requests(self, server: Server, folder: Folder, wanted: list[Kind]) -> dict[str, wrk.Requests]:
        """The files of requests; those of the platform carry tokens that this server issues now."""
        platform = [kind for kind in wanted if kind in (PROFILE, TIER_STATUS)]
        tokens = {kind for kind in wanted if kind not in platform} | {TOKEN_QUERY}
        made = {kind.name: kinds.token_requests(folder, kind, self._path(folder, kind.name)) for kind in tokens}
        if platform:
            issued = wrk.collect(server, made[TOKEN_QUERY.name], self._path(folder, "tokens"))
            for kind in platform:
                made[kind.name] = kinds.platform_requests(folder, issued, kind, self._path(folder, kind.name))
        return made

    def _path(self, folder: Folder, name: str) -> Path:
        return self._work / f"{folder.path.name}.{name}"

    def _rotation(self, bare: Subject) -> Rotation:
        folder = self._folder("rotated", ROTATED_APPLICATIONS)
        server = self._stack.enter_context(processes.tessera("applications whose secrets rotate", folder.path))
        subject = Subject(server, self._requests(server, folder, [TOKEN_QUERY]))
        clients, counted = self._path(folder, "clients"), self._path(folder, "counted")
        clients.write_text("\n".join(caller.client_id for caller in folder.callers))
        operator = (str(folder.path), str(clients), str(counted))
        return Rotation(bare, subject, operator, counted, self._length)

    def _with_limits(self, one: Subject) -> Limited:
        """A server whose only caller has every guard limit."""
        folder = self._folder("railed", 1)
        limits.set_all(folder)
        server = self._stack.enter_context(processes.tessera("guard limits", folder.path))
        return Limited(one, Subject(server, self._requests(server, folder, [TOKEN_QUERY])), self._length)

    def _writing(self, bare: Subject) -> Writes:
        """A server that writes, on a folder of its own."""
        folder = self._folder("written", 1)
        account = writes.savings(folder)
        server = self._stack.enter_context(processes.tessera("deposits and spends", folder.path))
        token = self._token(server, folder)
        made = {
            kind.name: writes.requests(folder, token, account, kind, self._path(folder, kind.name))
            for kind in writes.KINDS
        }
        return Writes(bare, Subject(server, made), folder, self._length)

    def _revoked(self, bare: Subject) -> Revoked:
        """Two servers, one of them with many live revocations."""
        count = self._plan.revocations
        without, many = self._folder("unrevoked", 1), self._folder("revoked", 1)
        self._say(f"revoking {count:,} tokens")
        revocations.revoke(many, count)
        return Revoked(bare, self._questioned(without), self._questioned(many), count, self._length)

    def _signatures(self, bare: Subject) -> Signed:
        """A server with one caller that signs, and others whose tokens are signed."""
        folder = self._folder("signed", signed.CALLERS)
        keys = signed.prepare(folder)
        server = self._stack.enter_context(processes.tessera("signatures", folder.path))
        return Signed(bare, server, folder, keys, self._length)

    def _on_postgres(self, bare: Subject) -> OnPostgres:
        """A server on a PostgreSQL database, for all kinds of requests."""
        self._say("starting PostgreSQL")
        folder = self._folder("postgres", 1, self._stack.enter_context(postgres.database()))
        account = writes.savings(folder)
        server = self._stack.enter_context(processes.tessera("PostgreSQL", folder.path, folder.database))
        token = self._token(server, folder)
        made = self._requests(server, folder, [TOKEN_QUERY, PROFILE]) | revocations.requests(server, folder, self._work)
        for kind in writes.KINDS:
            made[kind.name] = writes.requests(folder, token, account, kind, self._path(folder, kind.name))
        return OnPostgres(bare, Subject(server, made), self._length)

    def _questioned(self, folder: Folder) -> Subject:
        server = self._stack.enter_context(processes.tessera(f"the folder {folder.path.name}", folder.path))
        return Subject(server, revocations.requests(server, folder, self._work))

    def _crowd(self, lines: list[Line]) -> Crowd:
        """Two servers, on folders with few and with many customers; `lines` gets what making them showed."""
        few = self._folder("few", 1)
        customers.generate(few, customers.FEW)
        self._say("importing customers")
        lines.append(customers.import_rate(self._folder("imported", 1), self._work))
        many = self._folder("crowd", 1)
        self._say(f"making {self._plan.customers:,} customers with a history")
        lines += customers.told(customers.generate(many, self._plan.customers))
        return Crowd(self._asked(few), self._asked(many), self._plan.customers, self._length)

    def _asked(self, folder: Folder) -> Subject:
        server = self._stack.enter_context(processes.tessera(f"the folder {folder.path.name}", folder.path))
        return Subject(server, customers.requests(folder, self._token(server, folder), self._work))

    def _purging(self, one: Subject) -> Purged:
        """A folder for each kind of rows, with so many of them whose time is over."""
        found = {}
        for kind in (*purges.KINDS, *purges.ON_POSTGRESQL):
            database = self._stack.enter_context(postgres.database()) if kind in purges.ON_POSTGRESQL else None
            found[kind] = self._folder(f"purged-{kind.name}", 1, database)
            self._say(f"making {self._plan.purged:,} {kind.title}")
            purges.fill(found[kind], kind, self._plan.purged)
        return Purged(one, found, self._query_requests, self._length)

    def _query_requests(self, folder: Folder) -> wrk.Requests:
        return kinds.token_requests(folder, TOKEN_QUERY, self._path(folder, TOKEN_QUERY.name))

    def _token(self, server: Server, folder: Folder) -> str:
        """A token of the folder's first caller."""
        requests = kinds.token_requests(folder, TOKEN_QUERY, self._path(folder, "tokens"))
        return wrk.collect(server, requests, self._path(folder, "issued"))[0]

    def _memories(self, lines: list[Line]) -> list[Line]:
        one = [line for line in lines if line.name in {kind.name for kind in self._plan.kinds}]
        many = [line for line in lines if line.name.endswith("_many") or line.name == "cold"]
        found = [checks.memory(one, "memory", "worker memory")]
        if many:
            title = f"worker memory, {self._plan.applications:,} applications"
            found.append(checks.memory(many, "memory_many", title))
        return found


def run(plan: Plan, work: Path, say: Say) -> Results:
    """Measure in this folder, and stop every server. Raises BenchError."""
    measured_at = datetime.now(UTC)
    with ExitStack() as stack:
        lines = Session(plan, work, say, stack).run()
    return Results(measured_at, plan.rounds, plan.seconds, plan.applications, machine.here(), lines)
